import type { IncomingEvent } from '../api/event.ts';
import type { Outcome, OutcomeKind, Reason } from '../api/outcome.ts';
import type { DeliveryLogs } from './delivery-log.ts';

/** An event that waits for its vendor. Everything in a queue belongs to a connection, by its id. */
export interface QueuedEvent {
  /** The messageId, or an id made when it was put. A second put of the same id within the dedup window does nothing. */
  readonly id: string;
  /**
   * The vendor's lanes (connection.routeOf). Events that share one leave one after another, in the order in which they
   * were put.
   */
  readonly lanes?: readonly string[] | undefined;
  readonly event: IncomingEvent;
  /** Epoch ms when it was put. */
  readonly acceptedAt: number;
  /** Its outcome, where that is known when it is put: it is settled at once, as done or as a dead letter. */
  readonly outcome?: Extract<Outcome, { kind: 'skipped' | 'rejected' }> | undefined;
  /** The W3C `traceparent` of whoever put it, for the traces of the requests that it is in. */
  readonly trace?: string | undefined;
}

/** An event that waits, as the store has it. */
export interface WaitingEvent extends Omit<QueuedEvent, 'event' | 'outcome'> {
  /** The event as JSON, for connection.deliver(): whoever takes it out need not look into it. */
  readonly text: string;
  /** Its position in the connection's log, which grows. */
  readonly seq: number;
  /** Deliveries that failed so far; throttled ones are not counted. */
  readonly attempts: number;
  /** An earlier delivery got no answer: the vendor may have it. */
  readonly ambiguous?: true | undefined;
  readonly history?: FailureHistory | undefined;
}

/** An event that was taken out to be delivered. Its seq names it in settle() and release(). */
export type Claim = WaitingEvent;

/** Earlier failures of an event, beside its attempts. */
export interface FailureHistory {
  /** Deliveries that were throttled. */
  readonly throttled: number;
  /** Failures that the vendor answered, to a request of its own; neither lost answers nor throttling. */
  readonly answers: number;
  /** When the first of those answers came (epoch ms); 0 where none came. */
  readonly since: number;
}

/** Deliveries that failed, throttled ones included. */
export const triesOf = (attempts: number, history: FailureHistory | undefined): number =>
  attempts + (history?.throttled ?? 0);

/**
 * Which events to claim. `fresh`: those that never failed, the oldest first. `latest`: the same, the latest first, and
 * of each lane only the next. `failed`: those that failed, the least often first.
 */
export type ClaimKind = 'fresh' | 'latest' | 'failed';

/** The settlement that removes an event from the queue. */
export type FinalSettlement =
  | { readonly kind: 'done'; readonly seq: number; readonly outcome: 'delivered' | 'skipped' }
  | {
      readonly kind: 'dead';
      readonly seq: number;
      readonly outcome: OutcomeKind;
      readonly reason: Reason;
      readonly attempts: number;
    };

/** How a claim ends. */
export type Settlement =
  | FinalSettlement
  /** It stays, and blocks the later ones of its lane until `notBefore` (epoch ms). */
  | {
      readonly kind: 'retry';
      readonly seq: number;
      readonly notBefore: number;
      readonly attempts: number;
      /** Later claims of it say so, also after a restart. */
      readonly ambiguous?: true | undefined;
      readonly history?: FailureHistory | undefined;
    };

/** An event that left the queue undelivered, with all that is needed to understand why and to send it after all. */
export interface DeadLetter {
  readonly connection: string;
  readonly seq: number;
  readonly id: string;
  readonly lanes?: readonly string[] | undefined;
  readonly event: IncomingEvent;
  readonly acceptedAt: number;
  /** Epoch ms when it was given up. */
  readonly diedAt: number;
  readonly outcome: OutcomeKind;
  readonly reason: Reason;
  readonly attempts: number;
  /** Of the settings with which it was last tried; '' where it was never tried. */
  readonly configHash: string;
  /** The W3C `traceparent` of whoever put it. */
  readonly trace?: string | undefined;
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
  /** Milliseconds since the oldest waiting event was put; 0 where no event waits. */
  readonly oldestMs: number;
  readonly dead: number;
  /** Kept for replay. */
  readonly done: number;
  /** Left out where no put came with settings. */
  readonly registered?: RegisteredConnection | undefined;
}

