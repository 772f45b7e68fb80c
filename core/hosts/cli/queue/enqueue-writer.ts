import type { Connection, ReasonCode } from '../../../index.ts';
import {
  QueueFull,
  toQueued,
  type ConnectionSettings,
  type DeliveryStore,
  type QueuedEvent,
} from '../../../queue/index.ts';
import { parseLine } from '../event-source.ts';
import { isDeeperThan, mostJsonLevels } from '../../../json-text.ts';
import type { NdjsonLine } from '../../../ndjson.ts';
import { idOf } from './line-id.ts';

export interface EnqueueWriterOptions {
  readonly connection: Pick<Connection, 'routeOf'>;
  /** What to put with. */
  readonly settings: ConnectionSettings;
  readonly store: Pick<DeliveryStore, 'put' | 'promises'>;
  /** Called when nothing more can be put while no line comes: the next add() would be told so. */
  readonly halted: () => void;
}

export interface EnqueueCounts {
  /** Lines that are not blank, up to `nextLine`. */
  readonly in: number;
  /** In the queue, settled ones included. */
  readonly accepted: number;
  /** In the queue before, within the dedup window. */
  readonly duplicates: number;
  /** Settled at once, duplicates among them. */
  readonly skipped: number;
  readonly rejected: number;
  /** Why: of those that are settled at once, how many have each code. */
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>;
  /** Not JSON; they are not kept. */
  readonly unreadable: number;
}

const batchEvents = 500;
const batchBytes = 4 * 1024 * 1024;
/** No line waits longer for others to be put with. */
const flushAfterMs = 1_000;
/** So many unreadable lines are named; the rest is only counted. */
const mostWarnings = 50;

/** A line that waits for its put. */
interface PendingLine {
  readonly queued: QueuedEvent;
  readonly line: number;
}

/**
 * Puts the lines of an input into a queue, some hundred at a time, and those of a slow input after a second. What it
 * counts is durable.
 */
