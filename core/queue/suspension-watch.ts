import type { Reason, ReasonCode } from '../api/outcome.ts';
import { createStandstill, suspensionProbes } from './vendor-health.ts';
import { wholeSuspension } from './suspension.ts';
import type { WorkableConnection } from './work-options.ts';

export interface SuspensionWatchOptions {
  readonly connection: Pick<WorkableConnection, 'suspended' | 'check' | 'resume'>;
  /** Epoch ms. */
  readonly now: () => number;
  readonly held: (code: ReasonCode, until: number) => void;
  readonly resumed: () => void;
  readonly defect: (where: string, error: unknown) => void;
}

/** A connection that is suspended as a whole, and how to find out that it is not any more. */
export interface SuspensionWatch {
  /** Why nothing leaves; `undefined` while something may. */
  reason(): Reason | undefined;
  /** Epoch ms of the next probe. */
  at(): number | undefined;
  /** Looks whether the connection was suspended, or resumed by somebody. */
  refresh(): void;
  /** Its check() can say, as far as is known. */
  canCheck(): boolean;
  /** Asks with check(): a yes ends the suspension, check() itself sees to that. Never rejects. */
  check(signal: AbortSignal): Promise<void>;
  /** Lifts it for an event that is to find out. Scopes are lifted with it: the next event of each finds out anew. */
  resumeForProbe(): void;
  /** A probe is over: still suspended, it is asked more rarely. */
  afterProbe(): void;
  /** Events get through. */
  clear(): void;
}

export function createSuspensionWatch({
  connection,
  now,
  held,
  resumed,
  defect,
}: SuspensionWatchOptions): SuspensionWatch {
  const standstill = createStandstill(suspensionProbes);
  let reason: Reason | undefined;
  let canCheck = true;
  /** What the last probe came to: nothing, where the destination turned out to have no check. */
  let asked = true;

  function putOff(why: Reason): void {
    reason = why;
    standstill.fail(now());
    held(why.code, standstill.at() ?? 0);
  }

  return {
    reason: () => reason,
    at: () => standstill.at(),
    refresh() {
      const whole = wholeSuspension(connection.suspended());
      if (whole !== undefined && reason === undefined) putOff(whole);
      if (whole !== undefined || reason === undefined) return;
      reason = undefined;
      resumed();
    },
    canCheck: () => canCheck,
    async check(signal) {
      try {
        const { kind } = await connection.check({ signal });
        canCheck = kind !== 'unsupported';
        asked = canCheck;
      } catch (error) {
        defect('queue.check', error);
        asked = true;
      }
    },
    resumeForProbe() {
      asked = true;
      connection.resume();
    },
    afterProbe() {
      const still = wholeSuspension(connection.suspended());
      if (asked && reason !== undefined && still !== undefined) putOff(still);
    },
    clear() {
      if (wholeSuspension(connection.suspended()) === undefined) standstill.clear();
    },
  };
}