export interface QueueStatus {
  readonly connections: readonly ConnectionBacklog[];
  /** Bytes of everything in the store; at most `maxBytes`. */
  readonly bytes: number;
  /** How many of them are ids of the dedup window. */
  readonly seenBytes: number;
  readonly maxBytes: number;
  /** Records set aside because their checksum failed. */
  readonly quarantined: number;
  /** Beside all these bytes. Absent where there are none. */
  readonly deliveries?: DeliveryLogs | undefined;
}

/** What a store takes on disk (bytes), before and after compact(). */
export interface Compacted {
  readonly before: number;
  readonly after: number;
}

/** The queue is full: try again later (an HTTP host answers 429 or 503). Nothing of the put was stored. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/** For what events are put under an id, which a store remembers. */
export interface ConnectionSettings {
  readonly id: string;
  /** A slug. */
  readonly destination: string;
  /** Stands for all that decides about lanes: under the same text, an event gets the same lanes. */
  readonly settings?: string | undefined;
  /** The settings in the status when the caller saw that its own give every waiting event the lanes it has. */
  readonly checked?: string | undefined;
}

/** Events for one connection. */
export interface Put {
  /** With settings, the store remembers them until purge(), also where there are no events: status() tells them. */
  readonly connection: string | ConnectionSettings;
  readonly events: readonly QueuedEvent[];
}

/** The id in either form. */
export const connectionIdOf = ({ connection }: Put): string =>
  typeof connection === 'string' ? connection : connection.id;

/** Throws for an id that cannot stand in a path of HTTP, see admin/routes.ts. */
export function assertConnectionId(connection: string): void {
  if (connection === '' || connection === '.' || connection === '..')
    throw new TypeError(`a connection cannot have the id ${JSON.stringify(connection)}`);
}

export interface PutResult {
  readonly accepted: number;
  /** Put before, within the dedup window. */
  readonly duplicates: number;
  /**
   * Positions of the accepted events whose outcome came with them: they have left the queue at once, and no worker
   * signals that. Left out where there is none.
   */
  readonly settled?: readonly number[];
}

/** What a store remembers of a connection, in the same transactions as its events. */
export interface RegisteredConnection {
  /** A slug. */
  readonly destination: string;
  /** Some of its events are in lanes, and must keep their order. */
  readonly hasLanes: boolean;
  /** Under these settings every waiting event would get the lanes it has. Absent where that is not known. */
  readonly settings?: string | undefined;
  /**
   * The destinations it had before, the first one first: its dead letters and what is kept for replay may be of their
   * time.
   */
  readonly former?: readonly FormerDestination[] | undefined;
}

export interface FormerDestination {
  /** A slug. */
  readonly destination: string;
  /** Epoch ms: what was settled before was for that destination, what was settled then or later for the next. */
  readonly until: number;
}

/** Events wait that were put for another destination, or under settings that nobody has checked these against. */
export class OtherSettings extends Error {
  override readonly name = 'OtherSettings';
}

/**
 * Whether an error says that this process cannot use the queue any more: another process has taken it, the disk lost a
 * flush, or it was closed. Such errors have one of these codes.
 */
export const isStoreLost = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && lostCodes.has(error.code);

const lostCodes: ReadonlySet<unknown> = new Set(['taken', 'unflushed', 'closed']);

/**
 * A durable queue that hands out claims: what is inside the DeliveryStore of an engine that answers from memory. What a
 * method did is on disk when its promise resolves. test/support/queue/contract.ts holds every such engine to this.
 */
