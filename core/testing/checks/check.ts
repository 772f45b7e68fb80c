import type { ContractFolder } from '../kit/contract-folder.ts';

/** One promise a folder must keep. `run` throws what is wrong; the first line of its message says what happened. */
export interface Check {
  readonly title: string;
  /** What has to be done before there is something to check. */
  readonly todo?: string | undefined;
  /** A package that must be installed for it. */
  readonly needs?: string;
  /** Why the promise does not apply to this folder; `undefined` if it does. */
  readonly skipReason?: (folder: ContractFolder) => Promise<string | undefined> | string | undefined;
  /**
   * What must be recorded before the promise, which does apply, can be checked; `undefined` if nothing is missing.
   * Asked after skipReason().
   */
  readonly lacks?: (folder: ContractFolder) => Promise<string | undefined> | string | undefined;
  readonly run: (folder: ContractFolder) => Promise<void> | void;
}

/** Why a check is not run: it does not apply, or it `lacks` something. `undefined` if it is. */
export async function whyNotRun(
  { skipReason, lacks }: Check,
  folder: ContractFolder,
): Promise<{ readonly why: string; readonly lacks: boolean } | undefined> {
  const reason = await skipReason?.(folder);
  if (reason !== undefined) return { why: reason, lacks: false };
  const missing = await lacks?.(folder);
  return missing === undefined ? undefined : { why: `it needs ${missing}`, lacks: true };
}

/** Throws the reason unless it holds. */
export function must(holds: boolean, why: string): asserts holds {
  if (!holds) throw new Error(why);
}

/** Says in which situation something went wrong. */
export async function during<R>(situation: string, act: () => Promise<R>): Promise<R> {
  try {
    return await act();
  } catch (error) {
    throw new Error(`${situation}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
