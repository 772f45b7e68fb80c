import type { EventOrText } from '../api/event.ts';
import type { Outcome } from '../api/outcome.ts';
import { onAbort } from '../policy/abort.ts';
import { yieldToEventLoop } from '../policy/clock.ts';
import {
  aFunction,
  aNumber,
  anAbortSignal,
  atLeastZero,
  checkedOptions,
  kindOf,
  someMilliseconds,
  type OptionTable,
} from './argument-check.ts';
import { AsyncQueue, done, type QueueProducer } from './async-queue.ts';
import type { ConnectionContext } from './connection-context.ts';
import { DeliveryRun, type OutcomeReader } from './delivery-run.ts';
import { tracedBy, type TraceOf } from './sending/request-hook.ts';
import { createSource, isIterable, type EventReader, type Source } from './source.ts';

export interface StreamOptions {
  /** How long one event may take after it is read, in milliseconds (default 60 s). At a slow pace, reading waits. */
  readonly withinMs?: number;
  /** The most events that may be read without an outcome taken by the caller (default 10,000). Reading waits there. */
  readonly window?: number;
  /**
   * How far events of a lane may be out of order in the input: an event waits until so many others are read, and those
   * of its lanes that happened before it go first. Default 128; 0 if the input is in order, so that none waits; never
   * more than a sixteenth of the window.
   */
  readonly maxOutOfOrderness?: number;
  /**
   * Stops the stream when aborted: reading stops, requests in flight finish, and the other events come back deferred.
   */
  readonly signal?: AbortSignal;
  /** The W3C `traceparent` of whoever handed over the event at an index: as of deliver(). */
  readonly trace?: TraceOf;
}

/** An outcome, and the position of its event in the input, from 0. */
export interface Settled {
  readonly index: number;
  readonly outcome: Outcome;
}

const streamOptions: OptionTable<StreamOptions> = {
  withinMs: someMilliseconds,
  window: aNumber,
  maxOutOfOrderness: aNumber,
  signal: anAbortSignal,
  trace: aFunction,
};

const defaultWithinMs = 60_000;
const defaultWindow = 10_000;
/**
 * Every event of a vendor with lanes waits until so many others are read: enough for sources that mix up neighbours.
 * Of 600 that wait, each is copied within the young generation of the heap on its way, which takes up to a third
 * of an event's CPU time.
 */
const defaultOutOfOrderness = 128;
const slice = 256;
/** Events read ahead of the slots: stopping and restarting for each one would cost more than reading it. */
const eventsAhead = 64;

/**
 * Delivers any number of events in constant memory; outcomes come as they settle. Batches fill across the source's
 * chunks, by count, bytes and age. Throws at once for wrong arguments. Within a lane, an event goes before another that
 * was read up to `maxOutOfOrderness` events earlier, if it happened first. If an eighth of the window waits in one
 * lane, new events of that lane come back deferred.
 *
 * @internal
 */
export function stream(
  context: ConnectionContext,
  events: EventReader<EventOrText> | Iterable<EventOrText>,
  callerOptions?: StreamOptions,
): AsyncIterable<Settled> {
  if (!isIterable(events))
    throw new TypeError(`stream(): the events must be iterable, sync or async, not ${kindOf(events)}`);
  const options = checkedOptions(callerOptions, streamOptions, 'stream()');
  let run: StreamRun | undefined;
  let isOver = false;
  // Starts with the first read: a stream that nobody reads must not stay registered with its connection.
  const settled: AsyncIterableIterator<Settled, undefined> = {
    [Symbol.asyncIterator]: () => settled,
    next() {
      if (run === undefined && isOver) return Promise.resolve(done);
      try {
        run ??= new StreamRun(context, events, options);
      } catch (error) {
        isOver = true;
        return Promise.reject(error as Error);
      }
      return run.outcomes.next();
    },
    return() {
      isOver = true;
      return run === undefined ? Promise.resolve(done) : run.outcomes.return();
    },
  };
  return settled;
}

/** One stream() in progress. It reads as far ahead as its window, the slots and the pace allow. */
class StreamRun implements OutcomeReader, QueueProducer {
  readonly outcomes = new AsyncQueue<Settled>(this);
  readonly #context: ConnectionContext;
  readonly #source: Source<EventOrText>;
  readonly #run: DeliveryRun;
  #stopListening: () => void = () => undefined;
  /** How long an event may take, and the half of it that it may wait for a full batch or for the pace. */
  readonly #allowedMs: number;
  readonly #halfMs: number;
  readonly #maxAgeMs: number;
  readonly #window: number;
  /** Reading continues below this many unread outcomes. */
  readonly #enough: number;
  readonly #mostBacklog: number;
  #eventsRead = 0;
  #outcomesRead = 0;
  #isStopped = false;
  #isClosed = false;
  /** Reading waits for the stream, not for its source: events that would fill a batch or a lane are not late. */
  #readerBlocked = false;
  #wakeReader: (() => void) | undefined;
  #stopAgeing: (() => void) | undefined;

