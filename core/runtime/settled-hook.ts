import type { Outcome } from '../api/outcome.ts';
import { defect, type ConnectionContext } from './connection-context.ts';

/** The host's callback for an outcome. The event's lanes wait for the promise it returns. */
export type OnSettled = (position: number, outcome: Outcome) => Promise<boolean> | undefined;

/**
 * A host's `settled` callback, made safe: what it throws does not look like a failure of the vendor, and a promise that
 * never settles does not block its lanes for ever.
 */
export interface SettledHook {
  readonly notify: OnSettled;
  /** Ends the call: nothing waits for the host any more. */
  end(): void;
}

/**
 * After `deadline` (by clock.elapsed), an outcome that the host has not persisted counts as not persisted: the events
 * that wait behind it in its lanes come back deferred.
 */
export function createSettledHook(context: ConnectionContext, settled: OnSettled, deadline: number): SettledHook {
  const { clock } = context;
  const waiting = new Set<(persisted: boolean) => void>();
  let stopTimer: (() => void) | undefined;

  function watch(): void {
    if (stopTimer !== undefined || deadline === Number.POSITIVE_INFINITY) return;
    stopTimer = clock.after(Math.max(0, deadline - clock.elapsed()), () => {
      stopTimer = undefined;
      if (clock.elapsed() < deadline) return watch();
      for (const giveUp of waiting) giveUp(false);
      waiting.clear();
    });
  }

  const failed = (error: unknown): false => {
    defect(context, 'settled', error);
    return false;
  };

  return {
    notify(position, outcome) {
      let returned: unknown;
      try {
        returned = settled(position, outcome);
      } catch (error) {
        return Promise.resolve(failed(error));
      }
      if (returned === undefined) return undefined;
      const persisted = Promise.resolve(returned).then((isPersisted) => isPersisted === true, failed);
      return new Promise((resolve) => {
        waiting.add(resolve);
        void persisted.then((isPersisted) => {
          waiting.delete(resolve);
          resolve(isPersisted);
        });
        watch();
      });
    },
    end() {
      stopTimer?.();
      stopTimer = undefined;
      waiting.clear();
    },
  };
}
