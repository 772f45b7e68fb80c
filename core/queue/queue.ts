import type { CdpEvent } from '../api/event.ts';
import type { Outcome, OutcomeKind, Reason } from '../api/outcome.ts';

/** An event that waits for its vendor. Everything a queue keeps belongs to a connection, by its id. */
export interface QueuedEvent {
  /** A second put of the same id, within the dedup window, is a no-op: the messageId, or one made when it was put. */
  readonly id: string;
  /** The vendor's lane (connection.routeOf): events of one lane leave one after another, in the order they were put. */
  readonly lane?: string | undefined;
  readonly event: CdpEvent;
  /** Epoch ms when it was put. */
  readonly acceptedAt: number;
  /** Its outcome where it has one already: it is settled at once, as done or as a dead letter. */
  readonly outcome?: Extract<Outcome, { kind: 'skipped' | 'rejected' }> | undefined;
}

/** One that was taken out to be delivered. */
export interface Claim extends QueuedEvent {
  /** Its place in the connection's log, growing. Names it in settle() and release(). */
  readonly seq: number;
  /** Deliveries that failed so far; throttled ones are not counted. */
  readonly attempts: number;
  /** An earlier delivery got no answer: the vendor may have it. */
  readonly ambiguous?: true | undefined;
  readonly history?: FailureHistory | undefined;
}

/** What an event went through so far, beside its attempts. */
export interface FailureHistory {
  /** Deliveries that were throttled. */
  readonly throttled: number;
  /** How often the vendor answered a request of its own, and it was no yes: never a lost answer, nor "too fast". */
  readonly answers: number;
  /** When the first of those answers came (epoch ms); 0 where there is none. */
  readonly since: number;
}

/** Deliveries that came to nothing, throttled ones among them. */
export const triesOf = (attempts: number, history: FailureHistory | undefined): number =>
  attempts + (history?.throttled ?? 0);

/**
 * Which events: those that never came back, the oldest first (`fresh`), or the latest first and of a lane none but its next (`latest`); or
 * those that did, the ones that did so least often first.
 */
export type ClaimKind = 'fresh' | 'latest' | 'failed';

/** What became of a claim for good. */
export type FinalSettlement =
  | { readonly kind: 'done'; readonly seq: number; readonly outcome: 'delivered' | 'skipped' }
  | {
      readonly kind: 'dead';
      readonly seq: number;
      readonly outcome: OutcomeKind;
      readonly reason: Reason;
      readonly attempts: number;
    };

/** What became of a claim, for good or for now. */
export type Settlement =
  | FinalSettlement
  /** It stays, and holds back the later ones of its lane until then (epoch ms). */
  | {
      readonly kind: 'retry';
      readonly seq: number;
      readonly notBefore: number;
      readonly attempts: number;
      /** Its next claims say so, after a restart, too. */
      readonly ambiguous?: true | undefined;
      readonly history?: FailureHistory | undefined;
    };

/** An event that left the queue without being delivered, with all it takes to judge it and to send it after all. */
export interface DeadLetter {
  readonly connection: string;
  readonly seq: number;
  readonly id: string;
  readonly lane?: string | undefined;
  readonly event: CdpEvent;
  readonly acceptedAt: number;
  /** Epoch ms when it was given up. */
  readonly diedAt: number;
  readonly outcome: OutcomeKind;
  readonly reason: Reason;
  readonly attempts: number;
  /** Of the settings it was last tried with; '' where it was never tried. */
  readonly configHash: string;
}

/** Which dead letters. All parts must hold. */
export interface DeadFilter {
  readonly reason?: Reason['code'] | undefined;
  /** Epoch ms: given up at or after. */
  readonly since?: number | undefined;
  readonly seq?: number | undefined;
}

export interface ConnectionBacklog {
  readonly connection: string;
  readonly waiting: number;
  /** Milliseconds since the oldest waiting event was put; 0 when none waits. */
  readonly oldestMs: number;
  readonly dead: number;
  /** Kept for replay. */
  readonly done: number;
}

