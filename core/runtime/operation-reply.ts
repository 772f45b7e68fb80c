import type { z } from 'zod';
import { errorTable } from '../api/answers/error-table.ts';
import { accept, decide, type RetryDecision } from '../api/decision.ts';
import type { Batch } from '../api/delivery.ts';
import type { Failure, HttpResponse } from '../api/failure.ts';
import type { AnyOperation } from '../api/operation.ts';
import { usualRefusal } from '../api/answers/usual-refusal.ts';
import { endOfString, mostJsonLevels } from '../json-text.ts';
import type { AnswerOrFailure } from './sending/request-attempt.ts';
import { unreadable } from './sending/unusable-reply.ts';

/** Decides about one answer of an operation; a reply that counts as success goes to `onReply`. */
export function judgeReply(
  definition: AnyOperation,
  result: AnswerOrFailure,
  batch: Batch<unknown>,
  onReply: (reply: unknown) => void,
): RetryDecision {
  const { successStatus = [200] } = definition;
  if (result.kind === 'response' && successStatus.includes(result.response.status)) {
    return readSuccess(definition, result.response, batch, onReply);
  }
  const failure = result.kind === 'response' ? ({ kind: 'http', response: result.response } as const) : result;
  return readFailure(definition, failure, batch);
}

/**
 * A failure that the vendor's own table calls temporary may come after the work was done: only an idempotent operation
 * is repeated.
 */
function readFailure({ errors, idempotent }: AnyOperation, failure: Failure, batch: Batch<unknown>): RetryDecision {
  const decision = errorTable({ rows: errors }).classifyError(failure, batch);
  if (idempotent || decision.kind !== 'retry' || failure.kind !== 'http' || failure.response.status === 429)
    return decision;
  const { status } = failure.response;
  return decide('ambiguous', 'ambiguous_delivery', `The vendor's ${status} does not say whether it was done`, {
    status,
    resend: false,
  });
}

/**
 * A success status counts as success only if the reply is what the vendor documents. The folder's own refusals come
 * first, then the usual words for one.
 */
function readSuccess(
  definition: AnyOperation,
  response: HttpResponse,
  batch: Batch<unknown>,
  onReply: (reply: unknown) => void,
): RetryDecision {
  const { status, body, cut } = response;
  const unread = unreadable(response);
  if (unread !== undefined) return unread;
  if (cut === true) {
    const message = 'The answer is longer than this operation reads, and half of it is none';
    return decide(definition.idempotent ? 'reject' : 'ambiguous', 'payload_too_large', message, {
      status,
      resend: false,
    });
  }
  if (isNestedDeeply(body)) {
    const message = `The answer is nested deeper than ${mostJsonLevels} levels, which no documented one is`;
    return decide(definition.idempotent ? 'reject' : 'ambiguous', 'payload_too_large', message, {
      status,
      resend: false,
    });
  }
  const answer = jsonOf(body);
  const parsed = (definition.reply as z.ZodType).safeParse(answer);
  const refusal = parsed.success ? definition.refusal?.(parsed.data) : undefined;
  if (refusal !== undefined) return refusal;
  const usual = usualRefusal(answer, 'top');
  if (usual?.status !== undefined)
    return readFailure(definition, { kind: 'http', response: { ...response, status: usual.status } }, batch);
  if (usual !== undefined)
    return decide('reject', 'vendor_rejected', `The vendor answered ${status}, but with a no`, { status });
  if (!parsed.success) {
    const message = `The vendor's ${status} is not the answer it documents`;
    return decide('ambiguous', 'ambiguous_delivery', message, { status, resend: false });
  }
  onReply(parsed.data);
  return accept();
}

/** Of the brackets outside strings. */
function isNestedDeeply(text: string): boolean {
  if (text.length <= mostJsonLevels) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > mostJsonLevels) return true;
  }
  return false;
}

/** `undefined` for an empty body; NaN, which fits no schema, for a body that is not JSON. */
function jsonOf(body: string): unknown {
  if (body.trim() === '') return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return Number.NaN;
  }
}
