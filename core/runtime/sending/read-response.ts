import { accept, decide, type RetryDecision } from '../../api/decision.ts';
import type { Batch } from '../../api/delivery.ts';
import type { AnyDestination, Reply } from '../../api/destination.ts';
import type { Exchange, HttpResponse } from '../../api/failure.ts';
import { knownAnswer } from '../../api/answers/known-answers.ts';
import { countsIn, emptySuccess, matchSuccess } from '../../api/answers/success-form.ts';
import type { UsualRefusal } from '../../api/answers/usual-refusal.ts';
import { verdictsByCount } from '../../api/answers/verdicts.ts';
import { tooLarge, unreadable } from './unusable-reply.ts';

type Handler = AnyDestination['response'];

/**
 * Reads an answer. A 2xx counts as success only in a form that the folder names: first come the verdicts that the
 * folder reads itself, then its error rows, the usual words for a refusal, and the folder's `success` forms; any other
 * answer is ambiguous. A truncated answer may refuse, but not accept.
 */
export function readResponse(handler: Handler, exchange: Exchange, batch: Batch<unknown>): Reply {
  const { response } = exchange;
  const { status, body, cut } = response;
  const success = status >= 200 && status < 300;
  const unread = success ? unreadable(response) : undefined;
  if (unread !== undefined) return toAll(batch, asUnclear(handler, unread));
  const decisions = handler.readReply?.(exchange, batch);
  if (decisions !== undefined) {
    const sure = !success || cut !== true;
    return { kind: 'settled', decisions: sure ? decisions : withoutAccepts(decisions, unclear(handler, response)) };
  }
  if (!success) return { kind: 'failed', failure: { kind: 'http', response } };
  const { json: answer, refusal: no } = knownAnswer(body);
  const own = handler.readRefusal?.(response, batch, no !== undefined && coversAll(no, batch));
  if (own !== undefined) {
    const sure = own.kind !== 'accept' || cut !== true;
    return toAll(batch, sure ? asUnclear(handler, own) : unclear(handler, response));
  }
  if (no?.status !== undefined)
    return { kind: 'failed', failure: { kind: 'http', response: { ...response, status: no.status } } };
  if (no !== undefined) return toAll(batch, refusal(no, status, batch.items.length === 1));
  const form = matchSuccess(handler.success ?? (handler.readReply === undefined ? emptySuccess : []), exchange);
  if (form === undefined) return toAll(batch, unclear(handler, response));
  if (form.counts !== undefined) {
    const decisions = verdictsByCount(batch, countsIn(answer, form.counts));
    if (decisions.some(({ kind }) => kind !== 'accept'))
      return { kind: 'settled', decisions: decisions.map((decision) => asUnclear(handler, decision)) };
  }
  return toAll(batch, form.means?.(exchange, batch) ?? accept());
}

/** Whether a refusal is about the whole request, and no transient status in disguise. */
const coversAll = ({ status, partial }: UsualRefusal, { items }: Batch<unknown>): boolean =>
  status === undefined && (!partial || items.length === 1);

const toAll = (batch: Batch<unknown>, decision: RetryDecision): Reply => ({
  kind: 'settled',
  decisions: batch.items.length === 1 ? [decision] : batch.items.map(() => decision),
});

/**
 * Decides about a 2xx that refuses. If it refuses only a part and does not say which, the other items may have been
 * accepted.
 */
function refusal({ partial }: UsualRefusal, status: number, lone: boolean): RetryDecision {
  if (lone) return decide('reject', 'vendor_rejected', `The vendor answered ${status}, but with a no`, { status });
  return partial
    ? decide('split', 'vendor_rejected', `The vendor's ${status} refuses a part of the request`, {
        status,
        ambiguous: true,
      })
    : decide('split', 'vendor_rejected', `The vendor answered ${status}, but with a no`, { status });
}

/** A truncated answer accepts no item. */
const withoutAccepts = (decisions: readonly RetryDecision[], half: RetryDecision): readonly RetryDecision[] =>
  decisions.map((decision) => (decision?.kind === 'accept' ? half : decision));

const unclear = (handler: Handler, response: HttpResponse): RetryDecision =>
  asUnclear(handler, tooLarge(response) ?? notMentioned(response));

const asUnclear = ({ resendUnclear }: Handler, decision: RetryDecision): RetryDecision =>
  resendUnclear === false && decision.kind === 'ambiguous' ? { ...decision, resend: false } : decision;

const notMentioned = ({ status }: HttpResponse): RetryDecision =>
  decide('ambiguous', 'ambiguous_delivery', `The vendor's ${status} does not say what became of the event`, { status });
