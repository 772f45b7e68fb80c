import { decide, type RetryDecision } from '../decision.ts';
import type { Batch, Delivery } from '../delivery.ts';
import type { JsonObject, JsonValue } from '../event.ts';
import type { Exchange } from '../failure.ts';
import { hasStatus, withStatus } from './house-table.ts';
import { isMissing, isObject, keysOf, valueAt, type Path } from '../fields/mapping.ts';
import { asText } from '../fields/casts.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import { jsonValue } from './reply-readers.ts';
import { checkCounts, countsIn, type SuccessForm } from './success-form.ts';
import { verdictsByIndex, type ItemDecision } from './verdicts.ts';

/** One row: where an answer names items by their index in the request, from 0, and what becomes of them. */
export interface IndexRow<P = unknown> {
  readonly status: number | readonly number[];
  /**
   * The path in the answer: to a list of indexes (`[3,4]`), a list of objects with the member `index`, or an object of
   * such lists (`{"time":[3,4]}`).
   */
  readonly at: Path;
  /**
   * The members of an entry in which the vendor repeats the item's `key`, such as `['$insert_id', 'insert_id']`; the
   * first that is there counts. An entry that says another one than the item at its index has names no item.
   */
  readonly keyAt?: string | readonly string[];
  /** `entry` is what names the item. The status of the answer is added to the reason. */
  readonly means: RetryDecision | ((item: Delivery<P>, answer: JsonObject, entry: JsonValue) => RetryDecision);
}

export interface IndexTableOptions<P> {
  /** Of two rows that name an item, the first counts. */
  readonly rows: readonly IndexRow<P>[];
  /** What becomes of the items that no row names, if one names any. Default: ambiguous. */
  readonly others?: RetryDecision;
  /**
   * Where the answer counts, by paths, as in a `SuccessForm`: `accepted`, the items that this table accepts; `refused`,
   * those that a row names and does not accept; `total`, all of the request. If one of these counts is missing or
   * another, only what a row refuses is certain: every other item is ambiguous.
   */
  readonly counts?: NonNullable<SuccessForm['counts']>;
}

/**
 * Builds the `readReply` of a vendor whose answers name items by index (`verdictsByIndex`). It reads no answer in which
 * no row names anything. Where an index is none of the request's, or is no index, nothing is accepted; with `others` of
 * `resend`, which says that the vendor took nothing, the request is split.
 *
 * @example
 * const refused = decide('reject', 'vendor_rejected', 'Acme refuses the event');
 * const response = {
 *   ...errorTable(),
 *   // 207 {"failed":[1]}: the others were taken, says the documentation.
 *   readReply: indexTable({ rows: [{ status: 207, at: 'failed', means: refused }], others: accept() }),
 * };
 *
 * @example
 * // 400 {"stored":1,"failed":[{"index":1,"id":"m-2","why":"no name"}]}: index, id and count have to agree.
 * const readReply = indexTable({
 *   rows: [
 *     {
 *       status: 400,
 *       at: 'failed',
 *       keyAt: 'id',
 *       means: (_item, _answer, entry) =>
 *         decide('reject', 'vendor_rejected', 'Acme refuses the event', {
 *           ...(isObject(entry) && typeof entry['why'] === 'string' ? { vendorMessage: entry['why'] } : {}),
 *         }),
 *     },
 *   ],
 *   others: accept(),
 *   counts: { accepted: 'stored' },
 * });
 */
export function indexTable<P = unknown>(options: IndexTableOptions<P>) {
  checkMembers('indexTable()', options, optionMembers);
  const { rows, others, counts } = options;
  for (const [index, row] of rows.entries()) checkMembers(`indexTable(): rows[${index}]`, row, rowMembers);
  if (counts !== undefined) checkCounts('indexTable(): counts', counts);
  const compiled = rows.map(({ status, at, keyAt = [], means }) => {
    return { status, keys: keysOf(at), keyNames: [keyAt].flat(), means };
  });
  const stray: RetryDecision | undefined = others?.kind === 'resend' ? { ...others, kind: 'split' } : undefined;
  return ({ response: { status, body } }: Exchange, batch: Batch<P>): readonly RetryDecision[] | undefined => {
    const ofStatus = compiled.filter((row) => hasStatus(row.status, status));
    const answer = ofStatus.length === 0 ? undefined : jsonValue(body);
    if (!isObject(answer)) return undefined;
    const verdicts = ofStatus.flatMap(({ keys, keyNames, means }) =>
      entriesIn(valueAt(answer, keys)).map((entry) => {
        const meant: ItemDecision<P> = (item) =>
          withStatus(typeof means === 'function' ? means(item, answer, entry) : means, status);
        return [indexOf(entry, keyNames, batch), meant] as const;
      }),
    );
    if (verdicts.length === 0) return undefined;
    const isReadable = verdicts.every(([index]) => index !== undefined);
    const rest = isReadable || others?.kind !== 'resend' ? others : stray;
    const decisions = verdictsByIndex(
      batch,
      verdicts,
      rest && withStatus(rest, status),
      stray && withStatus(stray, status),
    );
    if (counts === undefined) return decisions;
    const named = verdicts.map(([index]) => index).filter((index) => index !== undefined);
    return withCounts(decisions, named, countsIn(answer, counts), withStatus(miscounted, status));
  };
}

const rowMembers: MemberTable<IndexRow<never>> = {
  status: 'required',
  at: 'required',
  keyAt: 'optional',
  means: 'required',
};

const optionMembers: MemberTable<IndexTableOptions<never>> = {
  rows: 'required',
  others: 'optional',
  counts: 'optional',
};

const miscounted = decide(
  'ambiguous',
  'ambiguous_delivery',
  'The counts of the answer do not fit the events that it names',
);

/** The decisions, if the answer counts the same; else a doubt about every item that no row refuses. */
function withCounts(
  decisions: readonly RetryDecision[],
  named: readonly number[],
  counts: ReturnType<typeof countsIn>,
  doubt: RetryDecision,
): readonly RetryDecision[] {
  // An index that no item has says that the others mean other items, too.
  const refused = new Set(named.every((index) => decisions[index] !== undefined) ? named : []);
  for (const index of refused) if (decisions[index]?.kind === 'accept') refused.delete(index);
  const expected: Readonly<Record<string, number>> = {
    accepted: decisions.filter(({ kind }) => kind === 'accept').length,
    refused: refused.size,
    total: decisions.length,
  };
  const agree = Object.entries(counts).every(([count, value]) => value === expected[count]);
  return agree ? decisions : decisions.map((decision, index) => (refused.has(index) ? decision : doubt));
}

/** What should name items, each by an index. A lone number is no list of one: it may count them. */
function entriesIn(named: JsonValue | undefined): readonly JsonValue[] {
  if (isMissing(named)) return [];
  if (Array.isArray(named)) return named as readonly JsonValue[];
  if (!isObject(named)) return [null];
  return Object.values(named).flatMap((list) => (Array.isArray(list) ? (list as readonly JsonValue[]) : [null]));
}

/** `undefined` if the entry names no item of the batch for certain. */
function indexOf<P>(entry: JsonValue, keyNames: readonly string[], { items }: Batch<P>): number | undefined {
  if (!isObject(entry)) return typeof entry === 'number' ? entry : undefined;
  const { index } = entry;
  if (typeof index !== 'number') return undefined;
  const keyName = keyNames.find((name) => !isMissing(entry[name]));
  const item = items[index];
  if (keyName === undefined || item === undefined) return index;
  return asText(entry[keyName] as JsonValue) === item.key ? index : undefined;
}
