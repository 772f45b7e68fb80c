import type { CdpEvent } from '../../index.ts';
import { loadReply, type LoadedCase } from '../kit/case.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { derivedTemplate } from '../kit/derived-template.ts';
import { connectionOf, withKitConnection } from '../kit/kit-connection.ts';
import { isTemplate, namesRefused, type AnsweredItem } from '../kit/reply-template.ts';
import { inOrder, type ScriptedReply } from '../kit/vendor-double.ts';
import { itemsOf, manyOf } from './many-events.ts';
import { answeredCases, successForMany } from './success-for-many.ts';

/**
 * How the vendor's answer to several events names those it refuses, from a reply or derived; `undefined` if unknown.
 */
export async function refusalWithNames(folder: ContractFolder): Promise<ScriptedReply | undefined> {
  // Of any case: where the vendor took none of a request, the events that it does not name are sent again.
  const names = new Set(folder.cases.flatMap(({ replyNames }) => replyNames));
  const template = [...names].map((name) => loadReply(folder.directory, name)).find(namesRefused);
  if (template !== undefined) return template;
  for (const { loaded, reply, items } of await answeredCases(folder)) {
    const kinds = loaded.outcomes.map(({ kind }) => kind);
    if (items.length < 2 || !kinds.includes('delivered') || !kinds.includes('rejected')) continue;
    const derived = derivedTemplate(reply, items);
    if (derived !== undefined && namesRefused(derived)) return derived;
  }
  return undefined;
}

/** One way in which the vendor names the events that it refuses. */
export interface NamedRefusal {
  /** A template. */
  readonly reply: Extract<ScriptedReply, { readonly status: number }>;
  /** The case that has it. */
  readonly name: string;
  /** Whether a case shows that the events without a name are taken; `undefined` if none leaves an event unnamed. */
  readonly takesOthers: boolean | undefined;
  /** The folder with the settings of the case, and an event such as it names. */
  readonly folder: ContractFolder;
}

/** What an answer leaves unnamed is taken if a case shows so; or, where none shows it, if the status is no refusal. */
export const mayTakeOthers = ({ reply, takesOthers }: NamedRefusal): boolean => takesOthers ?? reply.status < 300;

const known = new WeakMap<ContractFolder, Promise<readonly NamedRefusal[]>>();

/** Each way in which recorded answers, with any status, name the events that are refused. */
export function refusalsWithNames(folder: ContractFolder): Promise<readonly NamedRefusal[]> {
  const refusals = known.get(folder) ?? findRefusals(folder);
  known.set(folder, refusals);
  return refusals;
}

/** The most of them that are tried. */
const mostRefusals = 8;

async function findRefusals(folder: ContractFolder): Promise<readonly NamedRefusal[]> {
  const byForm = new Map<string, NamedRefusal>();
  for (const loaded of folder.cases) {
    for (const answer of await answersOf(folder, loaded)) {
      const reply = isTemplate(answer.reply) ? answer.reply : derivedRefusal(answer, loaded);
      if (reply === undefined || !('status' in reply) || !namesRefused(reply)) continue;
      const key = keyOf(reply);
      const same = byForm.get(key);
      const takesOthers = answer.takesOthers || (same?.takesOthers ?? answer.takesOthers);
      const refusal = same ?? { name: loaded.name, reply, folder: await likeCase(folder, loaded, reply, answer.event) };
      byForm.set(key, { ...refusal, takesOthers });
    }
  }
  // A form that no case shows in an answer to several events says nothing of those without a name.
  for (const { name, replyNames } of folder.cases) {
    for (const reply of replyNames.map((file) => loadReply(folder.directory, file))) {
      if (!('status' in reply) || !namesRefused(reply)) continue;
      const key = keyOf(reply);
      if (!byForm.has(key)) byForm.set(key, { name, reply, folder, takesOthers: undefined });
    }
  }
  return [...byForm.values()].slice(0, mostRefusals);
}

/**
 * Of an answer after which others followed only if nothing but its entries names events: not the order of the entries,
 * and not a text of an event, such as that of a device, which other events may share.
 */
function derivedRefusal({ reply, items }: RecordedAnswer, { events, replies }: LoadedCase): ScriptedReply | undefined {
  const derived = derivedTemplate(reply, items);
  if (derived === undefined || !('body' in derived) || replies.length < 2) return derived;
  const { texts, names, forms } = partsOf(derived.body);
  const own = new Set(partsOf(events).texts);
  return forms.every((form) => isNamed.test(form)) && ![...texts, ...names].some((text) => own.has(text))
    ? derived
    : undefined;
}

