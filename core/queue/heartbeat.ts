import type { Clock } from '../policy/clock.ts';

export interface Heartbeat {
  end(): void;
  /** Throws what a beat threw, if one did. */
  rethrow(): void;
}

/** Calls `beat` every `everyMs` until end(). A beat that throws, or rejects, is the last one, and calls `onFailed`. */
export function startHeartbeat(
  beat: (() => unknown) | undefined,
  everyMs: number,
  after: Clock['after'],
  onFailed: () => void,
): Heartbeat {
  let isOver = beat === undefined;
  let failure: { readonly error: unknown } | undefined;
  let cancel = (): void => undefined;

  async function next(): Promise<void> {
    try {
      await beat?.();
    } catch (error) {
      failure = { error };
      isOver = true;
      onFailed();
    }
    schedule();
  }

  function schedule(): void {
    if (!isOver) cancel = after(everyMs, () => void next());
  }

  schedule();
  return {
    end() {
      isOver = true;
      cancel();
    },
    rethrow() {
      if (failure !== undefined) throw failure.error;
    },
  };
}
