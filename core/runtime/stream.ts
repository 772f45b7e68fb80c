import Denque from 'denque';
import type { CdpEvent } from '../api/event.ts';
import type { Outcome } from '../api/outcome.ts';
import { atLeastZero, breathe } from './deliver.ts';
import { createFlight } from './flight.ts';
import type { Line } from './line.ts';
import { createSource } from './source.ts';

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
 * and age. In a lane, an event read up to a sixteenth of the window later may still go first when it happened
 * first; beyond an eighth of the window waiting in one lane, newcomers come back deferred.
 */
export async function* stream(
  line: Line,
  events: AsyncIterable<CdpEvent> | Iterable<CdpEvent>,
  { withinMs = defaultWithinMs, window: asked = defaultWindow, signal }: StreamOptions = {},
): AsyncGenerator<Settled, void, undefined> {
  const { clock } = line;
  const { maxAgeMs } = line.vendor.limits;
  const window = asked >= 1 ? asked : 1;
  /** Reading goes on when the window is this empty again. */
  const enough = window - Math.min(slice, window >> 3);
  const settled = new Denque<Settled>();
  const ended = new AbortController();
  const source = createSource(events);
  let read = 0;
  let given = 0;
  let reading = true;
  let stopped = false;
  let failure: { readonly error: unknown } | undefined;
  let wakeReader: (() => void) | undefined;
  let wakeWriter: (() => void) | undefined;

  const flight = createFlight(line, {
    withinMs: atLeastZero(withinMs, defaultWithinMs),
    span: Math.floor(window / 16),
    // More than the span, or a lane alone in the stream would be full before its first event may leave.
    laneCapacity: Math.max(1, Math.floor(window / 8)),
    remembered: window,
    settle(index, outcome) {
      settled.push({ index, outcome });
      wakeWriter?.();
    },
    idle: () => wakeReader?.(),
  });
  const stop = (): void => {
    stopped = true;
    flight.stop();
    source.stop();
    wakeReader?.();
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();

  /** Waits for the reader of outcomes. Once nothing is on its way any more, what waits for company leaves as it is. */
  async function backPressure(): Promise<void> {
    while (read - given >= enough && !stopped) {
      if (flight.running() === 0) flight.flush();
      await new Promise<void>((resolve) => {
        wakeReader = resolve;
      });
    }
    wakeReader = undefined;
  }

  let ageing = false;
  /** Sends what has waited for company for maxAgeMs. */
  function watchAge(): void {
    const since = ageing ? undefined : flight.waitingSince();
    if (since === undefined) return;
    ageing = true;
    void clock.sleep(Math.max(0, since + maxAgeMs - clock.now()), ended.signal).then(() => {
      ageing = false;
      if (ended.signal.aborted) return;
      flight.flush(clock.now() - maxAgeMs);
      watchAge();
    });
  }

  function take(event: CdpEvent): void {
    flight.take(event, read, clock.now());
    read += 1;
    watchAge();
  }

  async function readAll(): Promise<void> {
    try {
      while (true) {
        const coming = source.next();
        const next = 'then' in coming ? await coming : coming;
        if (next.done === true) break;
        take(next.value);
        if (read - given >= window) await backPressure();
        else if (flight.backlog() > line.pace.concurrency) await flight.room();
        else if (read % slice === 0) await breathe();
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
        if (wakeReader !== undefined && read - given < enough) wakeReader();
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
