import { isDeepStrictEqual } from 'node:util';
import type { BatchLimits, CdpEvent, Outcome } from '../../index.ts';
import { openKitConnection, withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { variantOf } from '../kit/variants.ts';
import { always, type ScriptedReply } from '../kit/vendor-double.ts';
import { during, must, type Check } from './check.ts';
import { isObject } from './what-happened.ts';
import { lacksSuccessForMany, refusalWithNames, successForMany } from './success-for-many.ts';

/** How a folder must treat many events at once. */
export const batchChecks: readonly Check[] = [
  {
    title: 'batches: respect the limits by count and bytes, one group and one lane, each event in exactly one request',
    async run(folder) {
      const { limits } = folder.definition.manifest;
      const lowered: readonly Partial<BatchLimits>[] = [
        {},
        { maxItems: 1 },
        ...[2, 3, 7].filter((maxItems) => maxItems < limits.maxItems).map((maxItems) => ({ maxItems })),
        ...[3_000, 5_000, 20_000].filter((maxBytes) => maxBytes < limits.maxBytes).map((maxBytes) => ({ maxBytes })),
      ];
      const events = manyOf(folder, Math.min(120, 2 * limits.maxItems + 3));
      for (const lowerLimits of lowered) {
        await during(`limits ${JSON.stringify({ ...limits, ...lowerLimits })}`, () =>
          withKitConnection(
            folder,
            always(folder.successReply),
            async (kit) => {
              const outcomes = await kit.deliver(events);
              const lost = outcomes.findIndex(
                (outcome) => 'reason' in outcome && outcome.reason.code === 'internal_error',
              );
              must(lost < 0, `event ${lost} is in no request: a defect`);
              keepsLimits(kit, { ...limits, ...lowerLimits });
            },
            // Even where the recorded success does not fit the number of events, none may be sent twice.
            { options: { limits: lowerLimits, onAmbiguous: 'report' } },
          ),
        );
      }
    },
  },
  {
    title:
      'batches: a poison event at any position is rejected alone, and the others are delivered with few extra requests',
    async skipReason(folder) {
      const size = await fullBatch(folder);
      if (size < 2) return 'this vendor gets one event a request';
      return (await splitsOn400(folder, size)) ? undefined : 'a 400 does not split a batch of this vendor';
    },
    lacks: lacksSuccessForMany,
    async run(folder) {
      const size = await fullBatch(folder);
      const vendor = { success: await successForMany(folder), refusal: { status: 400 } };
      const events = manyOf(folder, size);
      for (const poison of [[0], [size - 1], ...spreads(size)]) await deliverPoisoned(folder, vendor, events, poison);
      const fewer = events.slice(0, mostPositions);
      for (const position of fewer.keys()) await deliverPoisoned(folder, vendor, fewer, [position]);
    },
  },
  {
    title:
      'batches: F-41 events that the answer names as refused are rejected, at any position, and the others are delivered',
    async skipReason(folder) {
      if ((await fullBatch(folder)) < 2) return 'this vendor gets one event a request';
      return (await refusalWithNames(folder)) === undefined
        ? 'no recorded answer names the events that are refused: say in a reply how one looks, with perRefused'
        : undefined;
    },
    lacks: lacksSuccessForMany,
    async run(folder) {
      const size = Math.min(await fullBatch(folder), mostNamed);
      const events = manyOf(folder, size);
      const [success, refusal] = [await successForMany(folder), await refusalWithNames(folder)];
      if (refusal === undefined) return;
      const all = Array.from({ length: size }, (_, position) => position);
      for (const poison of [...all.map((position) => [position]), ...spreads(size), all])
        await deliverPoisoned(folder, { success, refusal }, events, poison);
    },
  },
  {
    title: 'batches: F-41 an answer that refuses events, but none of the request, delivers no event of it',
    skipReason: (folder) =>
      refusalsIn(folder).length > 0 ? undefined : 'no recorded answer with a body refuses an event',
    async run(folder) {
      const events = manyOf(folder, 3);
      for (const { name, config, reply } of refusalsIn(folder)) {
        for (const [what, body] of unnamedForms(reply)) {
          await withKitConnection(
            folder,
            (_request, position) => (position === 0 ? { ...reply, body } : { fault: 'timeout' }),
            async (kit) => {
              const outcomes = await kit.deliver(events);
              const delivered = itemsOf(kit, 0).find(({ index }) => outcomes[index]?.kind === 'delivered');
              must(
                delivered === undefined,
                `event ${delivered?.index} is delivered by the answer of case ${name} with ${what}: ${reply.status} ${JSON.stringify(body)}`,
              );
            },
            { config, options: { onAmbiguous: 'report', retry: { attempts: 1 } }, unobserved: true },
          );
        }
      }
    },
  },
];

/** The most events of a request in which culprits are named, because the time is quadratic. */
const mostNamed = 12;

/** Several positions at once, spread over a batch. */
const spreads = (size: number): readonly (readonly number[])[] =>
  [2, 3, 5].map((count) => [...new Set(Array.from({ length: count }, (_, k) => Math.floor((k * size) / count)))]);

interface RecordedRefusal {
  readonly name: string;
  readonly config: unknown;
  readonly reply: { readonly status: number; readonly body?: unknown };
}

/** The answers with a body by which the vendor refuses an event for good, one of each. */
function refusalsIn({ cases }: ContractFolder): readonly RecordedRefusal[] {
  const refusals = new Map<string, RecordedRefusal>();
  for (const { name, config, replies, outcomes } of cases) {
    if (!outcomes.some((outcome) => outcome.kind === 'rejected')) continue;
    for (const reply of replies) {
      // A 2xx refuses something only if nothing else can have done so.
      if (!('status' in reply) || !isObject(reply.body) || (reply.status < 300 && replies.length > 1)) continue;
      // If nothing in it says who is refused, the event was refused before it left.
      if (isDeepStrictEqual(changed(reply.body, foreign), reply.body)) continue;
      refusals.set(`${reply.status} ${JSON.stringify(reply.body)}`, { name, config, reply });
    }
  }
  return [...refusals.values()];
}

/** The same answer about events that were not sent; and, where the status alone says no, about none. */
function unnamedForms({ status, body }: RecordedRefusal['reply']): readonly (readonly [string, unknown])[] {
  const forms: (readonly [string, unknown])[] = [['other names', changed(body, foreign)]];
  if (status >= 300)
    forms.push(['no names', changed(body, (value) => value, [])], ['names left out', changed(body, () => undefined)]);
  return forms;
}

const foreign = (value: string | number): unknown => (typeof value === 'string' ? 'nobody-4711' : 471_100 + value);

/** A copy with the texts and numbers in it changed, and with its lists replaced if that is asked for. */
function changed(value: unknown, change: (value: string | number) => unknown, lists?: readonly unknown[]): unknown {
  if (typeof value === 'string' || typeof value === 'number') return change(value);
  if (Array.isArray(value)) return lists ?? value.map((part) => changed(part, change, lists));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, changed(part, change, lists)]));
}