const isNamed = /\{\{(?:index|position|key|eventId)\}\}/;

interface Parts {
  readonly texts: readonly string[];
  /** Of members. */
  readonly names: readonly string[];
  /** The forms of entries for refused events, as JSON. */
  readonly forms: readonly string[];
}

function partsOf(value: unknown): Parts {
  if (typeof value === 'string') return { texts: [value], names: [], forms: [] };
  if (typeof value !== 'object' || value === null) return { texts: [], names: [], forms: [] };
  const inside = Object.entries(value).map(([name, part]) => ({ name, part, of: partsOf(part) }));
  return {
    texts: inside.flatMap(({ of }) => of.texts),
    names: inside.flatMap(({ name, of }) => [name, ...of.names]),
    forms: inside.flatMap(({ name, part, of }) => (name === 'perRefused' ? [JSON.stringify(part)] : of.forms)),
  };
}

const keyOf = ({ status, body }: NamedRefusal['reply']): string => JSON.stringify([status, body]);

interface RecordedAnswer {
  readonly reply: ScriptedReply;
  readonly items: readonly AnsweredItem[];
  readonly takesOthers: boolean | undefined;
  /** One that it refuses. */
  readonly event: CdpEvent | undefined;
}

/** The answers of a case that refuse some of several events; none if the case goes wrong, which its own check says. */
function answersOf(folder: ContractFolder, loaded: LoadedCase): Promise<readonly RecordedAnswer[]> {
  const { events, replies, replyNames, outcomes } = loaded;
  if (events.length < 2 || !outcomes.some(({ kind }) => kind === 'rejected')) return Promise.resolve([]);
  return withKitConnection(
    folder,
    inOrder(...replies),
    async (kit) => {
      await kit.deliver(events);
      const requests = kit.vendor.requests.map((_, position) => itemsOf(kit, position));
      return requests.flatMap((request, position) => {
        const later = new Set(requests.slice(position + 1).flatMap((items) => items.map(({ index }) => index)));
        const isRefused = (index: number) => outcomes[index]?.kind === 'rejected' && !later.has(index);
        const refused = request.filter(({ index }) => isRefused(index));
        const others = request.filter(({ index }) => !isRefused(index));
        if (request.length < 2 || refused.length === 0) return [];
        // A case with more replies than requests goes wrong: what it delivers was to be sent again.
        const isTaken = ({ index }: { readonly index: number }) =>
          outcomes[index]?.kind === 'delivered' && !later.has(index) && requests.length === replies.length;
        return [
          {
            // As it is in its file: what a template fills in depends on the request.
            reply: loadReply(folder.directory, replyNames[position] ?? ''),
            items: request.map(({ key, eventId, index }) => ({ key, eventId, refused: isRefused(index) })),
            takesOthers: others.length === 0 ? undefined : others.some(isTaken),
            event: events[refused[0]?.index ?? 0],
          },
        ];
      });
    },
    { ...connectionOf(loaded), unobserved: true },
  ).catch(() => []);
}

/**
 * The folder with the settings of the case and the event that its answer refuses, because the answer may be about
 * events of this kind alone. The folder as it is if no success for several such events is recorded, or if the answer
 * names events by a key that copies of this one share.
 */
async function likeCase(
  folder: ContractFolder,
  { config }: LoadedCase,
  reply: ScriptedReply,
  event: CdpEvent | undefined,
): Promise<ContractFolder> {
  if (event === undefined) return folder;
  const like: ContractFolder = { ...folder, config, event };
  if ((await successForMany(like).catch(() => undefined)) === undefined) return folder;
  const named = JSON.stringify(reply).includes('{{key}}');
  return !named || (await haveOwnKeys(like)) ? like : folder;
}

const haveOwnKeys = (folder: ContractFolder): Promise<boolean> =>
  withKitConnection(
    folder,
    () => ({ fault: 'timeout' }),
    async (kit) => {
      await kit.deliver(manyOf(folder, 2));
      return new Set(itemsOf(kit, 0).map(({ key }) => key)).size === 2;
    },
    { options: { onAmbiguous: 'report', retry: { attempts: 1 } }, unobserved: true },
  );
