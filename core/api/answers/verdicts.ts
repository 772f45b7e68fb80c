import { accept, decide, type RetryDecision } from '../decision.ts';
import type { Batch, Delivery } from '../delivery.ts';

/** The same decision for every item. */
export const decideAll = <P>(batch: Batch<P>, decision: RetryDecision): readonly RetryDecision[] =>
  batch.items.map(() => decision);

/** Accepts every item. */
export const acceptAll = <P>(batch: Batch<P>): readonly RetryDecision[] => decideAll(batch, accept());

/** A decision, or a function that makes one from an item. */
export type ItemDecision<P> = RetryDecision | ((item: Delivery<P>) => RetryDecision);

const decisionFor = <P>(decision: ItemDecision<P>, item: Delivery<P>): RetryDecision =>
  typeof decision === 'function' ? decision(item) : decision;

const doubt = (message: string): RetryDecision => decide('ambiguous', 'ambiguous_delivery', message);

const notNamed = doubt('The answer does not name this event');
const misplaced = doubt('The answer names an event that was not sent, so its verdicts may belong to others');
const contradictory = doubt('The answer takes this event and refuses it');
const miscounted = doubt('The answer does not have one verdict for each event');
const badCount = doubt('The answer counts other events than were sent');

/**
 * Verdicts by position: the vendor answers with one entry per item, in item order. `read` turns an entry into the
 * decision for its item, or returns `undefined` if the entry is about another item, which it can tell if entries name
 * theirs. If there are more or fewer entries than items, or one is about another item, the order is unknown: every item
 * gets `wrongCount`, by default ambiguous. Throws for a `wrongCount` that accepts.
 *
 * @example
 * const results = [{ id: 'order-1', ok: true }, { id: 'order-2', ok: false }];
 * const verdicts = verdictsByPosition(batch, results, ({ id, ok }, { key }) => {
 *   if (id !== key) return undefined;
 *   return ok ? accept() : decide('reject', 'vendor_rejected', 'Acme refuses the event');
 * });
 */
export function verdictsByPosition<P, E>(
  batch: Batch<P>,
  entries: readonly E[],
  read: (entry: E, item: Delivery<P>, index: number) => RetryDecision | undefined,
  wrongCount: RetryDecision = miscounted,
): readonly RetryDecision[] {
  mustNotAccept('verdictsByPosition', wrongCount);
  const { items } = batch;
  if (entries.length !== items.length) return decideAll(batch, wrongCount);
  const verdicts: RetryDecision[] = [];
  for (const [index, item] of items.entries()) {
    const verdict = read(entries[index] as E, item, index);
    if (verdict === undefined) return decideAll(batch, wrongCount);
    verdicts.push(verdict);
  }
  return verdicts;
}

/**
 * Verdicts by index: entries of the item's index in the request, from 0, and its decision; an index of `undefined` is a
 * verdict that names no item. Items without an entry get `unnamed`, by default ambiguous: only the vendor's
 * documentation says whether they were taken.
 *
 * - An entry that names no item may be about any: what would be accepted gets `stray` instead.
 * - An index that no item has means that the vendor counts otherwise, from 1 perhaps: every item gets `stray`.
 * - Of two decisions for one item the first counts; if exactly one of them accepts, the item is ambiguous.
 *
 * `stray` is ambiguous by default; throws for one that accepts.
 *
 * @example
 * const refused = decide('reject', 'vendor_rejected', 'Acme refuses the event');
 * // {"refused": [1]}: the others were taken, says the vendor's documentation.
 * const verdicts = verdictsByIndex(batch, [[1, refused]], accept());
 */
export function verdictsByIndex<P>(
  batch: Batch<P>,
  entries: Iterable<readonly [index: number | undefined, decision: ItemDecision<P>]>,
  unnamed: ItemDecision<P> = notNamed,
  stray: ItemDecision<P> = misplaced,
): readonly RetryDecision[] {
  const { items } = batch;
  const named = new Map<number, RetryDecision>();
  let hasNameless = false;
  for (const [index, decision] of entries) {
    if (index === undefined) {
      hasNameless = true;
      continue;
    }
    const item = Number.isInteger(index) ? items[index] : undefined;
    if (item === undefined) return items.map((any) => refusalFor('verdictsByIndex', stray, any));
    add(named, index, decisionFor(decision, item));
  }
  return items.map((item, index) => {
    const verdict = named.get(index) ?? decisionFor(unnamed, item);
    return hasNameless && verdict.kind === 'accept' ? refusalFor('verdictsByIndex', stray, item) : verdict;
  });
}

