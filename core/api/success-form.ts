import { hasStatus } from './classify.ts';
import type { RetryDecision } from './decision.ts';
import type { Batch } from './delivery.ts';
import type { JsonValue } from './event.ts';
import type { Exchange } from './failure.ts';
import { jsonValue } from './reply-readers.ts';

/** One form in which a vendor says yes to a whole request. */
export interface SuccessForm<P = unknown> {
  /** The statuses it comes with. Default 200. */
  readonly status?: number | readonly number[];
  /**
   * What the body is: `empty`, where the vendor documents that; a pattern of the whole text, trimmed; or a test of the body as
   * JSON, which is not asked about a body that is none. `any 200` cannot be said.
   */
  readonly body: 'empty' | RegExp | ((answer: JsonValue, exchange: Exchange) => boolean);
  /** What it comes to, for every item. Default: accept. Some vendors say yes to a dry run, too. */
  readonly means?: (exchange: Exchange, batch: Batch<P>) => RetryDecision;
}

/** What holds for a vendor of which nothing is said: 200 with nothing in it. */
export const emptySuccess: readonly SuccessForm[] = Object.freeze([{ body: 'empty' }]);

/** The first form that an answer has; `undefined` where it has none, or is not whole. Says nothing about words for a no. */
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
