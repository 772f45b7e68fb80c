import type { BatchLimits, CdpEvent, Outcome } from '../../index.ts';
import { openKitConnection, withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { variantOf } from '../kit/variants.ts';
import { always, type ScriptedReply } from '../kit/vendor-double.ts';
import { during, must, type Check } from './check.ts';
import { noSuccessForMany, successHoldsForMany } from './success-for-many.ts';

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
      for (const asked of lowered) {
        await during(`limits ${JSON.stringify({ ...limits, ...asked })}`, () =>
          withKitConnection(
            folder,
            always(folder.successReply),
            async (kit) => {
              const outcomes = await kit.deliver(events);
              const lost = outcomes.findIndex(
                (outcome) => 'reason' in outcome && outcome.reason.code === 'internal_error',
              );
              must(lost < 0, `event ${lost} is in no request: a defect`);
              keepsLimits(kit, { ...limits, ...asked });
            },
            // Even where the recorded success does not fit the number of events, none may be sent twice.
            { options: { limits: asked, onAmbiguous: 'report' } },
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
      if (!(await successHoldsForMany(folder))) return noSuccessForMany;
      return (await splitsOn400(folder, size)) ? undefined : 'a 400 does not split a batch of this vendor';
    },
    async run(folder) {
      const size = await fullBatch(folder);
      const events = manyOf(folder, size);
      for (const position of positionsIn(size)) await deliverPoisoned(folder, events, new Set([position]));
      for (const count of [2, 3, 5]) {
        const spread = Array.from({ length: count }, (_, k) => Math.floor((k * size) / count));
        await deliverPoisoned(folder, events, new Set(spread));
      }
    },
  },
];

const mostPositions = 100;

/** Every position of a batch; of a large one the ends and an even spread, because the time is quadratic. */
function positionsIn(size: number): readonly number[] {
  const all = Array.from({ length: size }, (_, position) => position);
  if (size <= mostPositions) return all;
  const step = size / (mostPositions - 20);
  return all.filter((position) => position < 10 || position >= size - 10 || position % step < 1);
}

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

/** Delivers a full batch to a vendor that refuses every request with a poison event in it. */
async function deliverPoisoned(
  folder: ContractFolder,
  events: readonly CdpEvent[],
  poison: ReadonlySet<number>,
): Promise<void> {
  const refuse = (position: number): ScriptedReply =>
    itemsOf(kit, position).some(({ index }) => poison.has(index)) ? { status: 400 } : folder.successReply;
  const kit = openKitConnection(folder, (_request, position) => refuse(position), { unobserved: true });
  try {
    const outcomes = await kit.deliver(events);
    for (const [index, outcome] of outcomes.entries()) assertOutcome(outcome, poison.has(index), index);
    const size = events.length;
    const extra = kit.vendor.requests.length - 1;
    const allowed = 2 * poison.size * Math.ceil(Math.log2(size)) + 1;
    must(
      extra <= allowed,
      `poison at ${[...poison].join(', ')} of ${size}: ${extra} extra requests, ${allowed} allowed`,
    );
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
