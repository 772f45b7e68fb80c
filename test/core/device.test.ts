import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deviceOf, type CdpEvent, type DeviceFamily, type JsonValue } from '../../core/api/index.ts';

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
    // F-72
    ['iPhone', 'ios', 'iphone'],
    ['iPhone15,3', 'ios', 'iphone'],
    ['ipad', 'ios', 'ipad'],
    ['iPod touch', 'ios', 'ipod'],
    ['Apple TV', 'ios', 'appletv'],
    ['iOS 17.5.1', 'ios', 'ios'],
    ['ios17', 'ios', 'ios'],
    ['Android 14', 'android', 'android'],
    ['\u200BAndroid 14', 'android', 'android'],
    ['ANDROID', 'android', 'android'],
    ['Fire HD 10', 'fire', 'fire'],
    ['Firefox 130', 'other', undefined],
    ['Android14 ', 'android', 'android'],
    ['mobile', 'other', undefined],
  ])('whose type is %j is %s', (type, family, system) => {
    const device = of({ type });
    expect([device.family, device.system?.value]).toEqual([family, system]);
  });

  it('F-58 reads its ids without what nobody sees at their ends', () => {
    const device = of({ type: 'ios', advertisingId: `\u200B${idfa}\uFEFF`, idfv: `${idfv}\u2060` });
    expect([device.advertisingId?.value, device.vendorId?.value]).toEqual([idfa, idfv]);
    expect(of({ type: 'android', manufacturer: 'amazon\u200B' }).family).toBe('fire');
    expect(of({ model: '\u200B' }).isNamed).toBe(false);
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

  it.each<[object, DeviceFamily, string | undefined]>([
    [{ idfa }, 'ios', 'idfa'],
    [{ idfv, idfa: zeros }, 'ios', 'idfv'],
    [{ gps_adid: idfa }, 'android', 'gps_adid'],
    [{ oaid: 'open-id-1' }, 'android', 'oaid'],
    [{ android_id: '1f2e3d4c5b6a7988' }, 'android', 'android_id'],
    [{ fire_adid: idfa }, 'fire', 'fire_adid'],
    [{ fire_adid: idfa, android_id: '1f2e3d4c5b6a7988' }, 'fire', 'fire_adid'],
    [{ gps_adid: idfa, manufacturer: 'Amazon' }, 'fire', 'gps_adid'],
    [{ type: 'mobile', idfv }, 'ios', 'idfv'],
    [{ idfa: '', idfv: null, gps_adid: idfa }, 'android', 'gps_adid'],
    [{ idfa, gps_adid: idfa }, 'other', undefined],
    [{ idfv, fire_adid: idfa, oaid: 'open-id-1' }, 'other', undefined],
    [{ idfa: zeros }, 'other', undefined],
    [{ advertisingId: idfa, id: idfv }, 'other', undefined],
  ])('F-72 is told by the name of an id that only this family has, where no word tells: %j', (device, family, name) => {
    const { family: told, system } = of(device);
    expect([told, system?.path]).toEqual([family, name && `context.device.${name}`]);
  });

  it('F-72 is told by its type, whatever its ids are called', () => {
    expect(of({ type: 'ios', gps_adid: idfa })).toMatchObject({ family: 'ios', system: { value: 'ios' } });
  });

  it.each([
    [undefined, undefined, false],
    [{}, { name: 'Windows' }, false],
    [null, { name: 'iOS' }, true],
    [{ type: 'desktop' }, undefined, true],
    [{ idfa: zeros }, undefined, true],
  ])('F-71 of device %j and system %j: whether the event names one is %j', (device, os, isNamed) => {
    expect(from({ device, os }).isNamed).toBe(isNamed);
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
  });

  it.each([
    [{ gps_adid: idfa }, 'gps_adid'],
    [{ type: 'Android 14', gps_adid: idfa, idfa: idfv }, 'gps_adid'],
    [{ fire_adid: idfa }, 'fire_adid'],
    [{ type: 'fire', fire_adid: ` ${idfa}`, gps_adid: idfv }, 'fire_adid'],
    [{ type: 'iPhone', idfa, gps_adid: idfv }, 'idfa'],
    [{ type: 'android', advertisingId: idfa, gps_adid: idfv }, 'advertisingId'],
  ])('F-72 stands under the name of its own family: %j', (device, name) => {
    expect(of(device)).toMatchObject({ advertisingId: at(name, idfa), withheld: undefined });
  });

  it.each([
    [{ type: 'android', idfa }, 'idfa'],
    [{ type: 'ios', gps_adid: idfa }, 'gps_adid'],
    [{ type: 'fire', gps_adid: idfa }, 'gps_adid'],
  ])('F-72 under the name of another family is none of this device: %j', (device, name) => {
    expect(of(device)).toMatchObject({
      advertisingId: undefined,
      withheld: { ...at(name, idfa), reason: 'unusable' },
    });
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
    // F-57
    ['vendor_id', idfv, { idfv: idfv.toLowerCase(), adTrackingEnabled: 'NO' }],
    ['vendor_id', idfv, { type: 'iPhone', id: idfv }],
    ['limited', idfa, { adTrackingEnabled: 'NO' }],
    ['limited', idfa, { adTrackingEnabled: 'unknown' }],
    ['limited', idfa, { limitAdTracking: 'true' }],
    ['limited', idfa, { type: 'ios', attTrackingStatus: 'not-authorized' }],
  ])('is withheld as %s: %j beside %j', (reason, value, device) => {
    const { advertisingId, withheld } = of({ ...device, advertisingId: value });
    expect(advertisingId).toBeUndefined();
    expect(withheld).toEqual({ value, path: 'context.device.advertisingId', reason });
  });

  it.each<[string, object, string | undefined, string | undefined]>([
    ['the IDFV under its own name', { advertisingId: idfv, idfv, idfa }, 'idfa', undefined],
    [
      'the IDFV in small letters',
      { type: 'ios', id: idfv, advertisingId: idfv.toLowerCase(), idfa },
      'idfa',
      undefined,
    ],
    ['the IDFV, and so does the next', { type: 'ios', idfv, advertisingId: idfv, idfa: idfv }, undefined, 'vendor_id'],
    ['the IDFV, and the next is none', { type: 'ios', idfv, advertisingId: idfv, idfa: zeros }, undefined, 'vendor_id'],
    ['the IDFV of one who limits', { type: 'ios', idfv, advertisingId: idfv, idfa, lat: 1 }, undefined, 'limited'],
  ])('F-57 that repeats %s hides no other one', (_, device, name, reason) => {
    const { advertisingId, withheld } = of(device);
    expect(advertisingId).toEqual(name && at(name, idfa));
    const place = reason === 'limited' ? at('idfa', idfa) : at('advertisingId', idfv);
    expect(withheld).toEqual(reason && { ...place, reason });
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

describe("Android's other ids", () => {
  it.each([
    [{ oaid: 'open-id-1' }, 'open-id-1', undefined],
    [{ type: 'android', oaid: ' open-id-1 ', id: 'abc' }, 'open-id-1', 'abc'],
    [{ type: 'android', id: 'abc', android_id: 'def' }, undefined, 'def'],
    [{ type: 'android', id: 'abc', android_id: '0000000000000000' }, undefined, 'abc'],
    [{ type: 'fire', oaid: 'open-id-1', id: 'abc' }, undefined, 'abc'],
    [{ type: 'ios', oaid: 'open-id-1', id: 'abc', android_id: 'def' }, undefined, undefined],
    [{ id: 'abc' }, undefined, undefined],
  ])('F-72 of %j', (device, openId, androidId) => {
    const found = of(device);
    expect([found.openId?.value, found.androidId?.value]).toEqual([openId, androidId]);
  });

  it('F-57 but for the open advertising id leave under limited tracking, as does the id of the vendor', () => {
    const limited = of({ type: 'android', oaid: 'open-id-1', android_id: 'def', adTrackingEnabled: 'off' });
    expect(limited).toMatchObject({
      openId: undefined,
      androidId: at('android_id', 'def'),
      limitedBy: at('adTrackingEnabled', 'off'),
    });
    expect(of({ idfv, lat: 1 })).toMatchObject({
      vendorId: at('idfv', idfv),
      limitedBy: { path: 'context.device.lat' },
    });
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
