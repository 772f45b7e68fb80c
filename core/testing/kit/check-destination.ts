import type { AnyDestination } from '../../index.ts';
import { folderPath } from '../../folder-path.ts';
import { answerChecks } from '../checks/answer-checks.ts';
import { awkwardChecks } from '../checks/awkward-checks.ts';
import { batchChecks } from '../checks/batch-checks.ts';
import { callChecks } from '../checks/call-checks.ts';
import { caseChecks, type CaseVendorFor } from '../checks/case-checks.ts';
import { whyNotRun, type Check } from '../checks/check.ts';
import { contradictionChecks } from '../checks/contradiction-checks.ts';
import { credentialChecks } from '../checks/credential-checks.ts';
import { demoChecks } from '../checks/demo-checks.ts';
import { eventChecks } from '../checks/event-checks.ts';
import { folderChecks } from '../checks/folder-checks.ts';
import { fuzzChecks, type FuzzOptions } from '../checks/fuzz-checks.ts';
import { layoutChecks } from '../checks/layout-checks.ts';
import { plantedChecks } from '../checks/planted-checks.ts';
import { secretChecks } from '../checks/secret-checks.ts';
import { sizeChecks } from '../checks/size-checks.ts';
import { sourceChecks } from '../checks/source-checks.ts';
import { successChecks } from '../checks/success-checks.ts';
import { wholeRequestChecks } from '../checks/whole-request-checks.ts';
import type { ContractFolder } from './contract-folder.ts';
import { sentData } from './sent-data.ts';
import { loadContractFolder, refusedSettings } from './load-contract-folder.ts';

/** How a folder is checked. All members are optional. */
export interface CheckOptions {
  /** Checked instead of what the folder's index exports: for bundles, and for tests of this kit. */
  readonly definition?: AnyDestination;
  /** Default: 50 runs, seed 1. */
  readonly fuzz?: Partial<FuzzOptions>;
  /** Runs only the checks whose title matches. */
  readonly only?: RegExp;
  /** Gets lines about the folder that are no checks. */
  readonly onInformation?: (line: string) => void;
  /** The day from which the age of replies is counted. Default: now. */
  readonly today?: Date;
}

/** The result of one check. */
export interface CheckResult {
  readonly title: string;
  /** No problem was found. */
  readonly ok: boolean;
  /**
   * False if the promise does not apply to this folder, a required package is not installed, or the case is still to be
   * written.
   */
  readonly ran: boolean;
  /** A case that is still to be written; `why` says what is missing. */
  readonly todo?: true;
  /** The promise applies to this folder, but nothing recorded proves it; `why` says what to record. */
  readonly lacks?: true;
  /** The problem, or why the check was not run. */
  readonly why?: string;
}

/** All promises of a folder, in the order in which they are checked. Reads only the names and titles of the cases. */
export const checksFor = (directory: string, options: CheckOptions = {}, vendorFor?: CaseVendorFor): readonly Check[] =>
  allChecks(directory, options, vendorFor).filter(({ title }) => options.only?.test(title) ?? true);

/** Those that need no connection. */
const fileChecks = ({ today }: CheckOptions): readonly Check[] => [
  ...folderChecks(() => new Date(today ?? Date.now())),
  ...layoutChecks,
  ...sourceChecks,
];

const allChecks = (directory: string, options: CheckOptions, vendorFor?: CaseVendorFor): readonly Check[] => [
  ...fileChecks(options),
  ...demoChecks(directory),
  ...caseChecks(directory, vendorFor),
  ...callChecks(directory),
  ...eventChecks,
  ...awkwardChecks,
  ...answerChecks,
  ...successChecks,
  ...batchChecks,
  ...sizeChecks,
  ...wholeRequestChecks,
  ...contradictionChecks,
  ...secretChecks,
  ...credentialChecks,
  ...plantedChecks,
  ...fuzzChecks({ runs: 50, seed: 1, ...options.fuzz }),
];

/**
 * Checks the destination folder at a path or file: URL against the house promises and its own cases, with a scripted
 * vendor in this process; without a test runner or network. Yields each result when it is known. Throws for what names
 * no folder alone: one that cannot be loaded is a result, too.
 */
export async function* checkDestination(
  pathOrUrl: string | URL,
  options: CheckOptions = {},
): AsyncGenerator<CheckResult> {
  const directory = folderPath(pathOrUrl, 'checkDestination(): the folder');
  const loading = 'folder: its index exports a destination, and a case shows a plain success';
  let folder: ContractFolder;
  try {
    folder = await loadContractFolder(directory, options.definition);
  } catch (error) {
    yield { title: loading, ok: false, ran: true, why: whyOf(error) };
    return;
  }
  yield { title: loading, ok: true, ran: true };
  options.onInformation?.(`house checks start from case ${folder.baseCase}`);
  const checks = checksFor(directory, options);
  const { cases } = folder;
  const refusal = cases.flatMap((one) => (one.name === folder.baseCase ? (refusedSettings(folder, one) ?? []) : []))[0];
  if (refusal !== undefined) {
    yield {
      title: 'cases: the settings that the house checks start from are accepted',
      ok: false,
      ran: true,
      why: refusal,
    };
    const opens = cases.some((one) => refusedSettings(folder, one) === undefined);
    const apart = [...fileChecks(options), ...(opens ? [...caseChecks(directory), ...callChecks(directory)] : [])];
    const titles = new Set(apart.map(({ title }) => title));
    const possible = checks.filter(({ title }) => titles.has(title));
    for (const check of possible) yield await resultOf(check, folder);
    const others = checks.length - possible.length;
    const why = `the settings of ${opens ? `case ${folder.baseCase}` : 'every case'} are refused`;
    if (others > 0) yield { title: `${others} other checks`, ok: true, ran: false, why };
    return;
  }
  for (const check of checks) yield await resultOf(check, folder);
  if (options.onInformation !== undefined) for (const line of await sentData(folder)) options.onInformation(line);
}

async function resultOf(check: Check, folder: ContractFolder): Promise<CheckResult> {
  const { title, todo, needs } = check;
  if (todo !== undefined) return { title, ok: true, ran: false, todo: true, why: todo };
  try {
    const why = needs !== undefined && !(await isInstalled(needs)) ? `${needs} is not installed` : undefined;
    if (why !== undefined) return { title, ok: true, ran: false, why };
    const reason = await whyNotRun(check, folder);
    if (reason?.lacks === true) return { title, ok: true, ran: false, lacks: true, why: reason.why };
    if (reason !== undefined) return { title, ok: true, ran: false, why: reason.why };
    await check.run(folder);
    return { title, ok: true, ran: true };
  } catch (error) {
    return { title, ok: false, ran: true, why: whyOf(error) };
  }
}

const isInstalled = (name: string): Promise<boolean> =>
  import(name).then(
    () => true,
    () => false,
  );

/** fast-check puts the inputs into its message and the failure into its cause. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && !message.includes(cause.message) ? `${cause.message}\n${message}` : message;
}
