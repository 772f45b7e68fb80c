import type { Pace } from '../api/manifest.ts';
import type { ExchangeRun } from '../http/exchange.ts';
import type { Redactor } from '../http/redact.ts';
import type { Transport } from '../http/transport.ts';
import type { Clock } from '../policy/clock.ts';
import type { RetryBudget } from '../policy/retry-budget.ts';
import type { BoundDestination } from './bind-destination.ts';
import { errorText } from './error-text.ts';
import type { EventRules } from './event-rules.ts';
import type { Gate } from './intake/gate.ts';
import type { Inquiry } from './sending/inquiry.ts';
import type { NoteLabels } from './sending/note-labels.ts';
import type { Pacer } from './sending/pacer.ts';
import type { RequestHook } from './sending/request-hook.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';
import type { ScopePauses } from './sending/scope-pauses.ts';
import type { Suspensions } from './sending/suspensions.ts';
import type { Emit } from './signals.ts';

/** What all calls of one connection share. `id` is the connection's. */
export interface ConnectionContext {
  readonly slug: string;
  readonly id: string;
  readonly vendor: BoundDestination;
  readonly gate: Gate;
  /** Undefined for most connections: they take every event as it is. */
  readonly rules: EventRules | undefined;
  /** The manifest's pace, as changed by the host program and the connection. */
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
  /** Deliveries, operations and checks in progress. close() stops them. */
  readonly runs: Set<{ stop(): void }>;
  closed: boolean;
  /** Undefined if nobody listens, so that no signal is built. */
  readonly emit: Emit | undefined;
  readonly noteLabels: NoteLabels;
  /** Undefined if the host traces no requests. */
  readonly requestHook: RequestHook | undefined;
}

/** A run has stopped: what waits for a slot, a scope or a socket is refused, and never sent. */
export function dismiss({ pacer, scopePauses, transport }: ConnectionContext, run: ExchangeRun): void {
  pacer.dismiss(run);
  scopePauses.dismiss(run, 'stopped');
  transport.dismiss(run);
}

/** Reports a bug of core or of a vendor folder to the host, without data. */
export function defect(context: ConnectionContext, where: string, error: unknown): void {
  const { slug, id: connection, redactor } = context;
  context.emit?.({ kind: 'defect', slug, connection, where, error: redactor.withoutSecrets(errorText(error)) });
}
