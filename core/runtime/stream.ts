import Denque from 'denque';
import type { CdpEvent } from '../api/event.ts';
import type { Outcome } from '../api/outcome.ts';
import { breathe } from './deliver.ts';
import { createFlight } from './flight.ts';
import type { Line } from './line.ts';

export interface StreamOptions {
  /** How long one event may take from being read, in milliseconds (default 60 s). */
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

const defaultWithinMs = 60_000;
const defaultWindow = 10_000;
const slice = 256;

/**
 * Any number of events in constant memory: outcomes come as they settle. Batches fill across chunk borders, by count, bytes
 * and age. In a lane, an event read up to a quarter of the window later may still go first when it happened first.
 */
export async function* stream(
  line: Line,
  events: AsyncIterable<CdpEvent> | Iterable<CdpEvent>,
  { withinMs = defaultWithinMs, window = defaultWindow, signal }: StreamOptions = {},
): AsyncGenerator<Settled, void, undefined> {
  const { clock } = line;
  const { maxAgeMs } = line.vendor.limits;
  const settled = new Denque<Settled>();
  const ended = new AbortController();
  let read = 0;
  let given = 0;
  let reading = true;
  let blocked = false;
  let failure: { readonly error: unknown } | undefined;
  let wakeReader: (() => void) | undefined;
  let wakeWriter: (() => void) | undefined;

  const flight = createFlight(line, {
    withinMs,
    span: Math.floor(window / 4),
    laneCapacity: Math.max(1, Math.floor(window / 8)),
    remembered: window,
    settle(index, outcome) {
      settled.push({ index, outcome });
      wakeWriter?.();
    },
  });
  const stop = (): void => {
    flight.stop();
    wakeReader?.();
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  const stopped = (): boolean => signal?.aborted === true || ended.signal.aborted;

  /** Waits for the reader of outcomes; batches that would never fill by then leave as they are. */
  async function backPressure(): Promise<void> {
    blocked = true;
    const enough = window - Math.min(slice, window >> 3);
    while (read - given >= enough && !stopped()) {
      if (flight.running === 0) flight.flush();
      await new Promise<void>((resolve) => {
        wakeReader = resolve;
      });
    }
    wakeReader = undefined;
    blocked = false;
  }

  let ageing = false;
  /** Sends what waits for company longer than maxAgeMs, while the input has nothing to add. */
  function watchAge(): void {
    if (ageing) return;
    ageing = true;
    void clock.sleep(maxAgeMs, ended.signal).then(() => {
      ageing = false;
      if (ended.signal.aborted) return;
      if (!blocked) flight.flush(clock.now() - maxAgeMs);
      if (flight.waiting > 0) watchAge();
    });
  }

  function take(event: CdpEvent): void {
    flight.take(event, read, clock.now());
    read += 1;
    if (flight.waiting > 0) watchAge();
  }

  async function readAll(): Promise<void> {
    try {
      for await (const event of bySlices(events)) {
        if (stopped()) break;
        take(event);
        if (read - given >= window) await backPressure();
        else if (flight.backlog > line.pace.concurrency) await flight.room();
        if (stopped()) break;
      }
    } catch (error) {
      failure = { error };
    }
    await flight.finish();
    reading = false;
    wakeWriter?.();
  }

  const reader = readAll();
  try {
    while (true) {
      const next = settled.shift();
      if (next !== undefined) {
        given += 1;
        if (wakeReader !== undefined && read - given < window - Math.min(slice, window >> 3)) wakeReader();
        yield next;
      } else if (reading) {
        await new Promise<void>((resolve) => {
          wakeWriter = resolve;
        });
        wakeWriter = undefined;
      } else break;
    }
    await reader;
    if (given !== read) line.emit?.({ kind: 'conservation_broken', slug: line.slug, in: read, out: given });
    if (failure !== undefined) throw failure.error;
  } finally {
    ended.abort();
    stop();
    signal?.removeEventListener('abort', stop);
  }
}

/** A synchronous source gives the event loop a turn now and then. */
async function* bySlices(events: AsyncIterable<CdpEvent> | Iterable<CdpEvent>): AsyncGenerator<CdpEvent> {
  if (Symbol.asyncIterator in events) {
    yield* events;
    return;
  }
  let count = 0;
  for (const event of events) {
    yield event;
    count += 1;
    if (count % slice === 0) await breathe();
  }
}
