import { QueueFull } from '../queue.ts';
import type { DedupIndex } from './dedup-index.ts';
import type { ReplayLog } from './replay-log.ts';
import type { StoreWriter } from './store-writer.ts';

/** The most bytes that a store may keep: records of all kinds, and the ids of the dedup window. */
export class ByteBudget {
  readonly maxBytes: number;
  readonly #writer: StoreWriter;
  readonly #dedupIndex: DedupIndex;
  readonly #replayLog: ReplayLog;

  constructor(maxBytes: number, writer: StoreWriter, dedupIndex: DedupIndex, replayLog: ReplayLog) {
    this.maxBytes = maxBytes;
    this.#writer = writer;
    this.#dedupIndex = dedupIndex;
    this.#replayLog = replayLog;
  }

  /** Evicts events kept for replay until `more` bytes fit. Throws QueueFull when that cannot free enough. */
  makeSpaceFor(more: number): void {
    if (more <= 0) return;
    const { counters } = this.#writer;
    const ids = this.#dedupIndex.bytes;
    const missing = counters.bytes + ids + more - this.maxBytes;
    if (missing <= 0) return;
    if (ids + more <= this.maxBytes && this.#replayLog.evict(missing) >= missing) return;
    const sum = { waiting: 0, dead: 0, done: 0 };
    for (const { counts } of counters.connections())
      for (const kind of ['waiting', 'dead', 'done'] as const) sum[kind] += counts[kind];
    throw new QueueFull(
      `the queue keeps ${counters.totals.bytes + ids} bytes of at most ${this.maxBytes} (${sum.waiting} events wait, ` +
        `${sum.dead} are dead letters, ${sum.done} are kept for replay and give way; ${ids} bytes are the ids of the dedup ` +
        `window); ${more} more do not fit. Nothing of this was kept. Let a worker deliver the waiting events, requeue or drop ` +
        'dead letters, or open the store with more maxBytes',
    );
  }

  /**
   * Throws QueueFull when a replay of so many bytes does not fit; evicts nothing, as that would evict what is to be
   * replayed.
   */
  assertReplayFits(bytes: number): void {
    const used = this.#writer.counters.bytes + this.#dedupIndex.bytes;
    if (used + bytes <= this.maxBytes) return;
    throw new QueueFull(
      `the queue keeps ${used} bytes of at most ${this.maxBytes}, and the replay takes ${bytes} more. Nothing was ` +
        'replayed. Replay a shorter time, or open the store with more maxBytes',
    );
  }
}
