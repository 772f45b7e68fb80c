import type { BatchLimits, CdpEvent, Outcome } from '../../../core/index.ts';
import { openProbe, withProbe, type Probe } from '../probe.ts';
import type { Subject } from '../subject.ts';
import { varied } from '../varied.ts';
import { always, type ScriptedReply } from '../vendor-double.ts';
import { during, must, notRun, type Check } from './check.ts';
import { noYesToMany, yesHoldsForMany } from './yes-to-many.ts';

/** What a folder must do with many events at once. */
export const batchChecks: readonly Check[] = [
  {
    title: 'batches: respect the limits by count and bytes, one group and one lane, each event in exactly one request',
    async run(subject) {
      const { limits } = subject.definition.manifest;
      const lowered: readonly Partial<BatchLimits>[] = [
        {},
        { maxItems: 1 },
        ...[2, 3, 7].filter((maxItems) => maxItems < limits.maxItems).map((maxItems) => ({ maxItems })),
        ...[3_000, 5_000, 20_000].filter((maxBytes) => maxBytes < limits.maxBytes).map((maxBytes) => ({ maxBytes })),
      ];
      const events = manyOf(subject, Math.min(120, 2 * limits.maxItems + 3));
      for (const asked of lowered) {
        await during(`limits ${JSON.stringify({ ...limits, ...asked })}`, () =>
          withProbe(
            subject,
            always(subject.yes),
            async (probe) => {
              const outcomes = await probe.deliver(events);
              const lost = outcomes.findIndex(
                (outcome) => 'reason' in outcome && outcome.reason.code === 'internal_error',
              );
              must(lost < 0, `event ${lost} is in no request: a defect`);
              keepsLimits(probe, { ...limits, ...asked });
            },
            // Where the yes does not fit the number of events, none may travel twice all the same.
            { options: { limits: asked, onAmbiguous: 'report' } },
          ),
        );
      }
    },
  },
  {
    title:
      'batches: a poison event at any position is rejected alone, and the others are delivered with few requests more',
    async run(subject) {
      const size = await fullBatch(subject);
      if (size < 2) return notRun('this vendor gets one event a request');
      if (!(await yesHoldsForMany(subject))) return notRun(noYesToMany);
      if (!(await splitsOn400(subject, size))) return notRun('a 400 does not split a batch of this vendor');
      const events = manyOf(subject, size);
      for (const position of positionsIn(size)) await poisoned(subject, events, new Set([position]));
      for (const count of [2, 3, 5]) {
        const spread = Array.from({ length: count }, (_, k) => Math.floor((k * size) / count));
        await poisoned(subject, events, new Set(spread));
      }
    },
  },
];

const mostPositions = 100;

/** Every position of a batch; of a large one the ends and an even spread, because all of them take time by the square. */
function positionsIn(size: number): readonly number[] {
  const all = Array.from({ length: size }, (_, position) => position);
  if (size <= mostPositions) return all;
  const step = size / (mostPositions - 20);
  return all.filter((position) => position < 10 || position >= size - 10 || position % step < 1);
}

const manyOf = ({ event }: Subject, count: number): readonly CdpEvent[] =>
  Array.from({ length: count }, (_, number) => varied(event, number));

function keepsLimits(probe: Probe, limits: BatchLimits): void {
  const seen = new Set<number>();
  for (const [position, request] of probe.vendor.requests.entries()) {
    const bytes = Buffer.byteLength(request.text);
    must(bytes <= limits.maxBytes, `request ${position} has ${bytes} bytes`);
    const items = itemsOf(probe, position);
    must(items.length <= limits.maxItems, `request ${position} has ${items.length} items`);
    const [first] = items;
    for (const { index, group, lane } of items) {
      must(group === first?.group && lane === first?.lane, `request ${position} mixes groups or lanes`);
      must(!seen.has(index), `event ${index} is in two requests`);
      seen.add(index);
    }
  }
}

/** The deliveries request `position` carried. */
function itemsOf(probe: Probe, position: number) {
  const batch = probe.watch.batches[probe.vendor.batches[position] ?? -1];
  return batch?.items ?? [];
}

/** How many of this vendor's events really travel in one request: the limit by count, or less where bytes are the tighter one. */
async function fullBatch(subject: Subject): Promise<number> {
  const { maxItems } = subject.definition.manifest.limits;
  if (maxItems < 2 || subject.definition.request === undefined) return 1;
  return withProbe(
    subject,
    always(subject.yes),
    async (probe) => {
      await probe.deliver(manyOf(subject, Math.min(maxItems, 1000)));
      return itemsOf(probe, 0).length;
    },
    { unwatched: true },
  );
}

async function splitsOn400(subject: Subject, size: number): Promise<boolean> {
  return withProbe(
    subject,
    (_request, position) => (position === 0 ? { status: 400 } : subject.yes),
    async (probe) => {
      await probe.deliver(manyOf(subject, size));
      return probe.vendor.requests.length > 1;
    },
    { unwatched: true },
  );
}

/** One call of a full batch to a vendor that refuses every request with a poison event in it. */
async function poisoned(subject: Subject, events: readonly CdpEvent[], poison: ReadonlySet<number>): Promise<void> {
  const refuse = (position: number): ScriptedReply =>
    itemsOf(probe, position).some(({ index }) => poison.has(index)) ? { status: 400 } : subject.yes;
  const probe = openProbe(subject, (_request, position) => refuse(position), { unwatched: true });
  try {
    const outcomes = await probe.deliver(events);
    for (const [index, outcome] of outcomes.entries()) isJust(outcome, poison.has(index), index);
    const size = events.length;
    const extra = probe.vendor.requests.length - 1;
    const allowed = 2 * poison.size * Math.ceil(Math.log2(size)) + 1;
    must(
      extra <= allowed,
      `poison at ${[...poison].join(', ')} of ${size}: ${extra} requests more, ${allowed} allowed`,
    );
  } finally {
    await probe.close();
  }
}

function isJust(outcome: Outcome, poison: boolean, index: number): void {
  const expected = poison ? 'rejected' : 'delivered';
  must(
    outcome.kind === expected,
    `event ${index}, ${poison ? 'the poison' : 'a good one'}, is ${JSON.stringify(outcome)}`,
  );
}
