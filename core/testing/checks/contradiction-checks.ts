import type { ContractFolder } from '../kit/contract-folder.ts';
import { withKitConnection } from '../kit/kit-connection.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { must, type Check } from './check.ts';
import { fullBatch, itemsOf, manyOf, singleEvents } from './many-events.ts';
import { mayTakeOthers, refusalsWithNames, refusalWithNames, type NamedRefusal } from './named-refusals.ts';
import { isObject } from './what-happened.ts';

/** What a folder must not make of an answer that contradicts itself. */
export const contradictionChecks: readonly Check[] = [
  {
    title:
      'batches: F-41 an answer that refuses some by name, but counts others or gives a name of another event, delivers none',
    async skipReason(folder) {
      const single = await singleEvents(folder);
      if (single !== undefined) return single;
      if ((await refusalWithNames(folder)) === undefined) return 'no recorded answer names the events that are refused';
      return (await refusalsWithNames(folder)).some(({ reply }) => contradictions(reply, 3).length > 0)
        ? undefined
        : 'the answer that names the refused events has no count of them, and one name for each';
    },
    async run(folder) {
      for (const { reply, folder: like } of await refusalsWithNames(folder)) {
        const events = manyOf(like, Math.min(await fullBatch(like), 3));
        for (const answer of contradictions(reply, events.length)) {
          const { index, answered } = (await deliveredBy(like, answer, events)) ?? {};
          must(
            index === undefined,
            `event ${index} is delivered by an answer to ${events.length} events that contradicts itself: ${answered}`,
          );
        }
      }
    },
  },
  {
    title:
      'batches: F-41 what an answer that refuses events by name leaves unnamed is delivered by it only if a case shows so',
    async skipReason(folder) {
      const single = await singleEvents(folder);
      if (single !== undefined) return single;
      return (await untaken(folder)).length > 0 ? undefined : 'every recorded answer that names some takes the others';
    },
    async run(folder) {
      for (const { name, reply, takesOthers, folder: like } of await untaken(folder)) {
        const events = manyOf(like, Math.min(await fullBatch(like), 3));
        const { index, answered } = (await deliveredBy(like, reply, events)) ?? {};
        const why = takesOthers === false ? `in case ${name} it is sent again` : 'no case has an event that it takes';
        must(
          index === undefined,
          `event ${index} is delivered by a refusal that names event 1 alone, but ${why}: ${answered}`,
        );
      }
    },
  },
];

const untaken = async (folder: ContractFolder): Promise<readonly NamedRefusal[]> =>
  (await refusalsWithNames(folder)).filter((refusal) => !mayTakeOthers(refusal));

/** The first event that this answer to all of them, which refuses event 1, delivers; later requests get none. */
const deliveredBy = (folder: ContractFolder, answer: ScriptedReply, events: ReturnType<typeof manyOf>) =>
  withKitConnection(
    folder,
    (_request, position) => (position === 0 ? answer : { fault: 'timeout' }),
    async (kit) => {
      const outcomes = await kit.deliver(events);
      const delivered = itemsOf(kit, 0).find(({ index }) => outcomes[index]?.kind === 'delivered');
      return delivered && { index: delivered.index, answered: JSON.stringify(kit.vendor.replies[0]) };
    },
    {
      options: { onAmbiguous: 'report', retry: { attempts: 1 } },
      refuses: (index) => index === 1,
      unobserved: true,
    },
  );

/**
 * The answer to so many events of which one is refused, with one count of it one too high or too low; or, where an
 * entry names its event twice, by its place and by its id, with the id of nobody. Only a number that follows the number
 * of events is a count.
 */
function contradictions(refusal: ScriptedReply, events: number): readonly ScriptedReply[] {
  if (!('status' in refusal)) return [];
  const counts = new Map([
    ['{{n}}', events],
    ['{{accepted}}', events - 1],
    ['{{refused}}', 1],
  ]);
  const miscounted = variants(refusal.body, (text) =>
    [...counts].flatMap(([placeholder, count]) => {
      if (!text.includes(placeholder)) return [];
      return [count - 1, count + 1].map((off) => (text === placeholder ? off : text.replace(placeholder, String(off))));
    }),
  );
  return [...miscounted, ...misnamed(refusal.body)].map((body) => ({ ...refusal, body }));
}

const isPlace = /\{\{(?:index|position)\}\}/;
const isId = /\{\{(?:key|eventId)\}\}/;

/** Copies of the body in which an entry has the place of its event and another id. */
function misnamed(body: unknown): readonly unknown[] {
  const text = JSON.stringify(entryForms(body)) ?? '';
  if (!isPlace.test(text)) return [];
  return variants(body, (part) => (isId.test(part) ? [part.replace(isId, 'nobody-4711')] : []), 'perRefused');
}

/** Every form of an entry for a refused event. */
function entryForms(value: unknown): readonly unknown[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, part]) => (name === 'perRefused' ? [part] : entryForms(part)));
}

/** Copies of the value, each with one of its texts changed; only texts inside members of that name, if one is given. */
function variants(
  value: unknown,
  change: (text: string) => readonly (string | number)[],
  inside?: string,
): readonly unknown[] {
  if (typeof value === 'string') return inside === undefined ? change(value) : [];
  if (Array.isArray(value))
    return value.flatMap((part, index) => variants(part, change, inside).map((other) => value.with(index, other)));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, part]) =>
    variants(part, change, name === inside ? undefined : inside).map((other) => ({ ...value, [name]: other })),
  );
}
