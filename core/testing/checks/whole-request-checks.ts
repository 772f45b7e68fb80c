import type { ContractFolder } from '../kit/contract-folder.ts';
import { openKitConnection, withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { SeenRequest } from '../kit/seen-request.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { during, must, type Check } from './check.ts';
import { deliverPoisoned, fullBatch, isSplit, itemsOf, manyOf, singleEvents } from './many-events.ts';
import { refusalWithNames } from './named-refusals.ts';
import { lacksSuccessForMany, successForMany } from './success-for-many.ts';

/** What a refusal of a whole request may do to the events in it. */
export const wholeRequestChecks: readonly Check[] = [
  {
    title:
      'batches: F-41 a 4xx that names no event rejects none of several: a 400 and a 413 are tried in smaller requests',
    skipReason: singleEvents,
    async run(folder) {
      const events = manyOf(folder, Math.min(await fullBatch(folder), 4));
      for (const refusal of unspecificRefusals(folder)) {
        if (refusal.status !== 413 && wholeRequestReason(folder, refusal.status) !== undefined) continue;
        const words = refusal.body === undefined ? '' : ` ${JSON.stringify(refusal.body)}`;
        await during(`${refusal.status}${words} to ${events.length} events`, () => mustGoOn(folder, refusal, events));
      }
    },
  },
  {
    title: 'batches: F-41 a refusal that a reply calls one of the whole request (wholeRequest) is not split',
    async skipReason(folder) {
      const single = await singleEvents(folder);
      if (single !== undefined) return single;
      return wholeRefusals(folder).length > 0 ? undefined : 'no reply says that its refusal is about the whole request';
    },
    async run(folder) {
      const events = manyOf(folder, Math.min(await fullBatch(folder), 4));
      const naming = await refusalWithNames(folder);
      for (const { name, reply } of wholeRefusals(folder)) {
        must(
          reply.body !== undefined || naming === undefined || !('status' in naming) || naming.status !== reply.status,
          `contract/replies/${name}.json says wholeRequest of every ${reply.status}, but a recorded ${reply.status} names the events that are refused`,
        );
        await withKitConnection(
          folder,
          () => reply,
          async (kit) => {
            await kit.deliver(events);
            must(
              !isSplit(kit),
              `contract/replies/${name}.json says wholeRequest, but the folder tries the events of a ${reply.status} in smaller requests`,
            );
          },
          { options: { onAmbiguous: 'report', retry: { attempts: 2 } }, unobserved: true },
        );
      }
    },
  },
  {
    title:
      'batches: F-41 a vendor that finds requests too large (413) gets smaller ones; only an event that is too large alone is rejected',
    skipReason: singleEvents,
    lacks: lacksSuccessForMany,
    async run(folder) {
      const events = manyOf(folder, Math.min(await fullBatch(folder), mostTooLarge));
      const success = await successForMany(folder);
      for (const mostItems of [1, 3])
        await during(`a vendor that takes ${mostItems} events`, () => mustShrink(folder, events, success, mostItems));
      for (const refusal of tooLargeAnswers(folder)) {
        for (const poison of [0, events.length - 1])
          await deliverPoisoned(folder, { success, refusal }, events, [poison]);
      }
    },
  },
];

/** The most events of a request that is too large, because each may need a request of its own. */
const mostTooLarge = 24;

interface Refusal {
  readonly status: number;
  readonly body?: unknown;
}

/** Statuses that can be the fault of one event. */
const refusingStatuses: readonly number[] = [400, 406, 409, 413, 418, 422, 431];

const unspecificRefusals = (folder: ContractFolder): readonly Refusal[] => [
  ...refusingStatuses.filter((status) => status !== 413).map((status) => ({ status })),
  ...tooLargeAnswers(folder),
];

/** A 413 without a body, and those that are recorded. */
function tooLargeAnswers({ cases }: ContractFolder): readonly Refusal[] {
  const answers = new Map<string, Refusal>([['', { status: 413 }]]);
  for (const reply of cases.flatMap(({ replies }) => replies))
    if ('status' in reply && reply.status === 413 && reply.body !== undefined)
      answers.set(JSON.stringify(reply.body), reply);
  return [...answers.values()];
}

/** The replies that call a refusal one of the whole request. */
function wholeRefusals({ cases }: ContractFolder) {
  const refusals = new Map<
    string,
    { readonly name: string; readonly reply: Refusal & { readonly wholeRequest: string } }
  >();
  for (const { replies, replyNames } of cases) {
    for (const [position, reply] of replies.entries()) {
      const name = replyNames[position] ?? '';
      if ('status' in reply && reply.wholeRequest !== undefined)
        refusals.set(name, { name, reply: { ...reply, wholeRequest: reply.wholeRequest } });
    }
  }
  return [...refusals.values()];
}

/**
 * Where the vendor says that this status, whatever the words, is about the whole request: the `wholeRequest` of a reply
 * without a body. One with a body is about that answer alone.
 */
export const wholeRequestReason = (folder: ContractFolder, status: number): string | undefined =>
  wholeRefusals(folder).find(({ reply }) => reply.status === status && reply.body === undefined)?.reply.wholeRequest;

/** Refuses the first request, and loses the later ones. */
const mustGoOn = (folder: ContractFolder, refusal: Refusal, events: ReturnType<typeof manyOf>): Promise<void> =>
  withKitConnection(
    folder,
    (_request, position): ScriptedReply => (position === 0 ? refusal : { fault: 'timeout' }),
    async (kit) => {
      const outcomes = await kit.deliver(events);
      const split = isSplit(kit);
      if (split) return;
      const lost = itemsOf(kit, 0).find(({ index }) => ['rejected', 'skipped'].includes(outcomes[index]?.kind ?? ''));
      const { status } = refusal;
      const statement =
        status === 413
          ? 'let the house table split it'
          : `let the house table split it; or, if the vendor says that its ${status} is never about one event, say where in a reply with this status, without a body and with "wholeRequest"`;
      must(
        lost === undefined,
        `event ${lost?.index} is ${outcomes[lost?.index ?? 0]?.kind}, though nothing says that it is at fault: ${statement}`,
      );
      must(status !== 400 && status !== 413, `the request is not split, and one event stops the others: ${statement}`);
    },
    { options: { onAmbiguous: 'report', retry: { attempts: 1 } }, unobserved: true },
  );

/** Delivers to a vendor that takes so many events a request and, then, so many bytes. */
async function mustShrink(
  folder: ContractFolder,
  events: ReturnType<typeof manyOf>,
  success: ScriptedReply | undefined,
  mostItems: number,
): Promise<void> {
  let mostBytes = 0;
  const fewEnough = (request: SeenRequest, position: number): boolean => {
    if (itemsOf(kit, position).length > mostItems) return false;
    mostBytes = Math.max(mostBytes, Buffer.byteLength(request.text));
    return true;
  };
  const shortEnough = (request: SeenRequest): boolean => Buffer.byteLength(request.text) <= mostBytes;
  let kit: KitConnection;
  for (const fits of [fewEnough, shortEnough]) {
    kit = openKitConnection(folder, (request, position) => (fits(request, position) ? success : { status: 413 }), {
      unobserved: true,
    });
    try {
      const outcomes = await kit.deliver(events);
      const index = outcomes.findIndex(({ kind }) => kind !== 'delivered');
      must(index < 0, `event ${index} is ${JSON.stringify(outcomes[index])}`);
    } finally {
      await kit.close();
    }
  }
}
