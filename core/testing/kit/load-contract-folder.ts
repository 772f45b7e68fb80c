import path from 'node:path';
import { loadDestination, type AnyDestination, type ConnectionOptions } from '../../index.ts';
import { caseNames, loadCase, type LoadedCase } from './case.ts';
import type { ContractReply } from './case-format.ts';
import { withKitConnection } from './kit-connection.ts';
import { isTemplate } from './reply-template.ts';
import { inOrder } from './vendor-double.ts';
import type { ContractFolder } from './contract-folder.ts';

/** Loads a folder. `definition` replaces what its index exports: for bundles, which have no folder to import. */
export async function loadContractFolder(directory: string, definition?: AnyDestination): Promise<ContractFolder> {
  const cases = caseNames(directory).flatMap((name) => readable(directory, name));
  const plain = plainestSuccess(cases);
  const folder = {
    directory,
    name: path.basename(path.resolve(directory)),
    definition: definition ?? (await loadDestination(path.resolve(directory))),
    cases,
    config: plain.config,
    event: plain.event,
    successReply: plain.reply,
  };
  return { ...folder, cases: await Promise.all(cases.map((loaded) => withAnswers(folder, loaded))) };
}

/** The case with the answers that its replies give to its events, where they are templates. */
async function withAnswers(folder: ContractFolder, loaded: LoadedCase): Promise<LoadedCase> {
  const { replies, config, events, outcomes, now } = loaded;
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
      config,
      options: loaded.options as ConnectionOptions | undefined,
      now: Date.parse(now),
      refuses: (index) => outcomes[index]?.kind === 'rejected',
      unobserved: true,
    },
  ).catch(() => []);
  return {
    ...loaded,
    replies: replies.map((reply, position) => ({ ...reply, ...answers[position] }) as ContractReply),
  };
}

function readable(directory: string, name: string): LoadedCase[] {
  try {
    return [loadCase(directory, name)];
  } catch {
    return [];
  }
}

/** The first case, alphabetically, without options, in which one event is delivered with one request. */
function plainestSuccess(cases: readonly LoadedCase[]) {
  for (const { config, events, replies, outcomes, options } of cases) {
    const [event, ...others] = events;
    const [reply, ...more] = replies;
    const plain = others.length === 0 && more.length === 0 && options === undefined;
    if (plain && event !== undefined && reply !== undefined && outcomes[0]?.kind === 'delivered') {
      return { config, event, reply };
    }
  }
  throw new Error(
    'no case delivers one event with one answer and without options; the house promises start from such a case',
  );
}
