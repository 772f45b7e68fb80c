import type { ContractFolder } from '../kit/contract-folder.ts';

/** One promise a folder must keep. `run` throws what is wrong, or says why it does not apply. */
export interface Check {
  readonly title: string;
  /** What has to be done before there is something to check. */
  readonly todo?: string | undefined;
  readonly run: (folder: ContractFolder) => Promise<NotRun | void> | NotRun | void;
}

export interface NotRun {
  readonly notRun: string;
  /** A package that is not installed, where that is why. */
  readonly missing?: string;
}

/** The promise does not apply to this folder. */
export const notRun = (reason: string): NotRun => ({ notRun: reason });

/** The promise cannot be checked here without that package. */
export const notRunWithout = (missing: string): NotRun => ({ notRun: `${missing} is not installed`, missing });

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
