import type { Dispatcher } from 'undici';
import type { ConnectionOptions } from '../../index.ts';
import { caseNames, caseTitle, caseTodo, loadCase, type LoadedCase } from '../kit/case.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { SeenRequest } from '../kit/seen-request.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { inOrder, type ScriptedReply } from '../kit/vendor-double.ts';
import type { Check } from './check.ts';
import { isObject, mustHappen } from './what-happened.ts';

/** Answers a case's requests in place of the kit's own double. */
export interface CaseVendor {
  readonly dispatcher: Dispatcher;
  /** Takes away the answers nobody asked for. */
  finish(): void;
}
/** `answerTo` gives the reply to a request by its position, as soon as the request is sent. */
export type CaseVendorFor = (
  loaded: LoadedCase,
  answerTo: (position: number) => ScriptedReply | undefined,
) => Promise<CaseVendor>;

/** One check per case file. Titles and what is to do are read at once, the rest when a check runs. */
export const caseChecks = (directory: string, vendorFor?: CaseVendorFor): readonly Check[] =>
  caseNames(directory).map((name) => ({
    title: `case ${name}: ${caseTitle(directory, name)}`,
    todo: todoOf(directory, name),
    run: async (folder) => {
      const loaded = loadCase(directory, name);
      if (vendorFor === undefined) return runCase(folder, loaded);
      let kit: KitConnection | undefined;
      const vendor = await vendorFor(loaded, (position) => kit?.vendor.replies[position]);
      try {
        await runCase(folder, loaded, vendor.dispatcher, (opened) => {
          kit = opened;
        });
      } finally {
        vendor.finish();
      }
    },
  }));

/** A mark that is wrong makes no case to do: it runs, and fails with what is wrong. */
function todoOf(directory: string, name: string): string | undefined {
  try {
    return caseTodo(directory, name);
  } catch {
    return undefined;
  }
}

async function runCase(
  folder: ContractFolder,
  loaded: LoadedCase,
  through?: Dispatcher,
  opened?: (kit: KitConnection) => void,
): Promise<void> {
  const { config, now, events, replies, requests, outcomes } = loaded;
  const options = loaded.options as ConnectionOptions | undefined;
  await withKitConnection(
    folder,
    inOrder(...replies),
    async (kit) => {
      opened?.(kit);
      const actualOutcomes = await kit.deliver(events);
      kit.assertNoDefects();
      mustHappen(
        {
          requests: kit.vendor.requests.map(comparable),
          requestCount: kit.vendor.requests.length,
          results: actualOutcomes.map((outcome, index) => notedAs(outcome, outcomes[index])),
          nameOf: eventName,
        },
        { requests: requests?.map(comparable), requestCount: replies.length, results: outcomes, nameOf: eventName },
      );
    },
    {
      config,
      options,
      now: Date.parse(now),
      through,
      compressed: true,
      refuses: (index) => outcomes[index]?.kind === 'rejected',
    },
  );
}

const eventName = (index: number): string => `event ${index}`;

type WrittenRequest = Pick<SeenRequest, 'method' | 'url' | 'headers'> & { readonly body?: unknown };

/** A request as a case writes it. */
export const comparable = ({ method, url, headers, body }: WrittenRequest) => ({
  method,
  url,
  headers: { ...headers },
  ...(body === undefined ? {} : { body }),
});

/**
 * A case may call a note by the event's path or by the payload's. Returns the outcome with its notes as the case calls
 * them.
 */
function notedAs(outcome: unknown, expected: unknown): unknown {
  if (!isObject(outcome) || !isObject(expected)) return outcome;
  const { notes } = outcome;
  const { notes: expectedNotes } = expected;
  if (!Array.isArray(notes) || !Array.isArray(expectedNotes)) return outcome;
  return {
    ...outcome,
    notes: (notes as readonly unknown[]).map((note, index) => {
      const field: unknown = isObject(expectedNotes[index]) ? expectedNotes[index]['field'] : undefined;
      return isObject(note) && field !== undefined && note['payloadField'] === field ? { ...note, field } : note;
    }),
  };
}
