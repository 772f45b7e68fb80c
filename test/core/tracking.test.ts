import { describe, expect, it } from '@jest/globals';
import { asAttStatus, deviceOf, type CdpEvent, type JsonValue } from '../../core/api/index.ts';

const phone = (device: unknown) => ({ type: 'identify', context: { device } }) as CdpEvent;

describe("Apple's tracking status", () => {
  it.each<[JsonValue, string | undefined]>([
    [0, '0'],
    ['3', '3'],
    ['notDetermined', '0'],
    [' Restricted ', '1'],
    ['denied', '2'],
    ['authorized', '3'],
    [4, undefined],
    ['', undefined],
    ['constructor', undefined],
    [null, undefined],
    [[2], undefined],
    // F-57
    ['2.0', '2'],
    ['ATTrackingManagerAuthorizationStatusDenied', '2'],
    ['ATTrackingManager.AuthorizationStatus.notDetermined', '0'],
    ['not_determined', '0'],
    ['not determined', '0'],
    ['Authorised', '3'],
    ['Denied\u200B', '2'],
    ['not-authorized', undefined],
    [true, undefined],
    ['2.5', undefined],
  ])('%j is read as %j', (written, status) => {
    expect(asAttStatus(written)).toBe(status);
  });
});

describe('tracking', () => {
  it.each([
    { adTrackingEnabled: false },
    { adTrackingEnabled: 'false' },
    { adTrackingEnabled: 0 },
    { attTrackingStatus: 1 },
    { attTrackingStatus: '2' },
    { adTrackingEnabled: true, trackingStatus: 'denied' },
    // F-57: what is not plainly on is limited
    ...['False', 'NO', 'off', 'denied', 'unknown', 'yess', 2, -1, {}, [], ['true'], [true], 'constructor'].map(
      (adTrackingEnabled) => ({ adTrackingEnabled }),
    ),
    ...['not-authorized', '2.0', 'ATTrackingManagerAuthorizationStatusDenied', 4, true, false, {}, 'unknown'].map(
      (attTrackingStatus) => ({ attTrackingStatus }),
    ),
    { limitAdTracking: true },
    { limitAdTracking: 'Yes', adTrackingEnabled: true },
    { adTrackingEnabled: 'n' },
    { limitAdTracking: 'y' },
    { isLimitAdTrackingEnabled: 1 },
    { lat: 'perhaps' },
  ])('is limited by %j', (device) => {
    expect(deviceOf(phone(device)).limited).toBe(true);
  });

  it('F-57 is limited by a value that can be named', () => {
    const device = { adTrackingEnabled: true, trackingStatus: 'Denied', lat: true };
    expect(deviceOf(phone(device)).limitedBy).toEqual({ value: 'Denied', path: 'context.device.trackingStatus' });
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    ['ios'],
    [{}],
    [{ adTrackingEnabled: true }],
    [{ attTrackingStatus: 3 }],
    [{ attTrackingStatus: 0 }],
    // F-57
    ...[1, 'true', 'TRUE', ' True ', '1', 'yes', 'YES', 'on', 'y', 'on\u200B', '\u200B', '', '  ', null].map(
      (adTrackingEnabled): [unknown] => [{ adTrackingEnabled }],
    ),
    ...['authorized', 'not determined', '3.0', '', null].map((trackingStatus): [unknown] => [{ trackingStatus }]),
    ...[false, 0, 'false', '0', 'No', 'OFF', 'n', '\uFEFFno', '\u200B', '', null].map((limitAdTracking): [unknown] => [
      { limitAdTracking, lat: 0 },
    ]),
  ])('is not limited by %j', (device) => {
    expect(deviceOf(phone(device)).limited).toBe(false);
    expect(deviceOf(phone(device)).limitedBy).toBeUndefined();
  });
});
