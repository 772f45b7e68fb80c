import { describe, expect, it } from '@jest/globals';
import { asAttStatus, limitsTracking, type CdpEvent, type JsonValue } from '../../core/api/index.ts';

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
  ])('is limited by %j', (device) => {
    expect(limitsTracking(phone(device))).toBe(true);
  });

  it.each([
    [undefined],
    [null],
    ['ios'],
    [{}],
    [{ adTrackingEnabled: true }],
    [{ attTrackingStatus: 3 }],
    [{ attTrackingStatus: 0 }],
  ])('is not limited by %j', (device) => {
    expect(limitsTracking(phone(device))).toBe(false);
  });
});