export class EnqueueWriter {
  readonly #options: EnqueueWriterOptions;
  readonly #counts = {
    in: 0,
    accepted: 0,
    duplicates: 0,
    skipped: 0,
    rejected: 0,
    reasons: {} as Partial<Record<ReasonCode, number>>,
    unreadable: 0,
  };
  readonly #warnings: string[] = [];
  #batch: PendingLine[] = [];
  #bytes = 0;
  #full = false;
  #lastAdded = 0;
  #lastPut = 0;
  /** One put after another: a later line is never in the queue without those before it. */
  #putting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EnqueueWriterOptions) {
    this.#options = options;
  }

  async add(line: NdjsonLine): Promise<void> {
    const read = parseLine(line);
    if (read.kind === 'unreadable') return this.#addUnreadable(line.number, read.outcome.reason.message);
    const text = 'text' in line ? line.text : '';
    const queued = toQueued(this.#options.connection, read.event, idOf(read.event, text, line.number));
    this.#batch.push({ queued, line: line.number });
    this.#bytes += text.length;
    this.#lastAdded = line.number;
    if (this.#batch.length >= batchEvents || this.#bytes >= batchBytes) await this.flush();
    else this.#timer ??= setTimeout(() => void this.#flushLate(), flushAfterMs);
  }

  /** Puts what add() has collected. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [pending, upTo] = [this.#batch, this.#lastAdded];
    [this.#batch, this.#bytes] = [[], 0];
    if (pending.length > 0) this.#putting = this.#putting.then(() => this.#put(pending, upTo));
    return this.#putting;
  }

  /** The queue accepts no more. */
  get full(): boolean {
    return this.#full;
  }

  /** The first line that is not in the queue. */
  get nextLine(): number {
    return this.#lastPut + 1;
  }

  get counts(): EnqueueCounts {
    return this.#counts;
  }

  /** Unreadable lines, by number. */
  get warnings(): readonly string[] {
    const more = this.#counts.unreadable - this.#warnings.length;
    return more > 0 ? [...this.#warnings, `${more} more lines cannot be read`] : this.#warnings;
  }

  /** A line is counted only once those before it are in the queue: where that is full, the line comes again. */
  async #addUnreadable(line: number, why: string): Promise<void> {
    await this.flush();
    if (this.#full) return;
    this.#countUnreadable(line, why);
    this.#lastAdded = line;
    this.#lastPut = line;
  }

  #countUnreadable(line: number, why: string): void {
    this.#counts.in += 1;
    this.#counts.unreadable += 1;
    if (this.#counts.unreadable <= mostWarnings) this.#warnings.push(`line ${line}: ${why}`);
  }

  async #put(pending: readonly PendingLine[], upTo: number): Promise<void> {
    if (this.#full) return;
    if (pending.length > 0) {
      try {
        await this.#putAll(pending.map(({ queued }) => queued));
      } catch (error) {
        if (error instanceof QueueFull) return this.#putSome(pending);
        if ((error as Error).name === 'EventTooLarge') return this.#putSmall(pending, upTo);
        return this.#putFlat(pending, upTo, error);
      }
    }
    this.#lastPut = upTo;
  }

  async #putAll(events: readonly QueuedEvent[]): Promise<void> {
    const { store, settings } = this.#options;
    const [result] = await store.put([{ connection: settings, events }]);
    this.#counts.in += events.length;
    this.#counts.accepted += result?.accepted ?? 0;
    this.#counts.duplicates += result?.duplicates ?? 0;
    for (const { outcome } of events) if (outcome !== undefined) this.#countSettled(outcome);
  }

  #countSettled({ kind, reason }: NonNullable<QueuedEvent['outcome']>): void {
    const { reasons } = this.#counts;
    this.#counts[kind] += 1;
    reasons[reason.code] = (reasons[reason.code] ?? 0) + 1;
  }

  /** An event that is nested too deeply to be written must not keep the rest of its batch out of the queue. */
  async #putFlat(pending: readonly PendingLine[], upTo: number, error: unknown): Promise<void> {
    const flat = pending.filter(({ queued }) => !isDeeperThan(queued.event, mostJsonLevels));
    if (flat.length === pending.length) throw error;
    await this.#put(flat, upTo);
    for (const one of pending)
      if (!this.#full && !flat.includes(one))
        this.#countUnreadable(one.line, `It is nested deeper than ${mostJsonLevels} levels`);
  }

  /** The same for an event that takes more than a message of the broker may have. Nothing of its batch was kept. */
  async #putSmall(pending: readonly PendingLine[], upTo: number): Promise<void> {
    const [first] = pending;
    if (first === undefined || this.#full) return;
    if (pending.length === 1) {
      this.#countUnreadable(first.line, 'It takes more bytes than the broker takes in one message (max_payload)');
      this.#lastPut = upTo;
      return;
    }
    const half = pending.slice(0, pending.length >> 1);
    await this.#put(half, half.at(-1)?.line ?? upTo);
    await this.#put(pending.slice(half.length), upTo);
  }

  /** Puts the lines of a batch up to the first that does not fit. */
  async #putSome(pending: readonly PendingLine[]): Promise<void> {
    // Where a part of the batch may have been kept, the same batch has to come again: its parts would be other puts.
    if (!this.#options.store.promises.atomicPut) {
      this.#full = true;
      return;
    }
    const half = pending.slice(0, pending.length >> 1);
    const last = half.at(-1);
    if (last === undefined) {
      this.#full = true;
      return;
    }
    await this.#put(half, last.line);
    await this.#put(pending.slice(half.length), pending.at(-1)?.line ?? last.line);
  }

  /** While no line comes, what is here does not wait for more. */
  async #flushLate(): Promise<void> {
    try {
      await this.flush();
      if (this.#full) this.#options.halted();
    } catch {
      // The next add() or flush() throws it.
      this.#options.halted();
    }
  }
}
