import type { SharedDeadlines } from '../http/deadlines.ts';
import type { Pools } from '../http/pools.ts';
import type { Clock } from '../policy/clock.ts';
import type { WindowLeases } from '../policy/window-leases.ts';
import { defaultEventLimits, type EventLimits } from './intake/event-size.ts';
import type { OnRequest } from './sending/request-hook.ts';
import { defaultRetryPolicy, type RetryPolicy } from './sending/retry-policy.ts';
import type { SharedRates } from './shared-rates.ts';
import type { Emit } from './signals.ts';
import type { VendorAccess } from './vendor-access.ts';
import { withoutUndefined } from './without-undefined.ts';

/** What the connections of a runtime share, and what its host decided for all of them. */
export interface HostParts {
  /** By slug, for accessTo(). */
  readonly access: ReadonlyMap<string, VendorAccess>;
  readonly retry: RetryPolicy;
  readonly eventLimits: EventLimits;
  readonly clock: Clock;
  readonly emit: Emit | undefined;
  readonly onRequest: OnRequest | undefined;
  /** What destinations whose manifest says `'origins'` may reach. */
  readonly allowedOrigins: readonly string[];
  readonly pools: Pools;
  readonly deadlines: SharedDeadlines;
  readonly windows: WindowLeases;
  /** Undefined where this runtime paces itself alone. */
  readonly sharedRates: SharedRates | undefined;
}

/** The parts of HostParts that the host's options say for all vendors. */
export const hostDefaults = ({
  retry,
  eventLimits,
}: {
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly eventLimits?: Partial<EventLimits> | undefined;
}): Pick<HostParts, 'retry' | 'eventLimits'> => ({
  retry: { ...defaultRetryPolicy, ...withoutUndefined(retry ?? {}) },
  eventLimits: { ...defaultEventLimits, ...withoutUndefined(eventLimits ?? {}) },
});
