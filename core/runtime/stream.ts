import type { CdpEvent } from '../api/event.ts';
import type { Outcome } from '../api/outcome.ts';
import {
  aNumber,
  anAbortSignal,
  checkedOptions,
  kindOf,
  someMilliseconds,
  type OptionTable,
} from './argument-check.ts';
import { yieldToEventLoop } from '../policy/clock.ts';
import { atLeastZero } from './deliver.ts';
import { createDeliveryRun } from './delivery-run.ts';
import type { ConnectionContext } from './connection-context.ts';
import { createAsyncQueue, done, type AsyncQueue } from './async-queue.ts';
import { createSource, isIterable } from './source.ts';

export interface StreamOptions {
  /** How long one event may take from being read, in milliseconds (default 60 s). At a slow pace, reading waits for it. */
  readonly withinMs?: number;
  /** Most events read and not yet given back as outcomes (default 10,000). Reading stops there. */
  readonly window?: number;
  /** Aborted: reading stops, what is in flight is finished, the rest comes back deferred. */
  readonly signal?: AbortSignal;
}

/** An outcome and the position, from 0, of its event in the input. */
export interface Settled {
  readonly index: number;
  readonly outcome: Outcome;
}

const streamOptions: OptionTable<StreamOptions> = {
  withinMs: someMilliseconds,
  window: aNumber,
  signal: anAbortSignal,
};

const defaultWithinMs = 60_000;
const defaultWindow = 10_000;
const slice = 256;
/** Events read ahead of the slots: to stop and start reading for each one would cost more than the reading. */
const eventsAhead = 64;

/**
 * Any number of events in constant memory: outcomes come as they settle. Batches fill across chunk borders, by count, bytes
 * and age. Throws at once for arguments that cannot be meant. In a lane, an event read up to a sixteenth of the window later may still go first when it happened
 * first; beyond an eighth of the window waiting in one lane, newcomers come back deferred.
 */
export function stream(
  context: ConnectionContext,
  events: AsyncIterable<CdpEvent> | Iterable<CdpEvent>,
  given?: StreamOptions,
): AsyncIterableIterator<Settled, undefined> {
  if (!isIterable(events))
    throw new TypeError(`stream(): the events must be iterable, sync or async, not ${kindOf(events)}`);
  const options = checkedOptions(given, streamOptions, 'stream()');
  let outlet: AsyncQueue<Settled> | undefined;
  let left = false;
  // Nothing is begun before somebody reads: a stream that nobody reads must not stay with its connection.
  const settled: AsyncIterableIterator<Settled, undefined> = {
    [Symbol.asyncIterator]: () => settled,
    next() {
      if (outlet === undefined && left) return Promise.resolve(done);
      try {
        outlet ??= begin(context, events, options);
      } catch (error) {
        left = true;
        return Promise.reject(error as Error);
      }
      return outlet.next();
    },
    return() {
      left = true;
      return outlet === undefined ? Promise.resolve(done) : outlet.return();
    },
  };
  return settled;
}