/**
 * Verdicts by name: entries of an item's `key` and its decision, which holds for every item of that key; a key of
 * `undefined` is a verdict that names no item. Items without an entry get `unnamed`, by default ambiguous.
 *
 * An entry that names no item, or one with a key that no item has, may be about any item, in another spelling: what
 * would be accepted gets `stray` instead, by default ambiguous. Throws for a `stray` that accepts. Of two decisions for
 * one key the first counts; if exactly one of them accepts, its items are ambiguous.
 *
 * @example
 * const refused = decide('reject', 'vendor_rejected', 'Acme refuses the event');
 * // {"invalid": ["a@example.com"]}: the others were taken, says the vendor's documentation.
 * const verdicts = verdictsByKey(batch, [['a@example.com', refused]], accept());
 */
export function verdictsByKey<P>(
  batch: Batch<P>,
  entries: Iterable<readonly [key: string | undefined, decision: RetryDecision]>,
  unnamed: ItemDecision<P> = notNamed,
  stray: ItemDecision<P> = misplaced,
): readonly RetryDecision[] {
  const sent = new Set(batch.items.map(({ key }) => key));
  const named = new Map<string, RetryDecision>();
  let hasStray = false;
  for (const [key, decision] of entries) {
    if (key === undefined || !sent.has(key)) hasStray = true;
    else add(named, key, decision);
  }
  return batch.items.map((item) => {
    const verdict = (item.key === undefined ? undefined : named.get(item.key)) ?? decisionFor(unnamed, item);
    return hasStray && verdict.kind === 'accept' ? refusalFor('verdictsByKey', stray, item) : verdict;
  });
}

/** What an answer counts; a member that is there, but is no count, makes the answer unreadable. */
export interface AnswerCounts {
  /** Items that were taken. */
  readonly accepted?: unknown;
  /** Items that were refused. */
  readonly refused?: unknown;
  /** Items that arrived. */
  readonly total?: unknown;
}

/**
 * Verdicts from counts alone. All items are accepted only if the counts say that all were taken and fit the number of
 * items. If none was taken, the request is split, and so is one of which a part was taken, with the doubt that each of
 * its items may be in. Counts that are missing, contradictory or about another number of items are ambiguous.
 *
 * @example
 * // {"inserted": 2, "received": 2}
 * const verdicts = verdictsByCount(batch, { accepted: 2, total: 2 });
 */
export function verdictsByCount<P>(batch: Batch<P>, counts: AnswerCounts): readonly RetryDecision[] {
  const sent = batch.items.length;
  const acceptedCount = acceptedIn(counts, sent);
  if (acceptedCount === undefined) return decideAll(batch, badCount);
  if (acceptedCount === sent) return acceptAll(batch);
  return decideAll(batch, acceptedCount === 0 ? noneTaken : partTaken);
}

const noneTaken = decide('split', 'vendor_rejected', 'The vendor took none of the events of this request');
const partTaken = decide('split', 'vendor_rejected', 'The vendor took a part of the request and does not say which', {
  ambiguous: true,
});

function acceptedIn(counts: AnswerCounts, sent: number): number | undefined {
  const { accepted, refused, total } = counts as Readonly<Record<keyof AnswerCounts, number | undefined>>;
  if (!Object.values(counts).every((count) => Number.isSafeInteger(count) && (count as number) >= 0)) return undefined;
  if (total !== undefined && total !== sent) return undefined;
  if (accepted === undefined) return refused === undefined || refused > sent ? undefined : sent - refused;
  if (refused !== undefined && accepted + refused !== sent) return undefined;
  return accepted > sent ? undefined : accepted;
}

/** Keeps the first decision for a name; one that accepts beside one that does not leaves a doubt. */
function add<K>(named: Map<K, RetryDecision>, name: K, decision: RetryDecision): void {
  const first = named.get(name);
  if (first === undefined) named.set(name, decision);
  else if ((first.kind === 'accept') !== (decision.kind === 'accept')) named.set(name, contradictory);
}

function refusalFor<P>(reader: string, stray: ItemDecision<P>, item: Delivery<P>): RetryDecision {
  const decision = decisionFor(stray, item);
  mustNotAccept(reader, decision);
  return decision;
}

function mustNotAccept(reader: string, decision: RetryDecision): void {
  if (decision.kind === 'accept') throw new TypeError(`${reader}() accepts nothing of an answer that does not add up`);
}