export interface QueueStatus {
  readonly connections: readonly ConnectionBacklog[];
  /** Bytes of what is kept, and the most there may be. */
  readonly bytes: number;
  /** Those of them that the ids of the dedup window take. */
  readonly seenBytes: number;
  readonly maxBytes: number;
  /** Records whose checksum failed, set aside. */
  readonly quarantined: number;
}

/** The queue is full: try again later (an HTTP host answers 429 or 503). Nothing of the put was kept. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/**
 * This process can do nothing with the queue any more: another has taken it, the disk lost a flush, or it was closed. What a method throws for that
 * has one of these as its code.
 */
export const isStoreLost = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && lostCodes.has(error.code);

const lostCodes: ReadonlySet<unknown> = new Set(['taken', 'unflushed', 'closed']);

/**
 * A durable queue of events, by connection. Everything that returns a promise is durable when it resolves. One implementation
 * is in the box (LMDB, one process); test/queue/contract.ts holds every implementation to this.
 */
export interface DeliveryQueue {
  /**
   * All of it or nothing. What is kept for replay gives way to it, the oldest first; throws QueueFull when what waits and the dead
   * letters fill the byte budget.
   */
  put(
    connection: string,
    events: readonly QueuedEvent[],
  ): Promise<{ readonly accepted: number; readonly duplicates: number }>;
  /**
   * Takes out up to `most` events that may go now, the oldest first. Of a lane: several in a row, but none while one of it is
   * claimed or waits for its time. A claim lasts until settle() or release(), or the end of the process. With `mostBytes`, the one that
   * makes them so large together is the last. With `kind`, only such: of a lane its first decides, and one that failed comes without
   * those behind it. What failed before a restart is known as such once a claim of fresh ones has passed it.
   */
  claim(connection: string, most: number, now: number, mostBytes?: number, kind?: ClaimKind): readonly Claim[];
  /** Epoch ms when claim() will next have something that is only waiting for its time; `undefined` when nothing is. */
  nextAt(connection: string): number | undefined;
  /**
   * A dead letter is written in the same transaction that removes the original, never after it. With nothing to settle it
   * proves that the store takes what will become of `room` more events, and keeps the room for that as far as it can.
   */
  settle(
    connection: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string; readonly room?: number },
  ): Promise<void>;
  /** Gives claims back as they were. */
  release(connection: string, seqs: readonly number[]): void;
  dead(connection: string, filter?: DeadFilter): AsyncIterable<DeadLetter>;
  /** Puts dead letters back at the tail, with their attempts forgotten. Returns how many. */
  requeue(connection: string, filter?: DeadFilter, laneOf?: LaneOf): Promise<number>;
  /** Drops dead letters for good. Returns how many. */
  drop(connection: string, filter?: DeadFilter): Promise<number>;
  /** Puts what was done between two times (epoch ms, both included) at the tail again, under new ids. Returns how many. */
  replay(connection: string, from: number, to: number, laneOf?: LaneOf): Promise<number>;
  /**
   * Drops all there is of a connection when it is called, for good: what waits, dead letters, what is kept for replay, and the ids of the dedup
   * window. For one that nobody works on: throws where some of it is claimed. Returns how many records.
   */
  purge(connection: string): Promise<number>;
  /** Forgets what was done before that time (epoch ms), and the ids the dedup window has passed. Returns how many. */
  prune(before: number, now: number): Promise<number>;
  /** With a connection: of that one alone. */
  status(now: number, connection?: string): QueueStatus;
  /**
   * The last seq that a process had given when it ended without close(); 0 where none did. What it had claimed at that moment is among the
   * oldest events up to that one, and may be with the vendor.
   */
  crashedAt(): number;
  /**
   * How many events of a connection were taken for such since, `more` of them now. On disk with what becomes of the next event; begins
   * anew where a process ends without close().
   */
  ambiguousSinceCrash(connection: string, more?: number): number;
  /** How many events of a connection wait, claimed ones included. */
  waiting(connection: string): number;
  /** Resolves when everything written is on disk and the store is given up. */
  close(): Promise<void>;
}

/** The lane of an event that has none, because it was settled when it was put and comes back: connection.routeOf knows. */
export type LaneOf = (event: CdpEvent) => string | undefined;
