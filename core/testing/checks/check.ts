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
  readonly run: (folder: ContractFolder) => Promise<void> | void;
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
