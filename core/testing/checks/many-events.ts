import type { CdpEvent, Outcome } from '../../index.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { openKitConnection, withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import { variantOf } from '../kit/variants.ts';
import { always, type ScriptedReply } from '../kit/vendor-double.ts';
import { must } from './check.ts';

/** So many events, each as if from another person. */
export const manyOf = ({ event }: ContractFolder, count: number): readonly CdpEvent[] =>
  Array.from({ length: count }, (_, number) => variantOf(event, number));

/** The deliveries that request `position` carried. */
export function itemsOf(kit: KitConnection, position: number) {
  const batch = kit.observed.batches[kit.vendor.batches[position] ?? -1];
  return batch?.items ?? [];
}

/** Why a check of several events in a request does not apply; `undefined` if the vendor gets several. */
export async function singleEvents(folder: ContractFolder): Promise<string | undefined> {
  if (folder.definition.send !== undefined) return 'this folder sends by itself (send)';
  return (await fullBatch(folder)) < 2 ? 'this vendor gets one event a request' : undefined;
}

const sizes = new WeakMap<ContractFolder, Promise<number>>();

/**
 * How many of this vendor's events fit in one request: the limit by count, or fewer if the limit by bytes is tighter.
 */
export function fullBatch(folder: ContractFolder): Promise<number> {
  const size = sizes.get(folder) ?? findFullBatch(folder);
  sizes.set(folder, size);
  return size;
}

async function findFullBatch(folder: ContractFolder): Promise<number> {
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

/** Several positions at once, spread over a batch. */
export const spreads = (size: number): readonly (readonly number[])[] =>
  [2, 3, 5].map((count) => [...new Set(Array.from({ length: count }, (_, k) => Math.floor((k * size) / count)))]);

/** Whether a later request carried fewer events of the first one: the refusal of it was split. */
export function isSplit(kit: KitConnection): boolean {
  const first = itemsOf(kit, 0);
  return kit.vendor.requests.some((_, position) => {
    const { length } = itemsOf(kit, position);
    return position > 0 && length > 0 && length < first.length;
  });
}

interface PoisonedVendor {
  readonly success: ScriptedReply | undefined;
  /** The answer to a request with a poison event in it. */
  readonly refusal: ScriptedReply;
}

/** Delivers a full batch to a vendor that refuses every request with a poison event in it. */
export async function deliverPoisoned(
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
