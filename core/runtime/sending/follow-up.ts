import type { HttpResponse } from '../../api/failure.ts';
import { jsonBody } from '../../api/reply-readers.ts';
import { batchOf, type PendingBatch } from '../batching/pending-delivery.ts';
import { concludeRefusal, investigate, sendSmaller } from './investigate.ts';
import { scheduleRetry } from './schedule-retry.ts';
import { waitForScope } from './scope-wait.ts';
import type { Retry, SendingBatch } from './send-run.ts';
import type { Group } from './settle.ts';
import { halved, oneByOne, sendParts, type Step } from './split.ts';
import type { Tries } from './retry-policy.ts';

/** How a batch goes on after an answer: with the same request again, and with parts that have requests of their own. */
export interface FollowUp {
  readonly retry: Retry | undefined;
  readonly parts: readonly Promise<void>[];
}

/** Sends off the parts. In a lane they leave one after the other. */
export function followUp(
  send: SendingBatch,
  { lane }: PendingBatch,
  groups: readonly Group[],
  response: HttpResponse | undefined,
): FollowUp {
  if (lane !== undefined && groups.length > 1) {
    const steps = groups.map((group) => stepOf(send, group, response));
    return { retry: undefined, parts: [oneByOne(send.run, steps)] };
  }
  let retry: Retry | undefined;
  const parts: Promise<void>[] = [];
  for (const group of groups) {
    if (group.kind === 'retry' && group.scope === undefined) retry = scheduleRetry(send.run, send, group);
    else parts.push(stepOf(send, group, response).take());
  }
  return { retry, parts };
}

/** How a group goes on. What its wait pauses is paused at once. */
function stepOf(send: SendingBatch, group: Group, response: HttpResponse | undefined): Step {
  const batch = batchOf(group.deliveries) as PendingBatch;
  // Now: meanwhile the batch may go on, and count.
  const tries = { attempts: send.attempts, failures: send.failures, resends: send.resends };
  switch (group.kind) {
    case 'question':
      return questionStep(send, batch, response);
    case 'resend':
      tries.resends += 1;
      return { batch, take: () => send.sendPart(batch, { tries }) };
    case 'split':
      return { batch, take: () => sendParts(send, halved(batch.items).map(batchOf)) };
    case 'isolate':
      return {
        batch,
        take: () =>
          sendParts(
            send,
            batch.items.map((delivery) => batchOf([delivery])),
          ),
      };
    case 'retry':
      return retryStep(send, group, batch, tries);
  }
}

function retryStep(send: SendingBatch, group: Group, batch: PendingBatch, tries: Tries): Step {
  const { run } = send;
  const retry = scheduleRetry(run, tries, group);
  if (retry === undefined) return { batch, take: () => Promise.resolve() };
  const { scope } = group;
  if (scope === undefined) return { batch, take: () => send.sendPart(batch, { tries, retry }) };
  const pause = { scope, until: run.context.clock.elapsed() + retry.waitMs };
  return { batch, take: () => waitForScope(send, batch, pause, tries) };
}

/** Was it the batch that was refused, or the credentials? What is known already is told at once. */
function questionStep(send: SendingBatch, batch: PendingBatch, response: HttpResponse | undefined): Step {
  const { inquiry } = send.run.context;
  const finding = inquiry.refused(batch.items, send.mark, isPlain(response?.body ?? ''));
  if (finding === 'ask' || finding === 'doubt') return { batch, take: () => investigate(send, batch, finding) };
  if (finding === 'event' && batch.items.length > 1) return { batch, take: () => sendSmaller(send, batch) };
  concludeRefusal(send.run, batch, finding);
  inquiry.concluded();
  return { batch, take: () => Promise.resolve() };
}

/** A vendor says nothing or JSON; a gateway in front of it has a page of its own. */
const isPlain = (body: string): boolean => body.trim() === '' || jsonBody(body) !== undefined;
