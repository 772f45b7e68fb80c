import type { CheckOptions, CheckResult } from '../../api/credential-check.ts';
import type { EventOrText } from '../../api/event.ts';
import type { Outcome } from '../../api/outcome.ts';
import type { DeliverOptions } from '../../runtime/deliver.ts';
import type { StoreConnection } from '../store.ts';
import { wholeSuspension, type Suspended } from '../suspension.ts';
import type { SharedSuspension, Suspensions } from './suspensions.ts';

export interface SuspendedConnectionOptions {
  readonly suspensions: Suspensions;
  readonly token: string;
  readonly configHash: string;
  /** This process. */
  readonly by: string;
  readonly isAlive: (process: string) => boolean;
}

/**
 * A connection that is suspended while another process has found its credentials refused, as long as that one lives:
 * only that one asks the vendor again.
 */
export class SuspendedConnection implements StoreConnection {
  readonly slug: string;
  readonly id: string;
  readonly #connection: StoreConnection;
  readonly #options: SuspendedConnectionOptions;
  /** The connection itself is suspended, and the others know. */
  #isSuspended = false;
  /** One event goes to the vendor, to see whether it takes it. */
  #isProbing = false;

  constructor(connection: StoreConnection, options: SuspendedConnectionOptions) {
    this.slug = connection.slug;
    this.id = connection.id;
    this.#connection = connection;
    this.#options = options;
  }

  routeOf(event: EventOrText): ReturnType<StoreConnection['routeOf']> {
    return this.#connection.routeOf(event);
  }

  suspended(): Suspended {
    const own = this.#connection.suspended();
    if (this.#isProbing) return own;
    const whole = wholeSuspension(own);
    const others = this.#ofOthers();
    if (whole !== undefined) {
      if (!this.#isSuspended && others === undefined) this.#tell({ reason: whole });
      this.#isSuspended = true;
      return own;
    }
    if (this.#isSuspended) this.#lift();
    return others === undefined ? own : [...own, { reason: others.reason }];
  }

  async check(options?: CheckOptions): Promise<CheckResult> {
    const others = this.#ofOthers();
    if (others !== undefined) return { kind: 'unreachable', reason: others.reason };
    const result = await this.#connection.check(options);
    this.suspended();
    return result;
  }

  resume(): void {
    this.#isProbing = true;
    this.#connection.resume();
  }

  async deliver(events: readonly EventOrText[], options?: DeliverOptions): Promise<readonly Outcome[]> {
    try {
      return await this.#connection.deliver(events, options);
    } finally {
      this.#isProbing = false;
      this.suspended();
    }
  }

  /** A person acted: ends the suspension here and everywhere. */
  resumeAll(): void {
    this.#connection.resume();
    this.#lift();
  }

  /** That of the others has begun or ended. */
  changed(): void {
    const { suspensions, token } = this.#options;
    if (!this.#isSuspended || this.#isProbing || suspensions.get(token) !== undefined) return;
    this.#isSuspended = false;
    this.#connection.resume();
  }

  #ofOthers(): SharedSuspension | undefined {
    const { suspensions, token, configHash, by, isAlive } = this.#options;
    const shared = suspensions.get(token);
    if (shared === undefined || shared.by === by || shared.configHash !== configHash) return undefined;
    return isAlive(shared.by) ? shared : undefined;
  }

  #tell({ reason }: Pick<SharedSuspension, 'reason'>): void {
    const { suspensions, token, configHash, by } = this.#options;
    suspensions.suspend(token, { reason, configHash, by });
  }

  #lift(): void {
    const { suspensions, token } = this.#options;
    this.#isSuspended = false;
    if (suspensions.get(token) !== undefined) suspensions.lift(token);
  }
}
