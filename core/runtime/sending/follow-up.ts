import type { HttpResponse } from '../../api/failure.ts';
import { jsonBody } from '../../api/answers/reply-readers.ts';
import { batchOf, type PendingBatch } from '../batching/pending-delivery.ts';
import { concludeRefusal, investigate, sendSmaller } from './investigate.ts';
import type { Tries } from './retry-policy.ts';
import { scheduleRetry } from './schedule-retry.ts';
import { waitForScope } from './scope-wait.ts';
import type { Retry, SendingBatch } from './send-run.ts';
import type { OpenItems } from './settle.ts';
import { halved, takeInOrder, sendParts, type Step } from './split.ts';

/** How a batch continues after an answer: by a retry of the same request, and by parts with requests of their own. */
export interface FollowUp {
  readonly retry: Retry | undefined;
  readonly parts: readonly Promise<void>[];
}

/** Starts the parts of a batch. In lanes they are sent one after another. */
export function followUp(
  send: SendingBatch,
  { lanes }: PendingBatch,
  groups: readonly OpenItems[],
  response: HttpResponse | undefined,
): FollowUp {
  if (lanes !== undefined && groups.length > 1) {
    const steps = groups.map((group) => stepOf(send, group, response));
    return { retry: undefined, parts: [takeInOrder(send.run, steps)] };
  }
  let retry: Retry | undefined;
  const parts: Promise<void>[] = [];
  for (const group of groups) {
    if (group.kind === 'retry' && group.scope === undefined) retry = scheduleRetry(send.run, send, group);
    else parts.push(stepOf(send, group, response).take());
  }
  return { retry, parts };
}

/** The next step of a group. A scope that it has to wait for is paused at once. */
function stepOf(send: SendingBatch, group: OpenItems, response: HttpResponse | undefined): Step {
  const batch = batchOf(group.deliveries) as PendingBatch;
  // Copied now, because the batch may continue and count meanwhile.
  const tries = { attempts: send.attempts, failures: send.failures, resends: send.resends };
  switch (group.kind) {
    case 'question':
      return questionStep(send, batch, response);
    case 'resend':
      tries.resends += 1;
      return { batch, take: () => send.continuePart(batch, { tries }) };
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

function retryStep(send: SendingBatch, group: OpenItems, batch: PendingBatch, tries: Tries): Step {
  const { run } = send;
  const retry = scheduleRetry(run, tries, group);
  if (retry === undefined) return { batch, take: () => Promise.resolve() };
  const { scope } = group;
  if (scope === undefined) return { batch, take: () => send.continuePart(batch, { tries, retry }) };
  const pause = { scope, until: run.context.clock.elapsed() + retry.waitMs };
  return { batch, take: () => waitForScope(send, batch, pause, tries) };
}

/** Asks whether the vendor refuses the batch or the credentials. Settles at once what is known already. */
function questionStep(send: SendingBatch, batch: PendingBatch, response: HttpResponse | undefined): Step {
  const { inquiry } = send.run.context;
  const finding = inquiry.refused(batch.items, send.mark, isPlain(response?.body ?? ''));
  if (finding === 'ask' || finding === 'doubt') return { batch, take: () => investigate(send, batch, finding) };
  if (finding === 'event' && batch.items.length > 1) return { batch, take: () => sendSmaller(send, batch) };
  concludeRefusal(send.run, batch, finding);
  inquiry.concluded();
  return { batch, take: () => Promise.resolve() };
}

/** A vendor sends JSON or an empty body; a gateway in front of it sends a page of its own. */
const isPlain = (body: string): boolean => body.trim() === '' || jsonBody(body) !== undefined;
