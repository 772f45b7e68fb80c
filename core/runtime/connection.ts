import type { CheckOptions, CheckResult } from '../api/credential-check.ts';
import type { EventOrText } from '../api/event.ts';
import type { CallInput, CallReply, CallResult, OperationList } from '../api/operation.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import { callOperation, type CallOptions } from './call.ts';
import type { Binding } from './bind-settings.ts';
import type { ConnectionContext } from './connection-context.ts';
import { createConnectionContext, type Releasable } from './create-context.ts';
import { checkCredentials } from './credential-check.ts';
import { deliver, type DeliverOptions } from './deliver.ts';
import type { HostParts } from './host-parts.ts';
import { messageIdOf } from './intake/event-shape.ts';
import { readInput } from './intake/event-input.ts';
import { preparePayload } from './intake/prepare-payload.ts';
import { preview, type Preview } from './preview.ts';
import type { EventReader } from './source.ts';
import { stream, type Settled, type StreamOptions } from './stream.ts';

/** How an event is sent. Of events that share a lane, none may overtake another. */
export interface Route {
  readonly kind: 'payload';
  readonly group?: string;
  readonly lanes?: readonly string[];
}

/**
 * One customer's settings at one vendor, open for events. `L` is the type of its operations, known if the connection
 * was opened with the destination itself.
 */
export interface Connection<L extends OperationList = OperationList> {
  readonly slug: string;
  readonly id: string;
  /** Shows what would be sent for an event and why, or why nothing would. Sends nothing. */
  preview(event: EventOrText): Promise<Preview>;
  /**
   * Delivers events and returns one outcome per event, in order. Never rejects because of events, vendors or folders.
   *
   * @example
   * const outcomes = await connection.deliver(events, { withinMs: 20_000 });
   * for (const [index, outcome] of outcomes.entries())
   *   if (outcome.kind === 'deferred') console.log(events[index]?.messageId, 'not before', outcome.retryAt);
   */
  deliver(events: readonly EventOrText[], options?: DeliverOptions): Promise<readonly Outcome[]>;
  /**
   * Delivers any number of events in constant memory. Outcomes come as they settle. Throws what the source throws,
   * after the outcomes of the events read before.
   *
   * @example
   * for await (const { index, outcome } of connection.stream(events, { window: 5_000 }))
   *   if (outcome.kind === 'rejected') console.error(`event ${index}: ${outcome.reason.message}`);
   */
  stream(events: EventReader<EventOrText> | Iterable<EventOrText>, options?: StreamOptions): AsyncIterable<Settled>;
  /**
   * For queues: returns the group and the lanes of an event, which depend on nothing but the event and the settings, or
   * the outcome that settles it without sending.
   */
  routeOf(event: EventOrText): Route | Outcome;
  /**
   * Runs one of the operations that the vendor offers beside events. Returns every answer of the vendor as a value;
   * throws only for a name that the destination does not have. An operation runs while events are suspended, and
   * suspends nothing itself.
   *
   * @example
   * const result = await connection.call('list-unsubscribers', { since: '2026-01-01T00:00:00' });
   * if (result.kind === 'done') console.log(result.reply);
   */
  call<N extends keyof L & string>(
    operation: N,
    ...args: unknown extends CallInput<L[N]>
      ? [input?: CallInput<L[N]>, options?: CallOptions]
      : [input: CallInput<L[N]>, options?: CallOptions]
  ): Promise<CallResult<CallReply<L[N]>>>;
  /**
   * Asks the vendor once whether it accepts the credentials. An `ok` ends a suspension of the whole connection.
   *
   * @example
   * const checked = await connection.check({ withinMs: 5_000 });
   * if (checked.kind === 'refused') console.error(checked.reason.message);
   */
  check(options?: CheckOptions): Promise<CheckResult>;
  /**
   * Lists the suspensions. Each lasts until resume(); that of the whole connection, also until a check() returns `ok`.
   */
  suspended(): readonly { readonly scope?: string; readonly reason: Reason }[];
  /** Ends the suspension of one scope; without a scope, all suspensions. */
  resume(scope?: string): void;
  /**
   * Starts no more requests and waits for those in flight. Events of open calls that were not sent come back deferred.
   * A stream keeps reading its source, because every event gets an outcome: end the source as well. Sockets are shared,
   * so those that other connections use stay open.
   */
  close(): Promise<void>;
}

/**
 * Hears of a connection's close(): when it begins, and when no request is in flight any more.
 *
 * @internal
 */
export interface ClosingListener {
  readonly onClosing: () => void;
  readonly onClosed: () => void;
}

/** @internal */
export function createConnection(host: HostParts, binding: Binding, listener: ClosingListener): Connection {
  const leases: Releasable[] = [];
  let context: ConnectionContext | undefined;
  let closing: Promise<void> | undefined;

  /** Made with the first call, because a host may have very many connections, most of them idle. */
  function ready(): ConnectionContext {
    if (context !== undefined) return context;
    context = createConnectionContext(host, binding, leases);
    // Nothing was sent over its sockets, so there is nothing that could fail to close.
    if (closing !== undefined) void end(context);
    return context;
  }

  async function end(parts: ConnectionContext): Promise<void> {
    parts.closed = true;
    for (const run of parts.runs) run.stop();
    try {
      await parts.transport.close();
    } finally {
      for (const lease of leases) lease.release();
    }
  }

  async function close(): Promise<void> {
    listener.onClosing();
    try {
      if (context !== undefined) await end(context);
    } finally {
      listener.onClosed();
    }
  }

  return {
    slug: binding.destination.manifest.slug,
    id: binding.id,
    preview: (event) => preview(ready(), event),
    deliver: (events, options) => deliver(ready(), events, options),
    stream: (events, options) => stream(ready(), events, options),
    routeOf(eventOrText) {
      const parts = ready();
      const input = readInput(eventOrText);
      const transformContext = { now: parts.clock.now(), prepared: parts.vendor.prepared };
      const prepared = preparePayload(parts, input, transformContext);
      if (prepared.kind !== 'payload')
        return { kind: prepared.kind, eventId: messageIdOf(input.event), reason: prepared.reason };
      const { group, lanes } = prepared.output;
      return { kind: 'payload', ...(group === undefined ? {} : { group }), ...(lanes === undefined ? {} : { lanes }) };
    },
    call: ((name: string, input?: unknown, options?: CallOptions) =>
      callOperation(ready(), name, input, options)) as Connection['call'],
    check: (options) => checkCredentials(ready(), options),
    suspended: () => context?.suspensions.list() ?? [],
    resume: (scope) => context?.suspensions.lift(scope),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
