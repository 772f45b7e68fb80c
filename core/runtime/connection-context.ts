import type { Pace } from '../api/manifest.ts';
import type { Redactor } from '../http/redact.ts';
import type { Transport } from '../http/transport.ts';
import type { Clock } from '../policy/clock.ts';
import type { BoundDestination } from './bind-destination.ts';
import { errorText } from './error-text.ts';
import type { Gate } from './intake/gate.ts';
import type { Inquiry } from './sending/inquiry.ts';
import type { Pacer } from './sending/pacer.ts';
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
  readonly inquiry: Inquiry;
  readonly policy: RetryPolicy;
  readonly budget: RetryBudget;
  readonly onAmbiguous: 'report' | 'retry';
  readonly clock: Clock;
  readonly redactor: Redactor;
  /** What is under way: deliveries, operations, checks. close() stops them. */
  readonly runs: Set<{ stop(): void }>;
  closed: boolean;
  /** Undefined when nobody listens: then no signal is even made. */
  readonly emit: Emit | undefined;
}

/** A bug of ours or of a vendor folder: told to the host, without data. */
export function defect(context: ConnectionContext, where: string, error: unknown): void {
  const { slug, id: connection, redactor } = context;
  context.emit?.({ kind: 'defect', slug, connection, where, error: redactor.withoutSecrets(errorText(error)) });
}
