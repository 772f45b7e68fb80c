import { houseDecision } from '../api/answers/house-table.ts';
import type { CheckOptions, CheckResult } from '../api/credential-check.ts';
import { accept, decide, type RetryDecision } from '../api/decision.ts';
import type { Batch } from '../api/delivery.ts';
import type { AnyDestination } from '../api/destination.ts';
import type { Exchange } from '../api/failure.ts';
import { jsonValue } from '../api/answers/reply-readers.ts';
import type { SuccessForm } from '../api/answers/success-form.ts';
import { usualRefusal } from '../api/answers/usual-refusal.ts';
import { anAbortSignal, atLeastZero, checkedOptions, someMilliseconds, type OptionTable } from './argument-check.ts';
import type { BoundDestination } from './bind-destination.ts';
import { defect, type ConnectionContext } from './connection-context.ts';
import { refusesCredentials } from './refusing-words.ts';
import { readResponse } from './sending/read-response.ts';
import { sendRequest } from './sending/send-request.ts';
import { unreadable } from './sending/unusable-reply.ts';

const checkOptions: OptionTable<CheckOptions> = { withinMs: someMilliseconds, signal: anAbortSignal };

export const noCheck = 'This destination has no credential check';

const defaultWithinMs = 15_000;

/**
 * Asks the vendor once. An `ok` ends a suspension of the whole connection; scopes stay suspended, because the check
 * says nothing about them. An urgent check goes before all events.
 */
export async function checkCredentials(
  context: ConnectionContext,
  callerOptions?: CheckOptions,
  urgent = false,
): Promise<CheckResult> {
  const options = checkedOptions(callerOptions, checkOptions, 'check()');
  const result = await ask(context, options, urgent).catch((error: unknown): CheckResult => {
    defect(context, 'check', error);
    return {
      kind: 'unreachable',
      reason: { code: 'internal_error', message: 'A defect in the connector stopped the check' },
    };
  });
  context.emit?.({ kind: 'credentials_checked', slug: context.slug, connection: context.id, result: result.kind });
  return result;
}

async function ask(context: ConnectionContext, options: CheckOptions, urgent: boolean): Promise<CheckResult> {
  const { check, settings, prepared } = context.vendor;
  if (check === undefined) return { kind: 'unsupported', message: noCheck };
  if ('none' in check) return { kind: 'unsupported', message: check.none };
  const request = check.request(settings, prepared, { now: context.clock.now() });
  const withinMs = atLeastZero(options.withinMs ?? defaultWithinMs, defaultWithinMs);
  const result = await sendRequest(context, {
    request,
    onAmbiguous: 'report',
    attempts: 1,
    urgent,
    withinMs: urgent ? Math.min(withinMs, defaultWithinMs) : withinMs,
    signal: options.signal,
    judge: (answer, batch) =>
      answer.kind === 'response'
        ? judge(context, check, { request, response: answer.response }, batch)
        : houseDecision(answer),
  });
  if (result.kind === 'accepted') {
    context.suspensions.liftWhole();
    context.inquiry.accept();
    return { kind: 'ok', proves: check.proves };
  }
  return { kind: result.kind === 'refused' ? 'refused' : 'unreachable', reason: result.reason };
}

type Asking = Extract<AnyDestination['check'], { readonly ok: unknown }>;

/**
 * Decides what an answer proves. It is read like the answer to an event; a web page does not count as the vendor's
 * word.
 */
function judge(context: ConnectionContext, check: Asking, exchange: Exchange, batch: Batch<unknown>): RetryDecision {
  const handler = context.vendor.response;
  const { ok, refused, success } = check;
  const { response } = exchange;
  const { status, body, cut } = response;
  // A 401 is about the credentials, even with a gateway's page as its body.
  if (status === 401 && refused.includes(status)) return credentialsRefused(status);
  const unread = ok.includes(status) ? unreadable(response) : undefined;
  if (unread !== undefined) return unread;
  const answer = body.trim() === '' ? undefined : jsonValue(body);
  if (cut === true || (body.trim() !== '' && answer === undefined)) return withoutProof(status, 'is no JSON');
  if (refused.includes(status)) return credentialsRefused(status);
  const saysRefused = status < 500 && status !== 429 && refusesCredentials(answer);
  if (saysRefused || refusedByFolder(handler, exchange, batch)) return credentialsRefused(status);
  if (!ok.includes(status)) return withoutProof(status, 'does not say whether it takes the credentials');
  return status >= 300 || passes(success === undefined ? handler : withSuccess(handler, success), exchange, batch)
    ? accept()
    : withoutProof(status, 'is not what a yes looks like');
}

type Handler = BoundDestination['response'];

/** The same handler with another form of success. */
const withSuccess = (handler: Handler, success: readonly SuccessForm[]): Handler => ({
  classifyError: (failure, event) => handler.classifyError(failure, event),
  success,
});

const credentialsRefused = (status: number): RetryDecision =>
  decide('suspend', 'unauthorized', `The vendor refused the credentials (${status})`, { status });

const withoutProof = (status: number, why: string): RetryDecision =>
  decide('retry', 'vendor_unavailable', `The vendor's ${status} ${why}`, { status });

/**
 * Reads the answer as if it were to an event. A folder may look for the event and throw: then the answer proves
 * nothing.
 */
function readAsEvent(handler: Handler, exchange: Exchange, batch: Batch<unknown>): RetryDecision | undefined {
  const { response } = exchange;
  try {
    // readReply() is not called for failures: its verdicts are about events, and there is no event.
    if (response.status >= 300) return handler.classifyError({ kind: 'http', response }, batch);
    if (usualRefusal(jsonValue(response.body)) !== undefined) {
      const refusal = handler.readRefusal?.(response, batch, true);
      return refusal?.kind === 'accept' ? undefined : refusal;
    }
    const reply = readResponse(handler, exchange, batch);
    return reply.kind === 'settled' ? reply.decisions[0] : handler.classifyError(reply.failure, batch);
  } catch {
    return undefined;
  }
}

function refusedByFolder(handler: Handler, exchange: Exchange, batch: Batch<unknown>): boolean {
  const decision = readAsEvent(handler, exchange, batch);
  return decision?.kind === 'suspend' && decision.reason.code === 'unauthorized';
}

/** A dry run that validates counts as success as well. */
function passes(handler: Handler, exchange: Exchange, batch: Batch<unknown>): boolean {
  const decision = readAsEvent(handler, exchange, batch);
  return decision?.kind === 'accept' || (decision?.kind === 'skip' && decision.reason.code === 'validated_only');
}
