import { describe, expect, it } from '@jest/globals';
import { stableIdOf, sha256, type CdpEvent, type JsonValue } from '../../core/api/index.ts';

const event = (parts: object = {}): CdpEvent => ({ type: 'track', event: 'Order Completed', ...parts });

describe('the id of an event', () => {
  it('is its messageId', () => {
    expect(stableIdOf(event({ messageId: ' m-1 ' }))).toEqual({ value: 'm-1', path: 'messageId' });
  });

  it('is the digest of one that is longer than the vendor takes, which no other id shares', () => {
    const long = 'm'.repeat(65);
    expect(stableIdOf(event({ messageId: long }), 64)).toEqual({ value: sha256(long), path: 'messageId' });
    expect(stableIdOf(event({ messageId: long }), 65).value).toBe(long);
  });

  it('is never longer than the vendor takes, and a length that tells no events apart is a mistake of the folder', () => {
    expect(stableIdOf(event({ messageId: 'm'.repeat(65) }), 36).value).toBe(sha256('m'.repeat(65)).slice(0, 36));
    expect(stableIdOf(event(), 36).value).toMatch(/^[\da-f]{36}$/);
    expect(() => stableIdOf(event({ messageId: 'm-1' }), 8)).toThrow('an id of 8 characters names no event');
  });

  it('is the digest of one that has other characters than the vendor takes', () => {
    const pattern = /^[A-Za-z0-9-]+$/;
    const idOf = (messageId: string) => stableIdOf(event({ messageId }), 36, pattern).value;
    expect(idOf('A1b2-c3')).toBe('A1b2-c3');
    const others = ['a_b', 'a b', 'é', 'a\nb', '🙂', 'm'.repeat(37)];
    expect(others.map(idOf)).toEqual(others.map((id) => sha256(id.trim()).slice(0, 36)));
    expect(stableIdOf(event(), 36, pattern).value).toMatch(/^[\da-f]{36}$/);
  });

  it('is the same at every attempt, whatever the flags of the pattern', () => {
    for (const pattern of [/^[a-z]+$/g, /^[a-z]+$/y, /^[a-z]+$/]) {
      const ids = [1, 2, 3].map(() => stableIdOf(event({ messageId: 'abc' }), 36, pattern).value);
      expect(ids).toEqual(['abc', 'abc', 'abc']);
    }
  });

  it('has to be one that a digest can stand for', () => {
    for (const pattern of [/^[A-Z]+$/, /^[\da-f]{8}-[\da-f]{4}$/, /^.{1,36}$/])
      expect(() => stableIdOf(event({ messageId: 'm'.repeat(70) }), 64, pattern)).toThrow(RangeError);
  });

  it.each([undefined, null, '', ' ', '0'])(
    'is the same for the same content where the messageId is %j',
    (messageId) => {
      const made = event({ messageId, properties: { order_id: 'o-1' } });
      const { value, path } = stableIdOf(structuredClone(made));
      expect(value).toBe(stableIdOf(made).value);
      expect(value).toMatch(/^[\da-f]{64}$/);
      expect(path).toBe('the whole event');
      expect(value).not.toBe(stableIdOf(event({ messageId, properties: { order_id: 'o-2' } })).value);
    },
  );

  it('exists for an event that is nested too deeply for JSON', () => {
    let deep: JsonValue = 1;
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    const [first, second] = ['u-1', 'u-2'].map((userId) => stableIdOf(event({ userId, properties: { deep } })).value);
    expect(first).toMatch(/^[\da-f]{64}$/);
    expect(first).not.toBe(second);
  });
});
