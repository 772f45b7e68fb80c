import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  advertisingIdPaths,
  deviceOf,
  type CdpEvent,
  type DeviceFamily,
  type JsonValue,
} from '../../core/api/index.ts';

const idfa = 'AEBE52E7-03EE-455A-B3C4-E57283966239';
const idfv = 'E0FF6B7B-1D2A-4C1C-8B8A-7F9E0D3C2B1A';
const zeros = '00000000-0000-0000-0000-000000000000';

const from = (context: unknown) => deviceOf({ type: 'track', event: 'Opened', context } as CdpEvent);
const of = (device: unknown) => from({ device });
const at = (name: string, value: string) => ({ value, path: `context.device.${name}` });

describe('the family of a device', () => {
  it.each<[JsonValue, DeviceFamily, string | undefined]>([
    ['ios', 'ios', 'ios'],
    ['iOS', 'ios', 'ios'],
    ['iPhone OS', 'ios', 'iphoneos'],
    ['iPadOS', 'ios', 'ipados'],
    ['tvOS', 'ios', 'tvos'],
    ['watchOS', 'ios', 'watchos'],
    ['visionOS', 'ios', 'visionos'],
    ['android', 'android', 'android'],
    ['Android-TV', 'android', 'androidtv'],
    ['fire_os', 'fire', 'fireos'],
    ['Fire', 'fire', 'fire'],
    ['Windows', 'other', undefined],
    ['', 'other', undefined],
    ['constructor', 'other', undefined],
    [7, 'other', undefined],
    [null, 'other', undefined],
  ])('whose type is %j is %s', (type, family, system) => {
    const device = of({ type });
    expect([device.family, device.system?.value]).toEqual([family, system]);
  });

  it('is told by the system of the event where the device has no type that is known', () => {
    const device = from({ device: { type: 'Phone' }, os: { name: 'iPadOS' } });
    expect([device.family, device.system]).toEqual(['ios', { value: 'ipados', path: 'context.os.name' }]);
    expect(from({ device: { type: 'android' }, os: { name: 'iOS' } }).family).toBe('android');
  });

  it.each([
    ['Amazon', 'fire'],
    [' amazon ', 'fire'],
    ['Google', 'android'],
    [7, 'android'],
  ])('with Android of the maker %j is %s', (manufacturer, family) => {
    expect(of({ type: 'android', manufacturer }).family).toBe(family);
  });

  it('of Apple stays, whoever made it', () => {
    expect(of({ type: 'ios', manufacturer: 'Amazon' }).family).toBe('ios');
  });
});

describe('the advertising id', () => {
  it('is a UUID in either place, as the event spells it', () => {
    expect(of({ advertisingId: ` ${idfa} ` }).advertisingId).toEqual(at('advertisingId', idfa));
    expect(of({ type: 'ios', idfa: idfa.toLowerCase() }).advertisingId).toEqual(at('idfa', idfa.toLowerCase()));
    expect(of({ advertisingId: zeros, idfa }).advertisingId).toEqual(at('idfa', idfa));
    expect(advertisingIdPaths).toEqual(['context.device.advertisingId', 'context.device.idfa']);
  });

  it.each([
    ['unusable', zeros, {}],
    ['unusable', 'not-an-id', {}],
    ['unusable', 12, {}],
    ['unusable', false, {}],
    ['vendor_id', idfv, { type: 'ios', id: idfv }],
    ['vendor_id', idfv, { type: 'ios', id: idfv.toLowerCase() }],
    ['vendor_id', idfv, { type: 'iPadOS', idfv }],
    ['vendor_id', idfv, { idfv }],
    ['vendor_id', idfv, { type: 'ios', id: idfv, adTrackingEnabled: false }],
    ['limited', idfa, { adTrackingEnabled: false }],
    ['limited', idfa, { type: 'ios', id: idfv, attTrackingStatus: 'denied' }],
    ['unusable', zeros, { adTrackingEnabled: false }],
  ])('is withheld as %s: %j beside %j', (reason, value, device) => {
    const { advertisingId, withheld } = of({ ...device, advertisingId: value });
    expect(advertisingId).toBeUndefined();
    expect(withheld).toEqual({ value, path: 'context.device.advertisingId', reason });
  });

  it('that is withheld for another reason does not hide that the person limits tracking', () => {
    const device = { type: 'ios', id: idfv, advertisingId: idfv };
    expect(of({ ...device, adTrackingEnabled: false })).toMatchObject({
      withheld: { reason: 'vendor_id' },
      limited: true,
    });
    expect(of(device).limited).toBe(false);
    expect(of({ adTrackingEnabled: false })).toMatchObject({ withheld: undefined, limited: true });
  });

  it('of Android may repeat the id of the device', () => {
    expect(of({ type: 'android', id: idfa, advertisingId: idfa }).advertisingId?.value).toBe(idfa);
  });

  it.each([[undefined], [null], [''], ['  ']])('that is %j is missing, and nothing is withheld', (advertisingId) => {
    expect(of({ advertisingId })).toMatchObject({ advertisingId: undefined, withheld: undefined });
  });
});

describe("Apple's id of the vendor", () => {
  it.each([
    [{ type: 'ios', id: idfv }, at('id', idfv)],
    [{ type: 'ios', id: idfa, idfv }, at('idfv', idfv)],
    [{ type: 'ios', id: idfv, idfv: zeros }, at('id', idfv)],
    [{ type: 'ios', id: 'installation-7' }, undefined],
    [{ type: 'android', id: idfv }, undefined],
    [{ id: idfv }, undefined],
  ])('of %j', (device, wanted) => {
    expect(of(device).vendorId).toEqual(wanted);
  });
});

it('any JSON in the place of context, device and system is read without an error', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (context, device, os) => {
      expect(from(context).family).toBe('other');
      expect(['ios', 'android', 'fire', 'other']).toContain(from({ device, os }).family);
      const { advertisingId, withheld } = of({ type: 'ios', advertisingId: device, id: os });
      expect(advertisingId !== undefined && withheld !== undefined).toBe(false);
    }),
  );
});
