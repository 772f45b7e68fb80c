import { isDeepStrictEqual } from 'node:util';
import type { BatchLimits } from '../../index.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { always } from '../kit/vendor-double.ts';
import { during, must, type Check } from './check.ts';
import { isObject } from './what-happened.ts';
import { deliverPoisoned, fullBatch, itemsOf, manyOf, singleEvents, spreads } from './many-events.ts';
import { refusalsWithNames, refusalWithNames } from './named-refusals.ts';
import { lacksSuccessForMany, successForMany } from './success-for-many.ts';
import { lacksRefusalWithNames } from './verdicts-for-each.ts';
import { wholeRequestReason } from './whole-request-checks.ts';

/** How a folder must treat many events at once. */
export const batchChecks: readonly Check[] = [
  {
    title:
      'batches: respect the limits by count and bytes, one group and the same lanes, each event in exactly one request',
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
      const single = await singleEvents(folder);
      if (single !== undefined) return single;
      const whole = wholeRequestReason(folder, 400);
      return whole === undefined ? undefined : `a 400 of this vendor is about the whole request: ${whole}`;
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
      const single = await singleEvents(folder);
      if (single !== undefined || (await refusalWithNames(folder)) !== undefined) return single;
      return (await lacksRefusalWithNames(folder)) === undefined
        ? 'no recorded answer has a verdict for each event'
        : undefined;
    },
    lacks: async (folder) => (await lacksRefusalWithNames(folder)) ?? (await lacksSuccessForMany(folder)),
    async run(folder) {
      for (const { name, reply, folder: like } of await refusalsWithNames(folder)) {
        const size = Math.min(await fullBatch(like), mostNamed);
        const vendor = { success: await successForMany(like), refusal: reply };
        const events = manyOf(like, size);
        const all = Array.from({ length: size }, (_, position) => position);
        await during(`a ${reply.status} as in case ${name}`, async () => {
          for (const poison of [...all.map((position) => [position]), ...spreads(size), all])
            await deliverPoisoned(like, vendor, events, poison);
        });
      }
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

function keepsLimits(kit: KitConnection, limits: BatchLimits): void {
  const seen = new Set<number>();
  for (const [position, request] of kit.vendor.requests.entries()) {
    const bytes = Buffer.byteLength(request.text);
    must(bytes <= limits.maxBytes, `request ${position} has ${bytes} bytes`);
    const items = itemsOf(kit, position);
    must(items.length <= limits.maxItems, `request ${position} has ${items.length} items`);
    const [first] = items;
    for (const { index, group, lanes } of items) {
      must(
        group === first?.group && isDeepStrictEqual(new Set(lanes), new Set(first?.lanes)),
        `request ${position} mixes groups or lanes`,
      );
      must(!seen.has(index), `event ${index} is in two requests`);
      seen.add(index);
    }
  }
}
