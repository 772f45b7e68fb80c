import type { ConnectionOptions } from '../../index.ts';
import { callNames, loadCall, type LoadedCall } from '../kit/call-case.ts';
import { loadReply, type LoadedCase } from '../kit/case.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { plantedApart, plantedReplies, textsOf, type Planting } from '../kit/planted-replies.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
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
          const known = knownIn(loaded);
          return known.length === 0 ? [] : [(text) => `${text} ${known.map(spell).join(' ')}`];
        };
        for (const { loaded, replies } of plantedCases(folder, repeats)) {
          const known = knownIn(loaded);
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

/** What of the settings and the event a vendor may repeat, distinct enough to be recognised. */
const knownIn = ({ config, events }: LoadedCase): readonly string[] =>
  [...new Set([...textsIn(config), ...events.flatMap(personalIn)])].filter(isDistinct);

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
  { config, options, now, outcomes }: Pick<LoadedCase | LoadedCall, 'config' | 'options' | 'now'> & Partial<LoadedCase>,
  replies: readonly ScriptedReply[],
  use: (kit: KitConnection) => Promise<R>,
): Promise<R> {
  const script = (_: unknown, position: number) => replies[Math.min(position, replies.length - 1)] ?? { status: 500 };
  return withKitConnection(folder, script, use, {
    config,
    options: options as ConnectionOptions | undefined,
    now: Date.parse(now),
    refuses: (index) => outcomes?.[index]?.kind === 'rejected',
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
