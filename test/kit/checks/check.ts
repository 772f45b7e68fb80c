import type { Subject } from '../subject.ts';

/** One promise a folder must keep. `run` throws what is wrong, or says why it does not apply. */
export interface Check {
  readonly title: string;
  readonly run: (subject: Subject) => Promise<NotRun | void> | NotRun | void;
}

export interface NotRun {
  readonly notRun: string;
}

/** The promise does not apply to this folder, or cannot be checked here. */
export const notRun = (reason: string): NotRun => ({ notRun: reason });

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