export interface DeliveryQueue {
  /**
   * Stores all puts or none. Evicts what is kept for replay, the oldest first; throws QueueFull when waiting events
   * and dead letters fill the byte budget.
   *
   * Throws OtherSettings when other events wait which these could not follow: those of another destination, or put
   * since the caller has checked.
   */
  putAll(puts: readonly Put[]): Promise<readonly PutResult[]>;
  /** A single put. */
  put(connection: Put['connection'], events: readonly QueuedEvent[]): Promise<PutResult>;
  /** Up to `most` waiting events above `after` (a seq), the oldest first, claimed ones included. Claims nothing. */
  peek(connection: string, most: number, after?: number): readonly Claim[];
  /**
   * Takes out up to `most` events that may leave now, the oldest first: those that are the first in each of their
   * lanes. Several of a lane may come in a row, but none while another claim of that lane is open, or its next event
   * waits for its time. A claim lasts until settle() or release(), or until the process ends.
   *
   * `mostBytes`: the event that reaches this total is the last. `kind`: only such events. In a lane the first event
   * decides: if it failed before, only `failed` takes it, and without those behind it. After a restart, `failed` finds
   * an event only once a claim of fresh events has come across it. One call looks at some thousand events that may not
   * leave, and then ends: see nextAt().
   */
  claim(connection: string, most: number, now: number, mostBytes?: number, kind?: ClaimKind): readonly Claim[];
  /**
   * Epoch ms when the next event that waits for its time may be claimed; `undefined` where there is none. 0 where the
   * last claim ended before it had looked at all events: the next one goes on.
   */
  nextAt(connection: string): number | undefined;
  /**
   * Writes a dead letter in the transaction that removes the original, never after it. Without settlements it proves
   * that the store has space for the settlements of `reserveFor` events, and reserves that space as far as it can.
   */
  settle(
    connection: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string; readonly reserveFor?: number },
  ): Promise<void>;
  /** Returns claims to the queue as they were. */
  release(connection: string, seqs: readonly number[]): void;
  dead(connection: string, filter?: DeadFilter): AsyncIterable<DeadLetter>;
  /** Puts dead letters back at the tail, with no attempts. Returns how many. */
  requeue(connection: string, filter?: DeadFilter, lanesOf?: LanesOf): Promise<number>;
  /** Drops dead letters for good. Returns how many. */
  drop(connection: string, filter?: DeadFilter): Promise<number>;
  /**
   * Puts what was done between two times (epoch ms, both included) at the tail again, under new ids. Returns how many.
   */
  replay(connection: string, from: number, to: number, lanesOf?: LanesOf): Promise<number>;
  /**
   * Drops everything of a connection for good: waiting events, dead letters, what is kept for replay, the ids of the
   * dedup window, and what is known of files. Throws where some of it is claimed: stop the worker first. Returns how
   * many records, each file as one.
   */
  purge(connection: string): Promise<number>;
  /** Drops what was done before that time (epoch ms), and ids that have left the dedup window. Returns how many. */
  prune(before: number, now: number): Promise<number>;
  /**
   * Gives free space back to the disk. What is written meanwhile waits. A store does so by itself once it is idle and
   * most of its file is free.
   */
  compact(): Promise<Compacted>;
  /** Of all connections, or of one. */
  status(now: number, connection?: string): QueueStatus;
  /**
   * The last seq that a process had assigned when it ended without close(); 0 where that never happened. The events
   * that it had claimed at that moment are among the oldest up to that seq, and the vendor may have them.
   */
  crashedAt(): number;
  /**
   * How many events of a connection have been marked ambiguous since then; `more` adds to them. Written with the next
   * settlement. Starts from zero whenever a process ends without close().
   */
  ambiguousSinceCrash(connection: string, more?: number): number;
  /** How many events of a connection wait, claimed ones included. */
  waiting(connection: string): number;
  /** Resolves when everything written is on disk, and the store may be opened by another process. */
  close(): Promise<void>;
}

/**
 * Computes the lanes of an event stored without one (it was settled when it was put) as it is requeued. Usually
 * connection.routeOf.
 */
export type LanesOf = (event: IncomingEvent) => readonly string[] | undefined;
