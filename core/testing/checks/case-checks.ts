import assert from 'node:assert';
import type { Dispatcher } from 'undici';
import type { ConnectionOptions } from '../../index.ts';
import { caseNames, caseTitle, caseTodo, loadCase, type LoadedCase } from '../kit/case.ts';
import { withKitConnection } from '../kit/kit-connection.ts';
import type { SeenRequest } from '../kit/seen-request.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { inOrder } from '../kit/vendor-double.ts';
import { must, type Check } from './check.ts';

/** Answers a case's requests in place of the kit's own double. */
export interface CaseVendor {
  readonly dispatcher: Dispatcher;
  /** Takes away the answers nobody asked for. */
  finish(): void;
}
export type CaseVendorFor = (loaded: LoadedCase) => Promise<CaseVendor>;

/** One check per case file. Titles and what is to do are read at once, the rest when a check runs. */
export const caseChecks = (directory: string, vendorFor?: CaseVendorFor): readonly Check[] =>
  caseNames(directory).map((name) => ({
    title: `case ${name}: ${caseTitle(directory, name)}`,
    todo: todoOf(directory, name),
    run: async (folder) => {
      const loaded = loadCase(directory, name);
      if (vendorFor === undefined) return runCase(folder, loaded);
      const vendor = await vendorFor(loaded);
      try {
        await runCase(folder, loaded, vendor.dispatcher);
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

async function runCase(folder: ContractFolder, loaded: LoadedCase, through?: Dispatcher): Promise<void> {
  const { config, now, events, replies, requests, outcomes } = loaded;
  const options = loaded.options as ConnectionOptions | undefined;
  await withKitConnection(
    folder,
    inOrder(...replies),
    async (kit) => {
      const given = await kit.deliver(events);
      kit.assertNoDefects();
      const unscripted = kit.vendor.unscripted.length;
      if (requests !== undefined) assert.deepStrictEqual(kit.vendor.requests.map(comparable), requests.map(comparable));
      must(
        unscripted === 0,
        `${kit.vendor.requests.length} requests left, but only ${replies.length} replies are scripted`,
      );
      must(
        kit.vendor.requests.length === replies.length,
        `${replies.length} replies are scripted, but only ${kit.vendor.requests.length} requests left`,
      );
      assert.deepStrictEqual(
        given.map((outcome, index) => sameKeys(notedAs(outcome, outcomes[index]), outcomes[index])),
        outcomes,
      );
    },
    { config, options, now: Date.parse(now), through, compressed: true },
  );
}

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
export function notedAs(outcome: unknown, expected: unknown): unknown {
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

/** What `actual` has of the keys `expected` has, all the way down: a case compares only what it writes. */
export function sameKeys(actual: unknown, expected: unknown): unknown {
  if (!isObject(actual) || !isObject(expected)) return actual;
  if (Array.isArray(actual) || Array.isArray(expected)) {
    if (!Array.isArray(actual) || !Array.isArray(expected)) return actual;
    return actual.map((part, index) => sameKeys(part, (expected as unknown[])[index]));
  }
  const kept = Object.keys(expected).filter((key) => Object.hasOwn(actual, key));
  return Object.fromEntries(kept.map((key) => [key, sameKeys(actual[key], expected[key])]));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
