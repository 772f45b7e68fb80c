import { callNames, loadCall, type LoadedCall } from '../kit/call-case.ts';
import { loadReply, type LoadedCase } from '../kit/case.ts';
import { connectionOf, withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { plantedApart, plantedReplies, textsOf, type Planting } from '../kit/planted-replies.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { settingsSchema } from '../kit/settings.ts';
import { must, type Check } from './check.ts';

/**
 * A vendor's answer has the vendor's own form, and its texts may say anything. Each recorded answer is replayed with
 * foreign words in every text at once, and in one text at a time: a folder that compares an id or a status first reads
 * on only if that is right.
 */
export const plantedChecks: readonly Check[] = [
  {
    title: 'privacy: F-42 words that a vendor puts into its own form show in no message, note, field or signal',
    skipReason: (folder) =>
      [...folder.cases, ...callsOf(folder)].some(({ replies }) => textsOf(replies).length > 0)
        ? undefined
        : 'no recorded answer holds a text',
    async run(folder) {
      for (const { loaded, replies } of plantedCases(folder, foreignWords)) {
        await withCase(folder, loaded, replies, async (kit) => {
          const outcomes = await kit.deliver(loaded.events);
          assertNotShown(`case ${loaded.name}`, [outcomes, kit.connection.suspended()], kit);
        });
      }
      const isNew = firstOfItsKind();
      for (const loaded of callsOf(folder)) {
        const { operation, replyNames, result } = loaded;
        await plantInCall(folder, loaded, isNew([operation, replyNames, result.kind]));
      }
    },
  },
  {
    title: 'privacy: F-42 what a vendor repeats of the event or the settings inside its own form shows nowhere',
    skipReason: ({ cases }) =>
      cases.some(({ replies }) => textsOf(replies).length > 0) ? undefined : 'no recorded answer holds a text',
    async run(folder) {
      for (const [spelling, spell] of Object.entries(spellings)) {
        const repeats = (loaded: LoadedCase): readonly Planting[] => {
          const known = privateTextsIn(folder, loaded);
          return known.length === 0 ? [] : [(text) => `${text} ${known.map((one) => spell(one.text)).join(' ')}`];
        };
        for (const { loaded, replies } of plantedCases(folder, repeats)) {
          const known = privateTextsIn(folder, loaded);
          await withCase(folder, loaded, replies, async (kit) => {
            const outcomes = await kit.deliver(loaded.events);
            const shown = shownIn({ outcomes, signals: kit.signals, suspended: kit.connection.suspended() }, []);
            for (const { path, text } of known) {
              const place = shown.find(
                (leaf) => !ownMembers.has(leaf.path.at(-1) ?? '') && repeatsText(leaf.text, text, spell),
              );
              must(
                place === undefined,
                `case ${loaded.name}: what it repeats (${spelling}) shows in an outcome or a signal: ${path.join('.')}, in ${place?.path.join('.')}`,
              );
            }
          });
        }
      }
    },
  },
];

/** A case, and the answers that its vendor gives instead of those recorded. */
interface PlantedCase {
  readonly loaded: LoadedCase;
  readonly replies: readonly ScriptedReply[];
}

/** Every case with its texts changed at once; and one at a time, once for the same answers and the same outcomes. */
function plantedCases(
  folder: ContractFolder,
  plantingsFor: (loaded: LoadedCase) => readonly Planting[],
): readonly PlantedCase[] {
  const isNew = firstOfItsKind();
  return folder.cases.flatMap((loaded) => {
    if (textsOf(loaded.replies).length === 0) return [];
    // As they are in their files: the ids of a template are filled in when the request is there.
    const recorded = isNew([loaded.replyNames, loaded.outcomes.map(({ kind }) => kind)])
      ? loaded.replyNames.map((name) => loadReply(folder.directory, name))
      : [];
    return plantingsFor(loaded).flatMap((planting) =>
      [plantedReplies(loaded.replies, planting), ...plantedApart(recorded, planting)].map((replies) => ({
        loaded,
        replies,
      })),
    );
  });
}

function firstOfItsKind(): (kind: unknown) => boolean {
  const seen = new Set<string>();
  return (kind) => seen.size < seen.add(JSON.stringify(kind)).size;
}

/** A text, and where it stands. */
interface Leaf {
  readonly path: readonly string[];
  readonly text: string;
}

/** What of the settings and the event a vendor may repeat, and nobody else may see. */
const privateTextsIn = (folder: ContractFolder, { config, events }: LoadedCase): readonly Leaf[] => {
  const all = [...settingsIn(folder, config), ...events.flatMap(personalIn)].filter(({ text }) => isDistinct(text));
  return [...new Map(all.map((leaf) => [leaf.text, leaf])).values()];
};

/** Those that the schema lists itself, such as the region of an account, are public. */
function settingsIn({ definition }: ContractFolder, config: unknown): readonly Leaf[] {
  const listed = listedTexts(settingsSchema(definition));
  return leavesIn(config, ['config']).filter(({ text }) => !listed.has(text));
}

const known = new WeakMap<object, ReadonlySet<string>>();

/** The texts that a schema takes literally. */
function listedTexts(schema: object): ReadonlySet<string> {
  const listed = known.get(schema) ?? new Set(literalsIn(schema));
  known.set(schema, listed);
  return listed;
}

const literalsIn = (schema: unknown): readonly string[] =>
  typeof schema !== 'object' || schema === null
    ? []
    : Object.entries(schema).flatMap(([word, part]) =>
        word === 'enum' || word === 'const' ? leavesIn(part, []).map(({ text }) => text) : literalsIn(part),
      );

/** Whether the text is shown as it is, in the vendor's spelling or rewritten. */
const repeatsText = (shown: string, text: string, spell: (text: string) => string): boolean =>
  (lettersOf(text).length >= 10 && lettersOf(shown).includes(lettersOf(text))) ||
  shown.includes(text) ||
  shown.includes(spell(text));

/** Where a foreign word goes in a text: a folder may recognise a text by its beginning, its end, or all of it. */
const plantings: readonly ((text: string, word: string) => string)[] = [
  (_, word) => word,
  (text, word) => `${text} ${word}`,
  (text, word) => `${word} ${text}`,
  (text, word) => text.replace(/\w+(?=\W*$)/, word),
];

/** The beginning of each foreign word; it occurs nowhere else. */
const foreign = 'Qzxwalrus';

const foreignWords = (): readonly Planting[] =>
  plantings.map((planting) => (text, number) => planting(text, `${foreign}${number}`));

const callsOf = ({ directory }: ContractFolder): readonly LoadedCall[] =>
  callNames(directory).map((name) => loadCall(directory, name));

/** Answers with the replies in order, then with the last one. */
function withCase<R>(
  folder: ContractFolder,
  source: Pick<LoadedCase | LoadedCall, 'config' | 'options' | 'now'> & Partial<LoadedCase>,
  replies: readonly ScriptedReply[],
  use: (kit: KitConnection) => Promise<R>,
): Promise<R> {
  const script = (_: unknown, position: number) => replies[Math.min(position, replies.length - 1)] ?? { status: 500 };
  return withKitConnection(folder, script, use, {
    ...connectionOf(source),
    refuses: (index) => source.outcomes?.[index]?.kind === 'rejected',
    unobserved: true,
  });
}

async function plantInCall(folder: ContractFolder, loaded: LoadedCall, apart: boolean): Promise<void> {
  if (textsOf(loaded.replies).length === 0) return;
  const { operation, input, confirmed } = loaded;
  const callOptions = confirmed === undefined ? {} : { confirmed };
  for (const planting of foreignWords()) {
    const others = apart ? plantedApart(loaded.replies, planting) : [];
    for (const replies of [plantedReplies(loaded.replies, planting), ...others]) {
      await withCase(folder, loaded, replies, async (kit) => {
        const { connection } = kit;
        const result =
          operation === undefined ? await connection.check() : await connection.call(operation, input, callOptions);
        assertNotShown(`call ${loaded.name}`, result, kit);
      });
    }
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

/** Every text inside the value. */
const leavesIn = (value: unknown, path: readonly string[]): readonly Leaf[] => {
  if (typeof value === 'string') return [{ path, text: value }];
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, part]) => leavesIn(part, [...path, name]))
    : [];
};

/** Every text inside the value, and the names of its members. */
const shownIn = (value: unknown, path: readonly string[]): readonly Leaf[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, part]) => [{ path, text: name }, ...shownIn(part, [...path, name])])
    : leavesIn(value, path);

/** What names the person in this event. */
function personalIn(event: unknown, index: number): readonly Leaf[] {
  const { context, properties } = event as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  const at = ['events', String(index)];
  return [
    ...leavesIn(context?.['traits'], [...at, 'context', 'traits']),
    ...leavesIn(context?.['ip'], [...at, 'context', 'ip']),
    ...leavesIn(properties?.['email'], [...at, 'properties', 'email']),
  ];
}

/** The host's own event id, and a scope, which a folder derives from its settings. */
const ownMembers: ReadonlySet<string> = new Set(['eventId', 'scope']);
