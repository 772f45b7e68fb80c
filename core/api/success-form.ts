import { hasStatus } from './house-table.ts';
import type { RetryDecision } from './decision.ts';
import type { Batch } from './delivery.ts';
import type { JsonValue } from './event.ts';
import type { Exchange } from './failure.ts';
import { jsonValue } from './reply-readers.ts';

/** One form in which a vendor confirms a whole request. */
export interface SuccessForm<P = unknown> {
  /** The statuses of this form. Default 200. */
  readonly status?: number | readonly number[];
  /**
   * The body: `empty`, if the vendor documents that; a pattern for the whole text, trimmed; or a test of the parsed
   * JSON, which is not called for other bodies. "Any 200" cannot be expressed.
   */
  readonly body: 'empty' | RegExp | ((answer: JsonValue, exchange: Exchange) => boolean);
  /** The decision for every item. Default: accept. Some vendors confirm a dry run, too. */
  readonly means?: (exchange: Exchange, batch: Batch<P>) => RetryDecision;
}

/** The default form: 200 with an empty body. */
export const emptySuccess: readonly SuccessForm[] = Object.freeze([{ body: 'empty' }]);

/**
 * The first form that matches the answer; `undefined` if none does or the body is truncated. Ignores forms of refusal.
 */
export function matchSuccess<P>(forms: readonly SuccessForm<P>[], exchange: Exchange): SuccessForm<P> | undefined {
  const { status, body, cut } = exchange.response;
  if (cut === true) return undefined;
  const written = body.trim();
  let answer: JsonValue | undefined;
  return forms.find((form) => {
    if (!hasStatus(form.status ?? 200, status)) return false;
    if (form.body === 'empty') return written === '';
    if (written === '') return false;
    if (typeof form.body !== 'function') return form.body.test(written);
    answer ??= jsonValue(written);
    return answer !== undefined && form.body(answer, exchange);
  });
}
