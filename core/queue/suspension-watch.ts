import type { Reason } from '../api/outcome.ts';
import type { ReasonCode } from '../api/reason-codes.ts';
import { createCircuitBreaker } from '../policy/circuit-breaker.ts';
import type { Clock } from '../policy/clock.ts';
import { wholeSuspension } from './suspension.ts';
import { suspensionProbes } from './waits.ts';
import type { WorkableConnection } from './work-options.ts';

export interface SuspensionWatchOptions {
  readonly connection: Pick<WorkableConnection, 'suspended' | 'check' | 'resume'>;
  /** Epoch ms. */
  readonly now: Clock['now'];
  readonly random: Clock['random'];
  readonly onSuspended: (code: ReasonCode, probeAt: number) => void;
  readonly onResumed: () => void;
  readonly onDefect: (where: string, error: unknown) => void;
}

/**
 * The circuit breaker for a connection that is suspended as a whole. Its probe is the destination's check(), or one
 * event where there is no check.
 */
export interface SuspensionWatch {
  /** Why nothing may leave; `undefined` while something may. */
  reason(): Reason | undefined;
  /** Epoch ms of the next probe. */
  probeAt(): number | undefined;
  /** Looks whether the connection has been suspended, or resumed by somebody else. */
  refresh(): void;
  /** Whether the destination has a check(), as far as is known. */
  canCheck(): boolean;
  /** Probes with check(), which itself ends the suspension when it succeeds. Never rejects. */
  check(signal: AbortSignal): Promise<void>;
  /**
   * Resumes the connection for the event that is the probe. Suspended scopes resume with it; the next event of each
   * probes them.
   */
  resumeForProbe(): void;
  /** The probe is over. If the connection is still suspended, the next one waits longer. */
  afterProbe(): void;
  /** Events get through. */
  close(): void;
}

export function createSuspensionWatch(options: SuspensionWatchOptions): SuspensionWatch {
  const { connection, now, random, onSuspended, onResumed, onDefect } = options;
  const breaker = createCircuitBreaker(suspensionProbes, random);
  let reason: Reason | undefined;
  let canCheck = true;
  /** False where the last probe asked nobody, as the destination has no check(). */
  let probed = true;

  function open(why: Reason): void {
    reason = why;
    breaker.open(now());
    onSuspended(why.code, breaker.probeAt() ?? 0);
  }

  return {
    reason: () => reason,
    probeAt: () => breaker.probeAt(),
    refresh() {
      const suspension = wholeSuspension(connection.suspended());
      if (suspension !== undefined && reason === undefined) open(suspension);
      if (suspension !== undefined || reason === undefined) return;
      reason = undefined;
      breaker.halfOpen();
      onResumed();
    },
    canCheck: () => canCheck,
    async check(signal) {
      try {
        const { kind } = await connection.check({ signal });
        canCheck = kind !== 'unsupported';
        probed = canCheck;
      } catch (error) {
        onDefect('queue.check', error);
        probed = true;
      }
    },
    resumeForProbe() {
      probed = true;
      connection.resume();
    },
    afterProbe() {
      const suspension = wholeSuspension(connection.suspended());
      if (probed && reason !== undefined && suspension !== undefined) open(suspension);
    },
    close() {
      if (wholeSuspension(connection.suspended()) === undefined) breaker.close();
    },
  };
}