/** The size of the requests in which every position is tried, because the time is quadratic. */
const mostPositions = 48;

const manyOf = ({ event }: ContractFolder, count: number): readonly CdpEvent[] =>
  Array.from({ length: count }, (_, number) => variantOf(event, number));

function keepsLimits(kit: KitConnection, limits: BatchLimits): void {
  const seen = new Set<number>();
  for (const [position, request] of kit.vendor.requests.entries()) {
    const bytes = Buffer.byteLength(request.text);
    must(bytes <= limits.maxBytes, `request ${position} has ${bytes} bytes`);
    const items = itemsOf(kit, position);
    must(items.length <= limits.maxItems, `request ${position} has ${items.length} items`);
    const [first] = items;
    for (const { index, group, lane } of items) {
      must(group === first?.group && lane === first?.lane, `request ${position} mixes groups or lanes`);
      must(!seen.has(index), `event ${index} is in two requests`);
      seen.add(index);
    }
  }
}

/** The deliveries that request `position` carried. */
function itemsOf(kit: KitConnection, position: number) {
  const batch = kit.observed.batches[kit.vendor.batches[position] ?? -1];
  return batch?.items ?? [];
}

/**
 * How many of this vendor's events fit in one request: the limit by count, or fewer if the limit by bytes is tighter.
 */
async function fullBatch(folder: ContractFolder): Promise<number> {
  const { maxItems } = folder.definition.manifest.limits;
  if (maxItems < 2 || folder.definition.send !== undefined) return 1;
  return withKitConnection(
    folder,
    always(folder.successReply),
    async (kit) => {
      await kit.deliver(manyOf(folder, Math.min(maxItems, 1000)));
      return itemsOf(kit, 0).length;
    },
    { unobserved: true },
  );
}

async function splitsOn400(folder: ContractFolder, size: number): Promise<boolean> {
  return withKitConnection(
    folder,
    (_request, position) => (position === 0 ? { status: 400 } : folder.successReply),
    async (kit) => {
      await kit.deliver(manyOf(folder, size));
      return kit.vendor.requests.length > 1;
    },
    { unobserved: true },
  );
}

interface PoisonedVendor {
  readonly success: ScriptedReply | undefined;
  /** The answer to a request with a poison event in it. */
  readonly refusal: ScriptedReply;
}

/** Delivers a full batch to a vendor that refuses every request with a poison event in it. */
async function deliverPoisoned(
  folder: ContractFolder,
  { success = folder.successReply, refusal }: PoisonedVendor,
  events: readonly CdpEvent[],
  positions: readonly number[],
): Promise<void> {
  const poison = new Set(positions);
  const isPoisoned = (position: number) => itemsOf(kit, position).some(({ index }) => poison.has(index));
  const kit = openKitConnection(folder, (_request, position) => (isPoisoned(position) ? refusal : success), {
    unobserved: true,
    refuses: (index) => poison.has(index),
  });
  try {
    const outcomes = await kit.deliver(events);
    for (const [index, outcome] of outcomes.entries()) assertOutcome(outcome, poison.has(index), index);
    const size = events.length;
    const extra = kit.vendor.requests.length - 1;
    const allowed = 2 * poison.size * Math.ceil(Math.log2(size)) + 1;
    must(extra <= allowed, `poison at ${positions.join(', ')} of ${size}: ${extra} extra requests, ${allowed} allowed`);
  } finally {
    await kit.close();
  }
}

function assertOutcome(outcome: Outcome, poison: boolean, index: number): void {
  const expected = poison ? 'rejected' : 'delivered';
  must(
    outcome.kind === expected,
    `event ${index}, ${poison ? 'the poison' : 'a good one'}, is ${JSON.stringify(outcome)}`,
  );
}
