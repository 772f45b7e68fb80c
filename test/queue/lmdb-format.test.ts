// Tests core/queue/lmdb/record.ts, core/queue/lmdb/keys.ts and core/queue/lmdb/store-meta.ts: what is on disk.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as keys from '../../core/queue/lmdb/keys.ts';
import { decode, encode, withState } from '../../core/queue/lmdb/record.ts';
import { configKey, countsKey, totalsKey, withChecksum } from '../../core/queue/lmdb/store-meta.ts';

/** What docs/queue.md calls the example; written by 0.1.0. */
const event = { type: 'track', event: 'Order Completed' } as const;
const common = { connection: 'shop', id: 'm-1', lanes: ['user-1'], acceptedAt: 1_700_000_000_000 };
const waiting = { kind: 'waiting', ...common, attempts: 0, notBefore: 0 } as const;
const example = encode({ seq: 7, stamp: 9 }, waiting, event);

/** Everything here is on disks: who changes it reads "How to change the format" in docs/queue.md first. */
describe('the format on disk', () => {
  it('of a record is the one that docs/queue.md shows', () => {
    const page = readFileSync('docs/queue.md', 'utf8');
    const dump = [...page.matchAll(/^0000[0-9a-f]{2} ((?:[0-9a-f]{2} ?)+) +>/gm)].flatMap(([, bytes]) =>
      bytes!.trim().split(' '),
    );
    expect(dump.join('')).toBe(example.toString('hex'));
  });

  it.each([
    [
      'goes again',
      {
        ...waiting,
        attempts: 1,
        notBefore: 1_700_000_001_000,
        doubtful: true,
        trouble: { throttled: 1, answers: 2, since: 3 },
      },
      '21cb62bc',
      '"attempts":1,"notBefore":1700000001000,"doubtful":true,"trouble":{"throttled":1,"answers":2,"since":3}}',
    ],
    [
      'is done',
      { kind: 'done', ...common, attempts: 0, doneAt: 1_700_000_002_000, outcome: 'delivered' },
      'ca5e9147',
      '"attempts":0,"doneAt":1700000002000,"outcome":"delivered"}',
    ],
    [
      'is a dead letter',
      {
        kind: 'dead',
        ...common,
        attempts: 3,
        diedAt: 1_700_000_002_000,
        outcome: 'rejected',
        reason: { code: 'invalid_value', message: 'x' },
        configHash: 'h',
      },
      '86d29aad',
      '"attempts":3,"diedAt":1700000002000,"outcome":"rejected","reason":{"code":"invalid_value","message":"x"},"configHash":"h"}',
    ],
  ] as const)('of an event that %s has these names and this checksum', (_, state, checksum, text) => {
    const bytes = withState(example, { seq: 7, stamp: 12 }, state);
    const start = '{"connection":"shop","id":"m-1","lanes":["user-1"],"acceptedAt":1700000000000,';
    expect(bytes.toString('utf8', 32)).toBe(`${start}${text}${JSON.stringify(event)}`);
    expect(bytes.toString('hex', 16, 20)).toBe(checksum);
    expect(decode(bytes)).toEqual({ ...state, seq: 7, stamp: 12, event });
  });

  it('of keys is big-endian, in the order of docs/queue.md', () => {
    expect(keys.eventKey(1, 3).toString('hex')).toBe('00000001000000000003');
    expect(keys.laneKey(1, 'user-1', 3).toString('hex')).toBe('0000000106757365722d31000000000003');
    expect(keys.laneKey(1, 'x'.repeat(129), 3).toString('hex')).toBe(
      '00000001ff0ec9eb33e74510bcdd1f2ea55206e82f21649c5c2becbf2b433eb475b34c01bd000000000003',
    );
    expect(keys.doneKey(1, 1_700_000_002_000, 3).toString('hex')).toBe('00000001018bcfe56fd0000000000003');
    expect(keys.seenKey(19_675, 1, 'm-1').toString('hex')).toBe('00004cdb00000001006d2d31');
    expect(keys.seenKey(19_675, 1, 'x'.repeat(129)).toString('hex')).toBe(
      '00004cdb00000001010ec9eb33e74510bcdd1f2ea55206e82f21649c5c2becbf2b433eb475b34c01bd',
    );
  });

  it('of the table meta is a checksum and JSON', () => {
    expect([totalsKey, configKey, countsKey(3)].map(String)).toEqual(['totals', 'make', 'connection 3']);
    expect(withChecksum({ seq: 7, stamp: 9, bytes: 100, quarantined: 0 }).toString('hex')).toBe(
      '43be7d777b22736571223a372c227374616d70223a392c226279746573223a3130302c2271756172616e74696e6564223a307d',
    );
  });
});
