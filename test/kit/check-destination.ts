import type { AnyDestination } from '../../core/index.ts';
import { answerChecks } from './checks/answer-checks.ts';
import { batchChecks } from './checks/batch-checks.ts';
import { callChecks } from './checks/call-checks.ts';
import { caseChecks, type CaseVendorFor } from './checks/case-checks.ts';
import type { Check } from './checks/check.ts';
import { eventChecks } from './checks/event-checks.ts';
import { folderChecks } from './checks/folder-checks.ts';
import { fuzzChecks, type FuzzOptions } from './checks/fuzz-checks.ts';
import { plantedChecks } from './checks/planted-checks.ts';
import { secretChecks } from './checks/secret-checks.ts';
import { sourceChecks } from './checks/source-checks.ts';
import { yesChecks } from './checks/yes-checks.ts';
import { loadSubject, type Subject } from './subject.ts';

/** How a folder is checked. All may be left out. */
export interface CheckOptions {
  /** Checked in place of what the folder's index exports: for bundles, and for tests of this kit. */
  readonly definition?: AnyDestination;
  /** Default: 50 runs, seed 1. */
  readonly fuzz?: Partial<FuzzOptions>;
  /** Leaves out the checks whose title it does not match. */
  readonly only?: RegExp;
  /** The day the age of replies is counted from. Default: now. */
  readonly today?: Date;
}

/** What became of one check. */
export interface CheckResult {
  readonly title: string;
  /** Nothing was found wrong. */
  readonly ok: boolean;
  /** False where the promise does not apply to this folder, a package it is checked with is not installed, or it is to do. */
  readonly ran: boolean;
  /** A case marked as to do; `why` says what is to be done. */
  readonly todo?: true;
  /** What is wrong; of a check that was not run, why not. */
  readonly why?: string;
}

/** Everything a folder must keep, in the order it is checked. Reads only the names and titles of its cases. */
export const checksFor = (directory: string, options: CheckOptions = {}, vendorFor?: CaseVendorFor): readonly Check[] =>
  allChecks(directory, options, vendorFor).filter(({ title }) => options.only?.test(title) ?? true);

const allChecks = (directory: string, options: CheckOptions, vendorFor?: CaseVendorFor): readonly Check[] => [
  ...folderChecks(() => new Date(options.today ?? Date.now())),
  ...sourceChecks,
  ...caseChecks(directory, vendorFor),
  ...callChecks(directory),
  ...eventChecks,
  ...answerChecks,
  ...yesChecks,
  ...batchChecks,
  ...secretChecks,
  ...plantedChecks,
  ...fuzzChecks({ runs: 50, seed: 1, ...options.fuzz }),
];

/**
 * Checks one destination folder against the house promises and its own cases, over a scripted vendor in this process; no
 * test runner, no network. Yields a result per check as it is known, and never throws: a folder that cannot be loaded is a
 * result, too.
 */
export async function* checkDestination(directory: string, options: CheckOptions = {}): AsyncGenerator<CheckResult> {
  const loading = 'folder: its index exports a destination, and a case shows a plain success';
  let subject: Subject;
  try {
    subject = await loadSubject(directory, options.definition);
  } catch (error) {
    yield { title: loading, ok: false, ran: true, why: whyOf(error) };
    return;
  }
  yield { title: loading, ok: true, ran: true };
  for (const check of checksFor(directory, options)) yield await resultOf(check, subject);
}

async function resultOf({ title, todo, run }: Check, subject: Subject): Promise<CheckResult> {
  if (todo !== undefined) return { title, ok: true, ran: false, todo: true, why: todo };
  try {
    const said = await run(subject);
    return said === undefined ? { title, ok: true, ran: true } : { title, ok: true, ran: false, why: said.notRun };
  } catch (error) {
    return { title, ok: false, ran: true, why: whyOf(error) };
  }
}

/** fast-check tells the inputs in its message and the failure in its cause. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  return cause instanceof Error && !message.includes(cause.message) ? `${cause.message}\n${message}` : message;
}
