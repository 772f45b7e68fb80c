import type { CdpEvent } from '../../index.ts';
import type { LoadedCase } from '../kit/case.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { derivedTemplate } from '../kit/derived-template.ts';
import { connectionOf, withKitConnection } from '../kit/kit-connection.ts';
import { isTemplate, type AnsweredItem } from '../kit/reply-template.ts';
import { loadReply } from '../kit/case.ts';
import { variantOf } from '../kit/variants.ts';
import { always, inOrder, type ScriptedReply } from '../kit/vendor-double.ts';

/** What a check of several events lacks without such a success. */
export const lacksSuccessForMany = async (folder: ContractFolder): Promise<string | undefined> =>
  (await successForMany(folder)) === undefined
    ? 'a recorded success for several events in a request: say in a reply how one looks, with {{n}} or perItem'
    : undefined;

const known = new WeakMap<ContractFolder, Promise<ScriptedReply | undefined>>();

/**
 * A success for any number of events in a request: the recorded success for one if it holds for several, or a template,
 * from a reply or derived from what is recorded; `undefined` if there is none.
 */
export function successForMany(folder: ContractFolder): Promise<ScriptedReply | undefined> {
  const success = known.get(folder) ?? findSuccess(folder);
  known.set(folder, success);
  return success;
}

async function findSuccess(folder: ContractFolder): Promise<ScriptedReply | undefined> {
  if (await holdsForMany(folder, folder.successReply)) return folder.successReply;
  for (const { loaded, reply, items } of await answeredCases(folder)) {
    if (loaded.outcomes.some(({ kind }) => kind !== 'delivered')) continue;
    const template = isTemplate(reply) ? reply : derivedTemplate(reply, items);
    if (template !== undefined && (await holdsForMany(folder, template))) return template;
  }
  return undefined;
}

/** Whether the success for one event is one for several, too: then the vendor counts nothing. */
export const holdsForAnyNumber = (folder: ContractFolder): Promise<boolean> =>
  holdsForMany(folder, folder.successReply);

const holdsForMany = (folder: ContractFolder, reply: ScriptedReply): Promise<boolean> =>
  withKitConnection(
    folder,
    always(reply),
    async (kit) => {
      const outcomes = await kit.deliver([0, 1, 2].map((number) => variantOf(folder.event, number)));
      return outcomes.every((outcome) => outcome.kind === 'delivered' && outcome.attempts === 1);
    },
    { unobserved: true },
  );

/** Whether a recorded answer has an entry for each event of its request that says which event it is about. */
export async function namesEach(folder: ContractFolder): Promise<boolean> {
  for (const { reply, items } of await answeredCases(folder)) {
    const template = isTemplate(reply) ? reply : derivedTemplate(reply, items);
    if (template === undefined || !('body' in template)) continue;
    const text = JSON.stringify(template.body) ?? '';
    if (text.includes('"perItem"') && (items.length > 1 || /\{\{(?:key|eventId|index|position)\}\}/.test(text)))
      return true;
  }
  return false;
}

interface AnsweredCase {
  readonly loaded: LoadedCase;
  /** As it is in its file. */
  readonly reply: ScriptedReply;
  readonly items: readonly AnsweredItem[];
}

/** The cases in which one answer settles one request. */
export async function answeredCases(folder: ContractFolder): Promise<readonly AnsweredCase[]> {
  const answered: AnsweredCase[] = [];
  for (const loaded of folder.cases) {
    const [name, ...others] = loaded.replyNames;
    if (name === undefined || others.length > 0) continue;
    const reply = loadReply(folder.directory, name);
    if ('status' in reply) answered.push({ loaded, reply, items: await itemsIn(folder, loaded, loaded.events) });
  }
  return answered;
}

const itemsIn = (
  folder: ContractFolder,
  contractCase: LoadedCase,
  events: readonly CdpEvent[],
): Promise<readonly AnsweredItem[]> =>
  withKitConnection(
    folder,
    inOrder(...contractCase.replies),
    async (kit) => {
      await kit.deliver(events);
      const [batch] = kit.observed.batches;
      return (batch?.items ?? []).map(({ key, eventId, index }) => ({
        key,
        eventId,
        refused: contractCase.outcomes[index]?.kind === 'rejected',
      }));
    },
    { ...connectionOf(contractCase), unobserved: true },
  );
