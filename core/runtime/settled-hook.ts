import type { Outcome } from '../api/outcome.ts';
import { defect, type ConnectionContext } from './connection-context.ts';

/** What the host's own code makes of an outcome it is told: a promise holds the event's lane. */
export type OnSettled = (position: number, outcome: Outcome) => Promise<boolean> | undefined;

/** A host's `settled`, made safe: what it throws does not look like a failure of the vendor, and what it never ends holds nothing for ever. */
export interface SettledHook {
  readonly tell: OnSettled;
  /** The call is over: nothing waits for the host any more. */
  end(): void;
}

/** After `deadline` (by clock.elapsed), what a host still writes down counts as not written: what waits behind it in its lane comes back deferred. */
export function createSettledHook(context: ConnectionContext, settled: OnSettled, deadline: number): SettledHook {
  const { clock } = context;
  const waiting = new Set<(kept: boolean) => void>();
  let off: (() => void) | undefined;

  function watch(): void {
    if (off !== undefined || deadline === Number.POSITIVE_INFINITY) return;
    off = clock.after(Math.max(0, deadline - clock.elapsed()), () => {
      off = undefined;
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
    tell(position, outcome) {
      let keeping: unknown;
      try {
        keeping = settled(position, outcome);
      } catch (error) {
        return Promise.resolve(failed(error));
      }
      if (keeping === undefined) return undefined;
      const kept = Promise.resolve(keeping).then((good) => good === true, failed);
      return new Promise((resolve) => {
        waiting.add(resolve);
        void kept.then((good) => {
          waiting.delete(resolve);
          resolve(good);
        });
        watch();
      });
    },
    end() {
      off?.();
      off = undefined;
      waiting.clear();
    },
  };
}
