import type { LoadedCase } from '../kit/case.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { connectionOf, withKitConnection } from '../kit/kit-connection.ts';
import { inOrder } from '../kit/vendor-double.ts';
import { itemsOf } from './many-events.ts';
import { refusalWithNames } from './named-refusals.ts';
import { namesEach } from './success-for-many.ts';
import { isObject } from './what-happened.ts';

/**
 * What a folder that reads a verdict for each event lacks, if no recorded answer says how the refusal of any of them
 * looks: without it nobody notices verdicts that are given to the wrong event.
 */
export async function lacksRefusalWithNames(folder: ContractFolder): Promise<string | undefined> {
  if ((await refusalWithNames(folder)) !== undefined) return undefined;
  const requests = (await Promise.all(folder.cases.map((loaded) => severalIn(folder, loaded)))).flat();
  if (requests.some(tellsApart) || (await namesEach(folder)))
    return 'an answer that refuses any one of several events: say in a file of contract/replies how it looks, with perRefused';
  if (readsReplies(folder) && !requests.some(takesPart))
    return 'an answer to several events that refuses one: record it in contract/replies with perRefused, or with the count that it gives';
  return undefined;
}

/** A request of a case with several events in it. */
interface SeveralEvents {
  readonly items: readonly { readonly kind: string | undefined; readonly sentLater: boolean }[];
  /** Whether its answer says something about the events: it has a list or a number. */
  readonly counts: boolean;
}

/** Whether one answer led to different ends. If every event of the request leaves once more, the answer named none. */
const tellsApart = ({ items }: SeveralEvents): boolean => {
  const settled = items.filter(({ sentLater }) => !sentLater);
  return settled.length > 0 && new Set(items.map(({ kind, sentLater }) => (sentLater ? 'later' : kind))).size > 1;
};

const takesPart = ({ items, counts }: SeveralEvents): boolean =>
  counts && items.some(({ kind, sentLater }) => sentLater || kind !== 'delivered');

/** The requests of a case with several events; none if it goes wrong, which its own check says. */
async function severalIn(folder: ContractFolder, loaded: LoadedCase): Promise<readonly SeveralEvents[]> {
  const { replies, events, outcomes } = loaded;
  if (events.length < 2) return [];
  return withKitConnection(
    folder,
    inOrder(...replies),
    async (kit) => {
      await kit.deliver(events);
      const indexesOf = kit.vendor.requests.map((_, position) => itemsOf(kit, position).map(({ index }) => index));
      return indexesOf.flatMap((indexes, position) => {
        if (indexes.length < 2) return [];
        const later = new Set(indexesOf.slice(position + 1).flat());
        const items = indexes.map((index) => ({ kind: outcomes[index]?.kind, sentLater: later.has(index) }));
        const reply = replies[position];
        return [{ items, counts: reply !== undefined && 'status' in reply && counts(reply.body, reply.status) }];
      });
    },
    {
      ...connectionOf(loaded),
      refuses: (index) => outcomes[index]?.kind === 'rejected',
      unobserved: true,
    },
  ).catch(() => []);
}

/** Whether a list is in the body, or a number that is not its status. */
function counts(body: unknown, status: number): boolean {
  if (typeof body === 'number') return body !== status;
  return Array.isArray(body) || (isObject(body) && Object.values(body).some((part) => counts(part, status)));
}

/** Whether the folder reads verdicts with the settings that the house checks start from. */
function readsReplies({ definition, config }: ContractFolder): boolean {
  const { response, responseFor, prepare } = definition;
  if (response?.readReply !== undefined) return true;
  if (responseFor === undefined) return false;
  const { success, data } = definition.config.safeParse(config);
  try {
    return success && responseFor(data, prepare?.(data)).readReply !== undefined;
  } catch {
    return false;
  }
}
