import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../core/index.ts';
import type { FaultKind } from '../../core/testing/simulators/index.ts';
import { openLedger, type Ledger } from '../../core/testing/simulators/ledger.ts';
import { disagreements, type SentEvent } from '../proofs/reconcile/disagreements.ts';

type Said = 'delivered' | 'skipped' | 'rejected' | 'deferred' | 'doubtful' | 'unknown' | 'none';

/** Two events the vendor knows by the same address, and one it knows by another. */
const sent: readonly SentEvent[] = [
  { id: 'm-1', key: 'jane@example.com' },
  { id: 'm-2', key: 'omar@example.com' },
  { id: 'm-3', key: 'jane@example.com' },
];

const outcome = (said: Said, eventId: string): Outcome =>
  ({
    kind: said === 'doubtful' ? 'deferred' : said,
    eventId,
    reason: { code: said === 'doubtful' ? 'ambiguous_delivery' : 'other', message: '' },
  }) as unknown as Outcome;

const outcomes = (...said: readonly Said[]): Outcome[] =>
  said.map((each, index) => (each === 'none' ? undefined : outcome(each, sent[index]?.id ?? ''))) as Outcome[];

const ledger = (...commits: readonly (readonly [name: string, fault?: FaultKind])[]): Ledger => {
  const book = openLedger();
  for (const [name, fault] of commits) book.write([`${name}@example.com`], true, 0, fault);
  return book;
};

describe('outcomes beside the ledger of a vendor that knows events by their address', () => {
  it.each<[string, Outcome[], Ledger]>([
    ['one commit for both events', outcomes('delivered', 'delivered', 'delivered'), ledger(['jane'], ['omar'])],
    ['one commit for each event', outcomes('delivered', 'skipped', 'delivered'), ledger(['jane'], ['jane'])],
    ['a commit of the one, a no to the other', outcomes('delivered', 'rejected', 'rejected'), ledger(['jane'])],
    ['a commit that the other event doubts', outcomes('deferred', 'skipped', 'doubtful'), ledger(['jane'])],
    ['nothing of what was skipped', outcomes('skipped', 'unknown', 'skipped'), ledger(['omar'])],
    [
      'a repeat after an answer that was lost',
      outcomes('skipped', 'delivered', 'skipped'),
      ledger(['omar', 'reset-after-commit'], ['omar']),
    ],
  ])('agree on %s', (_, said, book) => {
    expect(disagreements(sent, said, book)).toEqual([]);
  });

  it.each<[string, Outcome[], Ledger, readonly string[]]>([
    [
      'what the vendor does not have',
      outcomes('delivered', 'delivered', 'skipped'),
      ledger(['omar']),
      ['m-1 is delivered, and the vendor does not have it'],
    ],
    [
      'what the vendor has all the same',
      outcomes('rejected', 'rejected', 'skipped'),
      ledger(['jane']),
      ['m-1 is rejected, and the vendor has it', 'm-3 is skipped, and the vendor has it'],
    ],
    [
      'a commit more than there are events, once for all of them',
      outcomes('delivered', 'skipped', 'delivered'),
      ledger(['jane'], ['jane'], ['jane']),
      ['m-1 was sent again after a clear answer'],
    ],
    [
      'a second commit where the other event was never sent',
      outcomes('delivered', 'skipped', 'skipped'),
      ledger(['jane'], ['jane']),
      ['m-1 was sent again after a clear answer'],
    ],
    ['an event without an outcome', outcomes('skipped', 'none', 'skipped'), ledger(), ['m-2 has no outcome']],
    [
      'the outcome of another event',
      [outcome('skipped', 'm-1'), outcome('skipped', 'm-3'), outcome('skipped', 'm-3')],
      ledger(),
      ['m-2 got the outcome of m-3'],
    ],
  ])('disagree on %s', (_, said, book, found) => {
    expect(disagreements(sent, said, book)).toEqual(found);
  });
});
