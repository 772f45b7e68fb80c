import type { Pace } from '../api/manifest.ts';
import type { Outcome } from '../api/outcome.ts';
import type { Redactor } from '../http/redact.ts';
import type { Transport } from '../http/transport.ts';
import type { Clock } from '../policy/clock.ts';
import type { BoundDestination } from './bind-destination.ts';
import { errorText } from './error-text.ts';
import type { Gate } from './intake/gate.ts';
import type { Inquiry } from './sending/inquiry.ts';
import type { Pacer } from './sending/pacer.ts';
import type { PendingDelivery } from './batching/pending-delivery.ts';
import type { RetryBudget } from '../policy/retry-budget.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';
import type { Emit } from './signals.ts';
import type { ScopePauses } from './sending/scope-pauses.ts';
import type { Suspensions } from './sending/suspensions.ts';

/** What all calls of one connection share. */
export interface ConnectionContext {
  readonly slug: string;
  /** The connection's. */
  readonly id: string;
  readonly vendor: BoundDestination;
  readonly gate: Gate;
  /** The manifest's, as the host program and the connection changed it. */
  readonly pace: Pace;
  readonly pacer: Pacer;
  readonly transport: Transport;
  readonly suspensions: Suspensions;
  readonly scopePauses: ScopePauses;
  /** Undefined for requests beside the events: what they are refused suspends nothing. */
  readonly inquiry: Inquiry | undefined;
  readonly policy: RetryPolicy;
  readonly budget: RetryBudget;
  readonly onAmbiguous: 'report' | 'retry';
  readonly clock: Clock;
  readonly redactor: Redactor;
  /** The calls under way; close() stops them. */
  readonly calls: Set<{ stop(): void }>;
  closed: boolean;
  /** Undefined when nobody listens: then no signal is even made. */
  readonly emit: Emit | undefined;
}

/** One deliver() or stream() under way. */
export interface Call {
  readonly context: ConnectionContext;
  /** It goes before all others. */
  readonly urgent: boolean;
  /** Told to stop: nothing more is started, what is in flight is finished. */
  stopped(): boolean;
  readonly signal: () => AbortSignal;
  /** Gives a parcel its outcome; the first one counts. */
  settle(delivery: PendingDelivery, outcome: Outcome): void;
  /** What the host still writes down of a lane: whether that went well. Nothing more of the lane leaves before. */
  kept(lane: string): Promise<boolean> | undefined;
  /** Most deliveries that may wait for one scope. */
  readonly waitingRoom: number;
  /** A batch begins (1) or ends (-1) to wait for its scope: it is under way, but nothing of it is with the vendor. */
  parked(change: 1 | -1): void;
}

/** A bug of ours or of a vendor folder: told to the host, without data. */
export function defect(context: ConnectionContext, where: string, error: unknown): void {
  const { slug, id: connection, redactor } = context;
  context.emit?.({ kind: 'defect', slug, connection, where, error: redactor.withoutSecrets(errorText(error)) });
}