  constructor(
    context: ConnectionContext,
    events: EventReader<EventOrText> | Iterable<EventOrText>,
    {
      withinMs = defaultWithinMs,
      window: requestedWindow = defaultWindow,
      maxOutOfOrderness = defaultOutOfOrderness,
      signal,
      trace,
    }: StreamOptions,
  ) {
    const { limits } = context.vendor;
    this.#context = context;
    this.#allowedMs = atLeastZero(withinMs, defaultWithinMs);
    this.#halfMs = this.#allowedMs / 2;
    // An event that waits for a full batch until its deadline would come back deferred instead of sent.
    this.#maxAgeMs = Math.min(limits.maxAgeMs, this.#halfMs);
    this.#window = requestedWindow >= 1 ? requestedWindow : 1;
    this.#enough = this.#window - Math.min(slice, Math.floor(this.#window / 8));
    this.#mostBacklog = context.pace.concurrency + Math.ceil(eventsAhead / limits.maxItems);
    this.#source = createSource(events);
    const options = {
      withinMs: this.#allowedMs,
      span: Math.floor(Math.min(atLeastZero(maxOutOfOrderness, defaultOutOfOrderness), this.#window / 16)),
      // More than the span can be, or the only lane of a stream would be full before its first event may leave.
      laneCapacity: Math.max(1, Math.floor(this.#window / 8)),
      remembered: this.#window,
      traceOf: tracedBy(context, trace),
    };
    this.#run = new DeliveryRun(context, options, this);
    this.#stopListening = onAbort(signal, this.#stop);
    void this.#readAll();
  }

  settle(index: number, outcome: Outcome): undefined {
    this.outcomes.push({ index, outcome });
  }

  idle(): void {
    this.#wakeReader?.();
  }

  itemRead(): void {
    this.#outcomesRead += 1;
    if (this.#wakeReader !== undefined && this.#unread() < this.#enough) this.#wakeReader();
  }

  queueClosed(complete: boolean): void {
    const { emit, slug, id: connection } = this.#context;
    if (complete && this.#outcomesRead !== this.#eventsRead)
      emit?.({ kind: 'conservation_broken', slug, connection, in: this.#eventsRead, out: this.#outcomesRead });
    this.#isClosed = true;
    this.#stopAgeing?.();
    this.#stop();
    this.#stopListening();
  }

  /** Events read whose outcomes the caller has not taken. */
  #unread(): number {
    return this.#eventsRead - this.#outcomesRead;
  }

  readonly #stop = (): void => {
    this.#isStopped = true;
    this.#run.stop();
    this.#source.stop();
    this.#wakeReader?.();
  };

  async #readAll(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    try {
      while (true) {
        const coming = this.#source.next();
        const next = 'then' in coming ? await coming : coming;
        if (next.done === true) break;
        this.#take(next.value);
        if (this.#unread() >= this.#window) await this.#blocked(this.#backPressure());
        else if (this.#run.backlog() > this.#mostBacklog) await this.#blocked(this.#run.whenReady());
        else if (this.#run.behindMs() > this.#halfMs) await this.#blocked(this.#pace());
        else if (this.#eventsRead % slice === 0) await yieldToEventLoop();
      }
    } catch (error) {
      failure = { error };
    }
    await this.#run.finish();
    this.outcomes.end(failure);
  }

  #take(input: EventOrText): void {
    this.#run.take(input, this.#eventsRead, this.#context.clock.elapsed());
    this.#eventsRead += 1;
    this.#watchAge();
  }

  async #blocked(wait: Promise<void>): Promise<void> {
    this.#readerBlocked = true;
    await wait;
    this.#readerBlocked = false;
    this.#watchAge();
  }

  /** Waits until the caller takes outcomes. Once no batch is in progress, partial batches are sent. */
  async #backPressure(): Promise<void> {
    while (this.#unread() >= this.#enough && !this.#isStopped) {
      if (this.#run.running() === 0) this.#run.flush();
      // Only paused scopes are left: they must not keep the rest of the source waiting.
      if (this.#run.running() === 0) this.#run.deferScopeWaiters();
      // Events refused at once may have been taken by the caller already, before wakeReader was set.
      if (this.#unread() < this.#enough) break;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    this.#wakeReader = undefined;
  }

  /**
   * Waits for the pace: at a slow pace, an event read too early would only come back deferred. Half of an event's time
   * is for this wait, the other half for the vendor. If no batch is in progress, a partial batch may fill until the
   * pace lets it leave, then it is sent as it is. If even that cannot leave in time, as beyond a daily quota, it comes
   * back, and reading continues.
   */
  async #pace(): Promise<void> {
    const { clock, pacer } = this.#context;
    while (!this.#isStopped) {
      const tooLongMs = this.#run.behindMs() - this.#halfMs;
      if (tooLongMs <= 0) return;
      if (this.#run.running() === 0) {
        const spareMs = (this.#run.waitingSince() ?? 0) + this.#halfMs - clock.elapsed();
        const companyMs = Math.min(tooLongMs, spareMs, pacer.behindMs(0, 0));
        if (tooLongMs <= this.#halfMs && companyMs > 0) {
          await this.#pause(companyMs);
          continue;
        }
        this.#run.flush();
        if (this.#run.running() === 0) return;
      }
      await this.#run.whenMoved();
    }
  }

  /** Sleeps, or until wakeReader() is called. */
  async #pause(ms: number): Promise<void> {
    let stopTimer = (): void => undefined;
    await new Promise<void>((resolve) => {
      this.#wakeReader = resolve;
      stopTimer = this.#context.clock.after(Math.max(1, ms), resolve);
    });
    stopTimer();
    this.#wakeReader = undefined;
  }

  /** Sends partial batches older than maxAgeMs, while reading waits for the source. */
  #watchAge(): void {
    if (this.#stopAgeing !== undefined || this.#isClosed || this.#readerBlocked) return;
    const since = this.#run.waitingSince();
    if (since === undefined) return;
    const { clock } = this.#context;
    this.#stopAgeing = clock.after(Math.max(0, since + this.#maxAgeMs - clock.elapsed()), () => {
      this.#stopAgeing = undefined;
      if (this.#readerBlocked) return;
      this.#run.flush(clock.elapsed() - this.#maxAgeMs);
      this.#watchAge();
    });
  }
}
