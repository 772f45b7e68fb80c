import path from 'node:path';
import { loadDestination, type AnyDestination, type ConnectionOptions } from '../../index.ts';
import { caseNames, caseTodo, loadCase, type LoadedCase } from './case.ts';
import type { ContractReply } from './case-format.ts';
import { connectionOf, openKitConnection, withKitConnection } from './kit-connection.ts';
import { personalTexts } from './personal-data.ts';
import { isTemplate } from './reply-template.ts';
import { inOrder } from './vendor-double.ts';
import type { ContractFolder } from './contract-folder.ts';

/** Loads a folder. `definition` replaces what its index exports: for bundles, which have no folder to import. */
export async function loadContractFolder(directory: string, definition?: AnyDestination): Promise<ContractFolder> {
  const cases: LoadedCase[] = [];
  const problems: string[] = [];
  for (const name of caseNames(directory)) {
    try {
      if (caseTodo(directory, name) === undefined) cases.push(loadCase(directory, name));
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  const loaded = definition ?? (await loadDestination(path.resolve(directory)));
  const plain = plainestSuccess(cases, loaded, problems);
  const folder = {
    directory,
    name: path.basename(path.resolve(directory)),
    definition: loaded,
    cases,
    baseCase: plain.name,
    config: plain.config,
    event: plain.event,
    successReply: plain.reply,
  };
  return { ...folder, cases: await Promise.all(cases.map((loaded) => withAnswers(folder, loaded))) };
}

/** The case with the answers that its replies give to its events, where they are templates. */
async function withAnswers(folder: ContractFolder, loaded: LoadedCase): Promise<LoadedCase> {
  const { replies, events, outcomes } = loaded;
  if (!replies.some(isTemplate)) return loaded;
  const answers = await withKitConnection(
    folder,
    inOrder(...replies),
    async (kit) => {
      // What goes wrong here is told by the case itself.
      await kit.deliver(events).catch(() => undefined);
      return kit.vendor.replies;
    },
    {
      ...connectionOf(loaded),
      refuses: (index) => outcomes[index]?.kind === 'rejected',
      unobserved: true,
    },
  ).catch(() => []);
  return {
    ...loaded,
    replies: replies.map((reply, position) => ({ ...reply, ...answers[position] }) as ContractReply),
  };
}

/**
 * The case that says `"base": true`; otherwise, of the cases without options in which one event is delivered with one
 * request, the one whose connection takes the largest batch. Of several it is the first alphabetically whose event has
 * personal data, for the promises about it, or just the first. `problems` are those of the cases that cannot be read.
 */
function plainestSuccess(cases: readonly LoadedCase[], definition: AnyDestination, problems: readonly string[]) {
  const plain = cases.flatMap(({ name, config, events, replies, outcomes, options, base }) => {
    const [event, ...others] = events;
    const [reply, ...more] = replies;
    const isPlain = others.length === 0 && more.length === 0 && options === undefined;
    if (!isPlain || event === undefined || reply === undefined || outcomes[0]?.kind !== 'delivered') return [];
    const rank = base === true ? Number.POSITIVE_INFINITY : largestBatch(definition, config);
    return [{ name, config, event, reply, rank, personal: personalTexts(event).length > 0 }];
  });
  const [first, ...rest] = plain;
  const wrong = cases.find(({ name, base }) => base === true && !plain.some((one) => one.name === name));
  if (wrong !== undefined)
    throw new Error(
      `case ${wrong.name} cannot be the base: it must deliver one event with one answer, without options`,
    );
  if (first !== undefined) {
    return rest.reduce((best, other) => {
      const isBetter = other.rank === best.rank ? other.personal && !best.personal : other.rank > best.rank;
      return isBetter ? other : best;
    }, first);
  }
  const none =
    'no case delivers one event with one answer and without options; the house promises start from such a case';
  // The case that is meant may be one of those that cannot be read.
  const unread = problems.length === 0 ? [] : [`${problems.length} cannot be read:`, ...problems];
  throw new Error([none, ...unread].join('\n'));
}

/** How many events a connection with these settings puts into a request; 0 if they do not open. */
function largestBatch(definition: AnyDestination, config: unknown): number {
  const { maxItems } = definition.manifest.limits;
  const { success, data } = definition.config.safeParse(config);
  if (!success) return 0;
  try {
    return Math.min(maxItems, definition.limitsFor?.(data).maxItems ?? maxItems);
  } catch {
    return 0;
  }
}

/** Why the settings of a case are refused; `undefined` if they open a connection. */
export function refusedSettings(folder: ContractFolder, { name, config, options }: LoadedCase): string | undefined {
  try {
    void openKitConnection(folder, () => undefined, {
      config,
      options: options as ConnectionOptions | undefined,
      unobserved: true,
    }).close();
    return undefined;
  } catch (error) {
    return `case ${name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
