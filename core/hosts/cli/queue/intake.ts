import { createHash } from 'node:crypto';
import { eventIdOf, type CdpEvent } from '../../../index.ts';
import { QueueFull, type DeliveryQueue, type QueuedEvent } from '../../../queue/index.ts';
import { parseLine } from '../event-source.ts';
import type { InputLine } from '../lines.ts';
import type { OpenConnection } from './open-connections.ts';
import { settingsOf, type Roster } from './roster.ts';

export interface IntakeOptions extends OpenConnection {
  readonly queue: Pick<DeliveryQueue, 'put'>;
  readonly roster: Roster;
  /** Nothing more can be taken, and no line has come that would be told so. */
  readonly halted: () => void;
}

/** Puts the lines of an input into a queue, some hundred at a time, and those of a slow one after a second. What is counted is durable. */
export interface Intake {
  take(line: InputLine): Promise<void>;
  /** What take() still holds. */
  flush(): Promise<void>;
  /** The queue took no more. */
  readonly full: boolean;
  /** The first line that is not in the queue. */
  readonly nextLine: number;
  readonly counts: {
    /** Lines that are not blank, up to `nextLine`. */
    readonly in: number;
    /** Kept, settled ones included. */
    readonly accepted: number;
    /** Had been put before, within the dedup window. */
    readonly duplicates: number;
    /** Settled at once, duplicates among them. */
    readonly skipped: number;
    readonly rejected: number;
    /** No event could be read from them; they are not kept. */
    readonly unreadable: number;
  };
  /** Unreadable lines, by number. */
  readonly remarks: readonly string[];
}

const batchEvents = 500;
const batchBytes = 4 * 1024 * 1024;
/** No line waits longer for others to be put with. */
const flushAfterMs = 1_000;
/** So many unreadable lines are named; the rest is only counted. */
const mostRemarks = 50;
/** JSON is parsed at any depth, and written only as deep as the stack allows. */
const mostLevels = 1_000;

/** A line that waits for its put. */
interface Pending {
  readonly queued: QueuedEvent;
  readonly line: number;
}

export function createIntake(options: IntakeOptions): Intake {
  const { id, destination, connection, queue, roster, halted } = options;
  const settings = settingsOf(options);
  const counts = { in: 0, accepted: 0, duplicates: 0, skipped: 0, rejected: 0, unreadable: 0 };
  const remarks: string[] = [];
  let batch: Pending[] = [];
  let bytes = 0;
  let lanes = false;
  let full = false;
  let lastTaken = 0;
  let lastKept = 0;
  /** One put after another: a later line is never kept without those before it. */
  let written: Promise<void> = Promise.resolve();
  let overdue: NodeJS.Timeout | undefined;

  function flush(): Promise<void> {
    clearTimeout(overdue);
    overdue = undefined;
    const [pending, upTo] = [batch, lastTaken];
    [batch, bytes] = [[], 0];
    if (pending.length > 0) written = written.then(() => keep(pending, upTo));
    return written;
  }

  async function keep(pending: readonly Pending[], upTo: number): Promise<void> {
    if (full) return;
    if (pending.length > 0) {
      roster.enrol(id, { destination: destination.manifest.slug, lanes, settings });
      const events = pending.map(({ queued }) => queued);
      try {
        const { accepted, duplicates } = await queue.put(id, events);
        counts.in += events.length;
        counts.accepted += accepted;
        counts.duplicates += duplicates;
        for (const { outcome } of events) if (outcome !== undefined) counts[outcome.kind] += 1;
      } catch (error) {
        if (error instanceof QueueFull) return keepSome(pending);
        const flat = pending.filter(({ queued }) => !isDeeperThan(queued.event, mostLevels));
        if (flat.length === pending.length) throw error;
        // What can be read and not be written keeps nothing else of its batch from being kept.
        await keep(flat, upTo);
        for (const one of pending)
          if (!full && !flat.includes(one)) countUnreadable(one.line, `It is nested deeper than ${mostLevels} levels`);
        return;
      }
    }
    lastKept = upTo;
  }

  /** What of a batch has room: the lines up to one that has none. */
  async function keepSome(pending: readonly Pending[]): Promise<void> {
    const half = pending.slice(0, pending.length >> 1);
    const last = half.at(-1);
    if (last === undefined) {
      full = true;
      return;
    }
    await keep(half, last.line);
    await keep(pending.slice(half.length), pending.at(-1)?.line ?? last.line);
  }

  /** While no line comes, what is here is not kept waiting for more. */
  async function flushOverdue(): Promise<void> {
    try {
      await flush();
      if (full) halted();
    } catch {
      // The next to call, or the end of the input, hears of it.
      halted();
    }
  }

  function countUnreadable(line: number, why: string): void {
    counts.in += 1;
    counts.unreadable += 1;
    if (counts.unreadable <= mostRemarks) remarks.push(`line ${line}: ${why}`);
  }

  return {
    async take(line) {
      const read = parseLine(line);
      if (read.kind === 'unreadable') {
        // Its number is told only when the lines before it are kept: where the queue is full, it comes again.
        await flush();
        if (full) return;
        countUnreadable(line.number, read.outcome.reason.message);
        lastTaken = line.number;
        lastKept = line.number;
        return;
      }
      const text = 'text' in line ? line.text : '';
      const queued = queuedOf(read.event, text, line.number);
      lanes ||= queued.lane !== undefined;
      batch.push({ queued, line: line.number });
      bytes += text.length;
      lastTaken = line.number;
      if (batch.length >= batchEvents || bytes >= batchBytes) await flush();
      else overdue ??= setTimeout(() => void flushOverdue(), flushAfterMs);
    },
    flush,
    get full() {
      return full;
    },
    get nextLine() {
      return lastKept + 1;
    },
    counts,
    get remarks() {
      const more = counts.unreadable - remarks.length;
      return more > 0 ? [...remarks, `${more} more lines cannot be read`] : remarks;
    },
  };

  function queuedOf(event: CdpEvent, text: string, line: number): QueuedEvent {
    const base = { id: idOf(event, text, line), event, acceptedAt: Date.now() };
    const route = connection.routeOf(event);
    if (route.kind === 'payload') return route.lane === undefined ? base : { ...base, lane: route.lane };
    return route.kind === 'skipped' || route.kind === 'rejected' ? { ...base, outcome: route } : base;
  }
}

/** The messageId; for an event without one, its line and content, so that the same file again holds nothing new. */
export function idOf(event: CdpEvent, text: string, line: number): string {
  const id = eventIdOf(event);
  return id === '' ? `line:${line}:${createHash('sha256').update(text).digest('hex').slice(0, 32)}` : id;
}

function isDeeperThan(value: unknown, most: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}