function begin(
  context: ConnectionContext,
  events: AsyncIterable<CdpEvent> | Iterable<CdpEvent>,
  { withinMs = defaultWithinMs, window: asked = defaultWindow, signal }: StreamOptions,
): AsyncQueue<Settled> {
  const { clock } = context;
  const patience = atLeastZero(withinMs, defaultWithinMs);
  // What waits for company for as long as it may take at all would come back deferred instead of sent.
  const maxAgeMs = Math.min(context.vendor.limits.maxAgeMs, patience / 2);
  const window = asked >= 1 ? asked : 1;
  /** Reading goes on when the window is this empty again. */
  const enough = window - Math.min(slice, Math.floor(window / 8));
  const mostWaiting = context.pace.concurrency + Math.ceil(eventsAhead / context.vendor.limits.maxItems);
  const source = createSource(events);
  let read = 0;
  let given = 0;
  let stopped = false;
  let closed = false;
  /** Reading waits for us, not for its source: the company of a batch, and what a lane waits for, is not late. */
  let heldUp = false;
  let wakeReader: (() => void) | undefined;
  let stopAgeing: (() => void) | undefined;

  const outlet = createAsyncQueue<Settled>({
    given() {
      given += 1;
      if (wakeReader !== undefined && read - given < enough) wakeReader();
    },
    closed(complete) {
      if (complete && given !== read)
        context.emit?.({
          kind: 'conservation_broken',
          slug: context.slug,
          connection: context.id,
          in: read,
          out: given,
        });
      closed = true;
      stopAgeing?.();
      stop();
      signal?.removeEventListener('abort', stop);
    },
  });

  const flight = createDeliveryRun(context, {
    withinMs: patience,
    span: Math.floor(window / 16),
    // More than the span, or a lane alone in the stream would be full before its first event may leave.
    laneCapacity: Math.max(1, Math.floor(window / 8)),
    remembered: window,
    settle(index, outcome) {
      outlet.push({ index, outcome });
      return undefined;
    },
    idle: () => wakeReader?.(),
  });

  function stop(): void {
    stopped = true;
    flight.stop();
    source.stop();
    wakeReader?.();
  }

  /** Waits for the reader of outcomes. Once nothing is on its way any more, what waits for company leaves as it is. */
  async function backPressure(): Promise<void> {
    while (read - given >= enough && !stopped) {
      if (flight.running() === 0) flight.flush();
      // Nothing moves but scopes that a vendor asked to pause: they must not keep the rest of the source waiting.
      if (flight.running() === 0) flight.putOff();
      // What is refused at once may be given out at once, before anybody could be woken.
      if (read - given < enough) break;
      await new Promise<void>((resolve) => {
        wakeReader = resolve;
      });
    }
    wakeReader = undefined;
  }

  /**
   * At a slow pace, what is read too early would only come back deferred. Half of its time is for the wait, the other half for the
   * vendor. Where nothing is on its way, what waits for company gets more of it until it may leave, then leaves as it is; when
   * that cannot leave in time either, as beyond a quota of the day, it comes back, and reading goes on.
   */
  async function pace(): Promise<void> {
    while (!stopped) {
      const tooLongMs = flight.behindMs() - patience / 2;
      if (tooLongMs <= 0) return;
      if (flight.running() === 0) {
        const spareMs = (flight.waitingSince() ?? 0) + patience / 2 - clock.elapsed();
        const companyMs = Math.min(tooLongMs, spareMs, context.pacer.behindMs(0, 0));
        if (tooLongMs <= patience / 2 && companyMs > 0) {
          await pause(companyMs);
          continue;
        }
        flight.flush();
        if (flight.running() === 0) return;
      }
      await flight.moved();
    }
  }

  /** Over sooner when it may be. */
  async function pause(ms: number): Promise<void> {
    let off = (): void => undefined;
    await new Promise<void>((resolve) => {
      wakeReader = resolve;
      off = clock.after(Math.max(1, ms), resolve);
    });
    off();
    wakeReader = undefined;
  }

  /** Sends what has waited for company for maxAgeMs, as long as the source is what it waits for. */
  function watchAge(): void {
    const since = stopAgeing === undefined && !closed && !heldUp ? flight.waitingSince() : undefined;
    if (since === undefined) return;
    stopAgeing = clock.after(Math.max(0, since + maxAgeMs - clock.elapsed()), () => {
      stopAgeing = undefined;
      if (heldUp) return;
      flight.flush(clock.elapsed() - maxAgeMs);
      watchAge();
    });
  }

  function take(event: CdpEvent): void {
    flight.take(event, read, clock.elapsed());
    read += 1;
    watchAge();
  }

  async function held(wait: Promise<void>): Promise<void> {
    heldUp = true;
    await wait;
    heldUp = false;
    watchAge();
  }

  async function readAll(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    try {
      while (true) {
        const coming = source.next();
        const next = 'then' in coming ? await coming : coming;
        if (next.done === true) break;
        take(next.value);
        if (read - given >= window) await held(backPressure());
        else if (flight.backlog() > mostWaiting) await held(flight.room());
        else if (flight.behindMs() > patience / 2) await held(pace());
        else if (read % slice === 0) await yieldToEventLoop();
      }
    } catch (error) {
      failure = { error };
    }
    await flight.finish();
    outlet.end(failure);
  }

  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  void readAll();
  return outlet;
}
