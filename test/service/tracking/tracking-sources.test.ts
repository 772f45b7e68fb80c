import { describe, expect, it } from '@jest/globals';
import {
  TrackingSources,
  type MeteredSource,
  type TrackingSource,
} from '../../../core/service/tracking/tracking-sources.ts';
import { basicWriteKey, otherWriteKey } from '../../../core/service/tracking/write-key.ts';

const web: TrackingSource = { id: 'web', writeKey: 'key-of-web', connections: ['shop-adjust'] };
const app: TrackingSource = { id: 'app', writeKey: 'Schlüssel', connections: ['shop-rokt'], rate: 10 };

const metered = (sources: TrackingSources, writeKey: string): MeteredSource => {
  const source = sources.find(writeKey);
  if (source === undefined) throw new Error('no source');
  return source;
};

describe('a write key', () => {
  it('finds its source, and nothing else does', () => {
    const sources = new TrackingSources([web, app]);
    expect(sources.find('key-of-web')).toMatchObject({ id: 'web', connections: ['shop-adjust'] });
    expect(sources.find('Schlüssel')).toMatchObject({ id: 'app', connections: ['shop-rokt'] });
    for (const wrong of ['', 'key-of-we', 'key-of-web ', 'KEY-OF-WEB', 'web', '__proto__'])
      expect([wrong, sources.find(wrong)]).toEqual([wrong, undefined]);
  });

  it('that was replaced finds nothing any more', () => {
    const sources = new TrackingSources([web, app]);
    sources.replace([{ ...web, writeKey: 'key-2' }]);
    expect(sources.find('key-2')?.id).toBe('web');
    expect([sources.find('key-of-web'), sources.find('Schlüssel')]).toEqual([undefined, undefined]);
  });

  const headers = (authorization?: string): Headers =>
    new Headers(authorization === undefined ? {} : { authorization });
  const basic = (userInfo: string): string => `Basic ${Buffer.from(userInfo).toString('base64')}`;

  it('is the user name of HTTP Basic, whatever the password is', () => {
    expect(basicWriteKey(headers(basic('key-of-web:')))).toBe('key-of-web');
    expect(basicWriteKey(headers(basic('key-of-web:pass:word')))).toBe('key-of-web');
    expect(basicWriteKey(headers(basic('key-of-web')))).toBe('key-of-web');
    expect(basicWriteKey(headers(basic('Schlüssel:').replace('Basic', 'bASIC ')))).toBe('Schlüssel');
    for (const none of [undefined, '', 'Basic', 'Basic !', basic(':password'), 'Bearer a2V5LW9mLXdlYjo='])
      expect([none, basicWriteKey(headers(none))]).toEqual([none, undefined]);
  });

  it('stands in the body or in the address where there is no HTTP Basic', () => {
    const url = (query: string): URL => new URL(`http://127.0.0.1/beacon/v1/batch${query}`);
    expect(otherWriteKey({ writeKey: 'key-of-web' }, url('?writeKey=other'))).toBe('key-of-web');
    expect(otherWriteKey({ batch: [] }, url('?writeKey=key%2Dof-web'))).toBe('key-of-web');
    for (const body of [{ writeKey: '' }, { writeKey: 5 }, [], null, 'key-of-web'])
      expect(otherWriteKey(body, url('?writeKey='))).toBe(undefined);
  });
});

describe('the rate of a source', () => {
  it('lets a second’s worth through at once, and then as much as is paid for', () => {
    const source = metered(new TrackingSources([app]), 'Schlüssel');
    expect(source.take(10, 5_000)).toBe(0);
    expect(source.take(1, 5_000)).toBe(100);
    expect(source.take(4, 5_100)).toBe(300);
    expect(source.take(4, 5_400)).toBe(0);
    expect(source.take(1, 5_400)).toBe(100);
  });

  it('holds over an hour, whatever the batches', () => {
    const source = metered(new TrackingSources([app]), 'Schlüssel');
    let taken = 0;
    for (let now = 0, batch = 1; now < 3_600_000; now += 50)
      if (source.take(batch, now) === 0) {
        taken += batch;
        batch = (batch % 37) + 1;
      }
    expect(taken / 3_600).toBeGreaterThan(9.5);
    expect(taken / 3_600).toBeLessThan(10.1);
  });

  it('lets a batch through that is larger than all of it, and makes others wait for it', () => {
    const source = metered(new TrackingSources([app]), 'Schlüssel');
    expect(source.take(50, 0)).toBe(0);
    expect(source.take(1, 0)).toBe(4_100);
    expect(source.take(1, 4_000)).toBe(100);
    expect(source.take(1, 4_100)).toBe(0);
  });

  it('is 1,000 events a second unless its settings say otherwise', () => {
    const source = metered(new TrackingSources([web]), 'key-of-web');
    expect(source.take(1_000, 0)).toBe(0);
    expect(source.take(1, 0)).toBe(1);
    expect(source.take(0, 0)).toBe(0);
  });

  it('is not renewed by a change of other settings', () => {
    const sources = new TrackingSources([app]);
    metered(sources, 'Schlüssel').take(10, 0);
    sources.replace([{ ...app, writeKey: 'key-2', connections: ['shop-adjust'] }]);
    expect(metered(sources, 'key-2').take(1, 0)).toBeGreaterThan(0);
    sources.replace([{ ...app, rate: 20 }]);
    expect(metered(sources, 'Schlüssel').take(20, 0)).toBe(0);
  });
});
