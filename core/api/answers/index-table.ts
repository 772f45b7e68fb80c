import type { RetryDecision } from '../decision.ts';
import type { Batch, Delivery } from '../delivery.ts';
import type { JsonObject, JsonValue } from '../event.ts';
import type { Exchange } from '../failure.ts';
import { hasStatus, withStatus } from './house-table.ts';
import { isMissing, isObject, keysOf, valueAt, type Path } from '../fields/mapping.ts';
import { checkMembers } from '../member-check.ts';
import { jsonValue } from './reply-readers.ts';
import { verdictsByIndex, type ItemDecision } from './verdicts.ts';

/** One row: where an answer names items by their index in the request, from 0, and what becomes of them. */
export interface IndexRow<P = unknown> {
  readonly status: number | readonly number[];
  /**
   * The path in the answer: to a list of indexes (`[3,4]`), a list of objects with the member `index`, or an object of
   * such lists (`{"time":[3,4]}`).
   */
  readonly at: Path;
  /** The status of the answer is added to the reason. */
  readonly means: RetryDecision | ((item: Delivery<P>, answer: JsonObject) => RetryDecision);
}

export interface IndexTableOptions<P> {
  /** Of two rows that name an item, the first counts. */
  readonly rows: readonly IndexRow<P>[];
  /** What becomes of the items that no row names, if one names any. Default: ambiguous. */
  readonly others?: RetryDecision;
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
 */
export function indexTable<P = unknown>(options: IndexTableOptions<P>) {
  checkMembers('indexTable()', options, { rows: 'required', others: 'optional' });
  const { rows, others } = options;
  for (const [index, row] of rows.entries())
    checkMembers(`indexTable(): rows[${index}]`, row, { status: 'required', at: 'required', means: 'required' });
  const compiled = rows.map(({ status, at, means }) => ({ status, keys: keysOf(at), means }));
  const stray: RetryDecision | undefined = others?.kind === 'resend' ? { ...others, kind: 'split' } : undefined;
  return ({ response: { status, body } }: Exchange, batch: Batch<P>): readonly RetryDecision[] | undefined => {
    const ofStatus = compiled.filter((row) => hasStatus(row.status, status));
    const answer = ofStatus.length === 0 ? undefined : jsonValue(body);
    if (!isObject(answer)) return undefined;
    const verdicts = ofStatus.flatMap(({ keys, means }) => {
      const meant: ItemDecision<P> = (item) =>
        withStatus(typeof means === 'function' ? means(item, answer) : means, status);
      return indexesIn(valueAt(answer, keys)).map((index) => [index, meant] as const);
    });
    if (verdicts.length === 0) return undefined;
    const isReadable = verdicts.every(([index]) => index !== undefined);
    const rest = isReadable || others?.kind !== 'resend' ? others : stray;
    return verdictsByIndex(batch, verdicts, rest && withStatus(rest, status), stray && withStatus(stray, status));
  };
}

function indexesIn(named: JsonValue | undefined): readonly (number | undefined)[] {
  if (isMissing(named)) return [];
  if (Array.isArray(named)) return (named as readonly JsonValue[]).map(indexOf);
  if (!isObject(named)) return [undefined];
  return Object.values(named).flatMap((list) =>
    Array.isArray(list) ? (list as readonly JsonValue[]).map(indexOf) : [undefined],
  );
}

function indexOf(entry: JsonValue): number | undefined {
  const index = isObject(entry) ? entry['index'] : entry;
  return typeof index === 'number' ? index : undefined;
}
