import type { ConnectionOptions } from '../../../core/index.ts';
import { callNames, loadCall, type LoadedCall } from '../call-case.ts';
import type { LoadedCase } from '../case.ts';
import { withProbe, type Probe } from '../probe.ts';
import type { Subject } from '../subject.ts';
import type { ScriptedReply } from '../vendor-double.ts';
import { must, notRun, type Check } from './check.ts';

/**
 * A vendor answers in a form of its own, and its texts may say anything. Each recorded answer is given again with foreign words in
 * every text of it.
 */
export const plantedChecks: readonly Check[] = [
  {
    title: 'privacy: F-42 words that a vendor puts into its own form show in no message, note, field or signal',
    async run(subject) {
      let answers = 0;
      for (const loaded of subject.cases) {
        for (const planting of plantings) {
          const planter = planterOf(planting);
          const replies = loaded.replies.map((reply) => planted(reply, planter));
          if (planter.count() === 0) continue;
          answers += 1;
          await withCase(subject, loaded, replies, async (probe) => {
            const outcomes = await probe.deliver(loaded.events);
            tellsNoneOf(`case ${loaded.name}`, [outcomes, probe.connection.suspended()], probe);
          });
        }
      }
      for (const name of callNames(subject.directory))
        answers += await plantInCall(subject, loadCall(subject.directory, name));
      if (answers === 0) return notRun('no recorded answer holds a text');
    },
  },
  {
    title: 'privacy: F-42 what a vendor repeats of the event or the settings inside its own form shows nowhere',
    async run(subject) {
      let answers = 0;
      for (const loaded of subject.cases) {
        const known = [...new Set([...textsIn(loaded.config), ...loaded.events.flatMap(personalIn)])].filter(isTelling);
        for (const [spelling, spell] of Object.entries(spellings)) {
          const planter = {
            plant: (text: string) => `${text} ${known.map(spell).join(' ')}`,
            count: () => known.length,
          };
          const replies = loaded.replies.map((reply) => planted(reply, planter));
          if (known.length === 0 || !replies.some((reply) => 'body' in reply)) continue;
          answers += 1;
          await withCase(subject, loaded, replies, async (probe) => {
            const outcomes = await probe.deliver(loaded.events);
            const told = JSON.stringify(
              [outcomes, probe.signals, probe.connection.suspended()],
              (name, value: unknown) => (ownMembers.has(name) ? undefined : value),
            );
            for (const text of known) {
              const shows = told.includes(JSON.stringify(text).slice(1, -1)) || told.includes(spell(text));
              must(!shows, `case ${loaded.name}: what it repeats (${spelling}) shows in an outcome or a signal`);
            }
          });
        }
      }
      if (answers === 0) return notRun('no recorded answer has a body');
    },
  },
];

/** How a foreign word stands in a text of the answer: what a folder reads a text by may be its beginning, its end, or all of it. */
const plantings: readonly ((text: string, word: string) => string)[] = [
  (_, word) => word,
  (text, word) => `${text} ${word}`,
  (text, word) => `${word} ${text}`,
  (text, word) => text.replace(/\w+(?=\W*$)/, word),
];

/** Begins each foreign word; nobody else writes it. */
const foreign = 'Qzxwalrus';

interface Planter {
  plant(text: string): string;
  /** Texts that were planted in. */
  count(): number;
}

function planterOf(planting: (typeof plantings)[number]): Planter {
  let count = 0;
  return { plant: (text) => planting(text, `${foreign}${(count += 1)}`), count: () => count };
}

/** The reply with something in every text of its body, and of its headers but those that say how to read it. */
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

/** The replies in turn, the last one for all that follows. */
function withCase(
  subject: Subject,
  { config, options, now }: Pick<LoadedCase | LoadedCall, 'config' | 'options' | 'now'>,
  replies: readonly ScriptedReply[],
  use: (probe: Probe) => Promise<void>,
): Promise<void> {
  const script = (_: unknown, position: number) => replies[Math.min(position, replies.length - 1)] ?? { status: 500 };
  return withProbe(subject, script, use, {
    config,
    options: options as ConnectionOptions | undefined,
    now: Date.parse(now),
    compressed: true,
  });
}

async function plantInCall(subject: Subject, loaded: LoadedCall): Promise<number> {
  let answers = 0;
  for (const planting of plantings) {
    const planter = planterOf(planting);
    const replies = loaded.replies.map((reply) => planted(reply, planter));
    if (planter.count() === 0) continue;
    answers += 1;
    await withCase(subject, loaded, replies, async (probe) => {
      const { operation, input, confirmed } = loaded;
      const asked = confirmed === undefined ? {} : { confirmed };
      const { connection } = probe;
      const result =
        operation === undefined ? await connection.check() : await connection.call(operation, input, asked);
      tellsNoneOf(`call ${loaded.name}`, result, probe);
    });
  }
  return answers;
}

/** A detail shows the vendor's words, and a reply of a call is what was asked for; nothing else may. */
function tellsNoneOf(where: string, told: unknown, { signals }: Probe): void {
  const text = JSON.stringify([told, signals], (name, value: unknown) =>
    name === 'detail' || name === 'reply' ? undefined : value,
  );
  const at = text.toLowerCase().indexOf(foreign.toLowerCase());
  must(at < 0, `${where}: a word of the answer shows in ...${text.slice(Math.max(0, at - 80), at)}[here]`);
}

/** As vendors repeat what they were sent. */
const spellings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  JSON: (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  HTML: (text) => text.replace(/[^A-Za-z0-9 ]/g, (sign) => `&#${sign.codePointAt(0)};`),
  'percent-encoding twice': (text) => encodeURIComponent(encodeURIComponent(text)),
};

/** Longer than a word that any sentence has. */
const isTelling = (text: string): boolean => text.length >= 6 && /\d|@/.test(text) && text.isWellFormed();

const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

/** What names the person in this event. */
function personalIn(event: unknown): readonly string[] {
  const { context, properties } = event as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  return [context?.['traits'], context?.['ip'], properties?.['email']].flatMap(textsIn);
}

/** The host's id of the event, and a scope, which a folder makes of its settings. */
const ownMembers: ReadonlySet<string> = new Set(['eventId', 'scope']);
