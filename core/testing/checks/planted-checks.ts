import type { ConnectionOptions } from '../../index.ts';
import { callNames, loadCall, type LoadedCall } from '../kit/call-case.ts';
import type { LoadedCase } from '../kit/case.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { must, type Check } from './check.ts';

/**
 * A vendor's answer has the vendor's own form, and its texts may say anything. Each recorded answer is replayed with
 * foreign words in every text.
 */
export const plantedChecks: readonly Check[] = [
  {
    title: 'privacy: F-42 words that a vendor puts into its own form show in no message, note, field or signal',
    skipReason: (folder) =>
      [...folder.cases, ...callsOf(folder)].some(({ replies }) => replies.some(holdsText))
        ? undefined
        : 'no recorded answer holds a text',
    async run(folder) {
      for (const loaded of folder.cases) {
        for (const planting of plantings) {
          const planter = planterOf(planting);
          const replies = loaded.replies.map((reply) => planted(reply, planter));
          if (planter.count() === 0) continue;
          await withCase(folder, loaded, replies, async (kit) => {
            const outcomes = await kit.deliver(loaded.events);
            assertNotShown(`case ${loaded.name}`, [outcomes, kit.connection.suspended()], kit);
          });
        }
      }
      for (const loaded of callsOf(folder)) await plantInCall(folder, loaded);
    },
  },
  {
    title: 'privacy: F-42 what a vendor repeats of the event or the settings inside its own form shows nowhere',
    skipReason: ({ cases }) =>
      cases.some(({ replies }) => replies.some((reply) => 'body' in reply))
        ? undefined
        : 'no recorded answer has a body',
    async run(folder) {
      for (const loaded of folder.cases) {
        const texts = [...textsIn(loaded.config), ...loaded.events.flatMap(personalIn)];
        const known = [...new Set(texts)].filter(isDistinct);
        for (const [spelling, spell] of Object.entries(spellings)) {
          const planter = {
            plant: (text: string) => `${text} ${known.map(spell).join(' ')}`,
            count: () => known.length,
          };
          const replies = loaded.replies.map((reply) => planted(reply, planter));
          if (known.length === 0 || !replies.some((reply) => 'body' in reply)) continue;
          await withCase(folder, loaded, replies, async (kit) => {
            const outcomes = await kit.deliver(loaded.events);
            const shown = JSON.stringify([outcomes, kit.signals, kit.connection.suspended()], (name, value: unknown) =>
              ownMembers.has(name) ? undefined : value,
            );
            const rewritten = lettersOf(shown);
            for (const text of known) {
              const shows =
                (lettersOf(text).length >= 10 && rewritten.includes(lettersOf(text))) ||
                shown.includes(JSON.stringify(text).slice(1, -1)) ||
                shown.includes(spell(text));
              must(!shows, `case ${loaded.name}: what it repeats (${spelling}) shows in an outcome or a signal`);
            }
          });
        }
      }
    },
  },
];

/** Where a foreign word goes in a text: a folder may recognise a text by its beginning, its end, or all of it. */
const plantings: readonly ((text: string, word: string) => string)[] = [
  (_, word) => word,
  (text, word) => `${text} ${word}`,
  (text, word) => `${word} ${text}`,
  (text, word) => text.replace(/\w+(?=\W*$)/, word),
];

/** The beginning of each foreign word; it occurs nowhere else. */
const foreign = 'Qzxwalrus';

interface Planter {
  plant(text: string): string;
  /** How many texts got a foreign word. */
  count(): number;
}

function planterOf(planting: (typeof plantings)[number]): Planter {
  let count = 0;
  return { plant: (text) => planting(text, `${foreign}${(count += 1)}`), count: () => count };
}

/** The reply with a foreign word in every text of its body and its headers, except headers that say how to read it. */
function planted(reply: ScriptedReply, planter: Planter): ScriptedReply {
  if ('fault' in reply) return reply;
  const { status, body, headers = {} } = reply;
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    /^(?:content-type|retry-after)$/i.test(name) ? value : planter.plant(value),
  ]);
  return {
    status,
    headers: Object.fromEntries(entries) as Record<string, string>,
    ...(body === undefined ? {} : { body: plantedIn(body, planter) }),
  };
}

function plantedIn(value: unknown, planter: Planter): unknown {
  if (typeof value === 'string') return planter.plant(value);
  if (Array.isArray(value)) return value.map((part) => plantedIn(part, planter));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plantedIn(part, planter)]));
}

const callsOf = ({ directory }: ContractFolder): readonly LoadedCall[] =>
  callNames(directory).map((name) => loadCall(directory, name));

/** Whether a foreign word can be planted in it. */
function holdsText(reply: ScriptedReply): boolean {
  const planter = planterOf((_, word) => word);
  planted(reply, planter);
  return planter.count() > 0;
}

/** Answers with the replies in order, then with the last one. */
function withCase<R>(
  folder: ContractFolder,
  { config, options, now }: Pick<LoadedCase | LoadedCall, 'config' | 'options' | 'now'>,
  replies: readonly ScriptedReply[],
  use: (kit: KitConnection) => Promise<R>,
): Promise<R> {
  const script = (_: unknown, position: number) => replies[Math.min(position, replies.length - 1)] ?? { status: 500 };
  return withKitConnection(folder, script, use, {
    config,
    options: options as ConnectionOptions | undefined,
    now: Date.parse(now),
    compressed: true,
  });
}

async function plantInCall(folder: ContractFolder, loaded: LoadedCall): Promise<void> {
  for (const planting of plantings) {
    const planter = planterOf(planting);
    const replies = loaded.replies.map((reply) => planted(reply, planter));
    if (planter.count() === 0) continue;
    await withCase(folder, loaded, replies, async (kit) => {
      const { operation, input, confirmed } = loaded;
      const callOptions = confirmed === undefined ? {} : { confirmed };
      const { connection } = kit;
      const result =
        operation === undefined ? await connection.check() : await connection.call(operation, input, callOptions);
      assertNotShown(`call ${loaded.name}`, result, kit);
    });
  }
}

/** Only a detail, which shows the vendor's words, and the reply of a call may have them. */
function assertNotShown(where: string, shown: unknown, { signals }: KitConnection): void {
  const text = JSON.stringify([shown, signals], (name, value: unknown) =>
    name === 'detail' || name === 'reply' ? undefined : value,
  );
  const at = text.toLowerCase().indexOf(foreign.toLowerCase());
  must(at < 0, `${where}: a word of the answer shows in ...${text.slice(Math.max(0, at - 80), at)}[here]`);
}

/** A text without signs and in one case, as a folder may rewrite it. */
const lettersOf = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/** The ways in which vendors repeat what they were sent. */
const spellings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  JSON: (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  HTML: (text) => text.replace(/[^A-Za-z0-9 ]/g, (sign) => `&#${sign.codePointAt(0)};`),
  'percent-encoding twice': (text) => encodeURIComponent(encodeURIComponent(text)),
};

/** Distinct enough not to occur in a sentence by chance. */
const isDistinct = (text: string): boolean => text.length >= 6 && /\d|@/.test(text) && text.isWellFormed();

const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

/** What names the person in this event. */
function personalIn(event: unknown): readonly string[] {
  const { context, properties } = event as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  return [context?.['traits'], context?.['ip'], properties?.['email']].flatMap(textsIn);
}

/** The host's own event id, and a scope, which a folder derives from its settings. */
const ownMembers: ReadonlySet<string> = new Set(['eventId', 'scope']);
