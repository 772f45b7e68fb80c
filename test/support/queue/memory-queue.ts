import { registeredWith } from '../../../core/queue/registered-with.ts';
import {
  connectionIdOf,
  QueueFull,
  triesOf,
  type Claim,
  type ClaimKind,
  type Compacted,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type LanesOf,
  type Put,
  type PutResult,
  type QueuedEvent,
  type QueueStatus,
  type RegisteredConnection,
  type Settlement,
  type FailureHistory,
} from '../../../core/queue/queue.ts';

interface Kept extends QueuedEvent {
  readonly seq: number;
  attempts: number;
  notBefore: number;
  ambiguous?: true | undefined;
  history?: FailureHistory | undefined;
  claimed: boolean;
}

interface Lane {
  claimed: number;
  /** All of it, the oldest first. */
  readonly waiting: Set<Kept>;
}

/** Everything of one connection. */
class Log {
  readonly id: string;
  registered: RegisteredConnection | undefined;
  /** By seq, which grows: the oldest first. */
  readonly waiting = new Map<number, Kept>();
  readonly lanes = new Map<string, Lane>();
  readonly late = new Set<Kept>();
  /** Those that came back, claimed or not. */
  readonly failed = new Set<Kept>();
  readonly done: (QueuedEvent & { readonly seq: number; readonly doneAt: number })[] = [];
  dead: DeadLetter[] = [];
  readonly seen = new Set<string>();

  constructor(id: string) {
    this.id = id;
  }

  lane(name: string): Lane {
    const lane = this.lanes.get(name) ?? { claimed: 0, waiting: new Set() };
    this.lanes.set(name, lane);
    return lane;
  }

  free(one: Kept): void {
    one.claimed = false;
    for (const lane of lanesOf(one)) this.lane(lane).claimed -= 1;
  }
}

/**
 * The port, in memory and in small: for tests of what stands on it. Remembers every settle() and release(). It does not
 * pass contract.ts, as it has no restart, eviction, `mostBytes` or dedup window; settle() is not all or nothing; and nextAt(), requeue() and replay() are coarser.
 */
export class MemoryQueue implements DeliveryQueue {
  readonly settled: Settlement[] = [];
  readonly released: number[] = [];
  settleCalls = 0;
  /** Thrown by the next calls of settle(), one each. */
  readonly failures: Error[] = [];
  /** Set by a test: it cannot be read for a while. */
  closed = false;
  #ended = false;
  crashed = 0;
  readonly #ambiguousSinceCrash = new Map<string, number>();
  /** What settle() waits for before it does anything: the disk. */
  flush: () => Promise<void> = () => Promise.resolve();
  /** What settle() does with nothing to settle. */
  proof: () => Promise<void> = () => Promise.resolve();
  #seq = 0;
  #bytes = 0;
  readonly #maxBytes: number;
  readonly #logs = new Map<string, Log>();

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
  }

  #assertOpen(): void {
    if (this.#ended) throw Object.assign(new Error('the queue is closed'), { code: 'closed' });
    if (this.closed) throw new Error('the queue is closed');
  }

  log(connection: string): Log {
    const log = this.#logs.get(connection) ?? new Log(connection);
    this.#logs.set(connection, log);
    return log;
  }

  peek(connection: string, most: number, after = 0): readonly Claim[] {
    return [...this.log(connection).waiting.values()]
      .filter(({ seq }) => seq > after)
      .slice(0, most)
      .map(claimOf);
  }

  async put(connection: Put['connection'], events: readonly QueuedEvent[]): Promise<PutResult> {
    const [result] = await this.putAll([{ connection, events }]);
    return result!;
  }

  async putAll(puts: readonly Put[]): Promise<readonly PutResult[]> {
    if (this.#ended) this.#assertOpen();
    const parts = puts.map((put) => {
      const { connection, events } = put;
      const log = this.log(connectionIdOf(put));
      const registered =
        typeof connection === 'string'
          ? log.registered
          : registeredWith({ registered: log.registered, waiting: log.waiting.size }, connection, Date.now());
      return { log, registered, events };
    });
    const bytes = parts.reduce((sum, { events }) => sum + JSON.stringify(events).length, this.#bytes);
    if (bytes > this.#maxBytes) throw new QueueFull('the queue is full');
    this.#bytes = bytes;
    return Promise.resolve(
      parts.map(({ log, registered, events }) => {
        const fresh = events.filter(({ id }) => !log.seen.has(id) && log.seen.add(id));
        for (const one of fresh) this.#add(log, one);
        const isSame = log.registered?.destination === registered?.destination;
        const hadLanes = registered?.hasLanes === true || (isSame && log.registered?.hasLanes === true);
        const hasLanes = hadLanes || fresh.some(({ lanes }) => lanes !== undefined);
        log.registered = registered && { ...registered, hasLanes };
        const settled = fresh.flatMap((one) => (one.outcome === undefined ? [] : [events.indexOf(one)]));
        const counts = { accepted: fresh.length, duplicates: events.length - fresh.length };
        return settled.length === 0 ? counts : { ...counts, settled };
      }),
    );
  }

  #add(log: Log, { outcome, ...one }: QueuedEvent): void {
    if (outcome !== undefined) return this.#addSettled(log, one, outcome);
    const kept = { ...one, seq: (this.#seq += 1), attempts: 0, notBefore: 0, claimed: false };
    log.waiting.set(kept.seq, kept);
    for (const lane of lanesOf(one)) log.lane(lane).waiting.add(kept);
  }

  #addSettled(log: Log, one: QueuedEvent, outcome: NonNullable<QueuedEvent['outcome']>): void {
    const seq = (this.#seq += 1);
    const at = Date.now();
    if (outcome.kind === 'skipped') log.done.push({ ...one, seq, doneAt: at });
    else
      log.dead.push({
        connection: log.id,
        ...one,
        seq,
        diedAt: at,
        outcome: 'rejected',
        reason: outcome.reason,
        attempts: 0,
        configHash: '',
      });
  }

  claim(connection: string, most: number, now: number, _bytes?: number, kind?: ClaimKind): readonly Claim[] {
    this.#assertOpen();
    const log = this.log(connection);
    const claims = this.#turns(log, most, now, kind);
    for (const one of claims) {
      one.claimed = true;
      log.late.delete(one);
      for (const lane of lanesOf(one)) log.lane(lane).claimed += 1;
    }
    return claims.map(claimOf);
  }

  #turns(log: Log, most: number, now: number, kind: ClaimKind | undefined): Kept[] {
    if (kind === 'failed') return this.#failed(log, now).slice(0, most);
    if (kind !== 'latest') return this.#oldest(log, most, now, kind);
    const seen = new Set<string>();
    const next = this.#oldest(log, Number.POSITIVE_INFINITY, now, 'fresh').filter((one) => {
      const isFirst = !lanesOf(one).some((lane) => seen.has(lane));
      for (const lane of lanesOf(one)) seen.add(lane);
      return isFirst;
    });
    return next.reverse().slice(0, most);
  }

  #oldest(log: Log, most: number, now: number, kind: ClaimKind | undefined): Kept[] {
    const claims: Kept[] = [];
    const mine = new Set<string>();
    /** Of events that may not go. */
    const held = new Set<string>();
    for (const one of log.waiting.values()) {
      if (claims.length >= most) break;
      if (one.claimed) continue;
      const lanes = lanesOf(one);
      const isFirst = lanes.every((lane) => !held.has(lane) && (mine.has(lane) || log.lane(lane).claimed === 0));
      const hasFailed = kind === 'fresh' && triesOf(one.attempts, one.history) > 0;
      const goes = isFirst && !hasFailed && one.notBefore <= now;
      for (const lane of lanes) (goes ? mine : held).add(lane);
      if (goes) claims.push(one);
    }
    return claims;
  }

  #failed(log: Log, now: number): Kept[] {
    const free = (one: Kept): boolean => {
      if (one.claimed || one.notBefore > now) return false;
      return lanesOf(one).every((lane) => {
        const { claimed, waiting } = log.lane(lane);
        const [first] = waiting;
        return claimed === 0 && first === one;
      });
    };
    return [...log.failed]
      .filter(free)
      .sort((a, b) => triesOf(a.attempts, a.history) - triesOf(b.attempts, b.history) || a.seq - b.seq);
  }

  nextAt(connection: string): number | undefined {
    const log = this.log(connection);
    let at: number | undefined;
    for (const one of log.late) {
      if (lanesOf(one).some((lane) => log.lane(lane).claimed > 0)) continue;
      if (at === undefined || one.notBefore < at) at = one.notBefore;
    }
    return at;
  }

  async settle(
    connection: string,
    settlements: readonly Settlement[],
    { now, configHash }: { readonly now: number; readonly configHash: string },
  ): Promise<void> {
    // As a store that writes: nothing of it happens in the turn of the caller.
    await Promise.resolve();
    if (settlements.length === 0) return this.proof();
    this.settleCalls += 1;
    await this.flush();
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.#assertOpen();
    const log = this.log(connection);
    for (const settlement of settlements) {
      const one = log.waiting.get(settlement.seq);
      if (one?.claimed !== true) throw new Error(`${settlement.seq} is not claimed`);
      this.settled.push(settlement);
      log.free(one);
      if (settlement.kind === 'retry') {
        one.attempts = settlement.attempts;
        one.notBefore = settlement.notBefore;
        one.ambiguous = settlement.ambiguous;
        one.history = settlement.history;
        if (triesOf(one.attempts, one.history) > 0) log.failed.add(one);
        if (one.notBefore > 0) log.late.add(one);
        continue;
      }
      log.waiting.delete(one.seq);
      log.failed.delete(one);
      for (const lane of lanesOf(one)) log.lane(lane).waiting.delete(one);
      const { id, lanes, event, acceptedAt, seq, trace } = one;
      if (settlement.kind === 'done') log.done.push({ id, lanes, event, acceptedAt, seq, doneAt: now });
      else {
        const { outcome, reason, attempts } = settlement;
        const of = { connection, seq, id, lanes, event, acceptedAt, trace };
        log.dead.push({ ...of, diedAt: now, outcome, reason, attempts, configHash });
      }
    }
  }

  release(connection: string, seqs: readonly number[]): void {
    const log = this.log(connection);
    for (const seq of seqs) {
      const one = log.waiting.get(seq);
      if (one?.claimed !== true) throw new Error(`${seq} is not claimed`);
      this.released.push(seq);
      log.free(one);
    }
  }

  async *dead(connection: string, filter: DeadFilter = {}): AsyncIterable<DeadLetter> {
    yield* await Promise.resolve(this.log(connection).dead.filter((letter) => matches(letter, filter)));
  }

  requeue(connection: string, filter: DeadFilter = {}, computed?: LanesOf): Promise<number> {
    const log = this.log(connection);
    const revived = log.dead.filter((letter) => matches(letter, filter));
    log.dead = log.dead.filter((letter) => !revived.includes(letter));
    for (const { id, event, acceptedAt, ...letter } of revived)
      this.#add(log, { id, lanes: letter.lanes ?? computed?.(event), event, acceptedAt, trace: letter.trace });
    return Promise.resolve(revived.length);
  }

  drop(connection: string, filter: DeadFilter = {}): Promise<number> {
    const log = this.log(connection);
    const before = log.dead.length;
    log.dead = log.dead.filter((letter) => !matches(letter, filter));
    return Promise.resolve(before - log.dead.length);
  }

  replay(connection: string, from: number, to: number, computed?: LanesOf): Promise<number> {
    const log = this.log(connection);
    const again = log.done.filter(({ doneAt }) => doneAt >= from && doneAt <= to);
    for (const { id, event, ...one } of again)
      this.#add(log, { id: `${id} again`, lanes: one.lanes ?? computed?.(event), event, acceptedAt: Date.now() });
    return Promise.resolve(again.length);
  }

  compact(): Promise<Compacted> {
    return Promise.resolve({ before: 0, after: 0 });
  }

  purge(connection: string): Promise<number> {
    const { waiting, dead, done } = this.log(connection);
    for (const { claimed } of waiting.values())
      if (claimed) return Promise.reject(new Error(`events of ${connection} are claimed`));
    this.#logs.delete(connection);
    return Promise.resolve(waiting.size + dead.length + done.length);
  }

  prune(before: number): Promise<number> {
    let pruned = 0;
    for (const log of this.#logs.values()) {
      const kept = log.done.filter(({ doneAt }) => doneAt >= before);
      pruned += log.done.length - kept.length;
      log.done.splice(0, log.done.length, ...kept);
    }
    return Promise.resolve(pruned);
  }

  crashedAt(): number {
    return this.crashed;
  }

  ambiguousSinceCrash(connection: string, more = 0): number {
    const events = (this.#ambiguousSinceCrash.get(connection) ?? 0) + more;
    this.#ambiguousSinceCrash.set(connection, events);
    return events;
  }

  waiting(connection: string): number {
    return this.log(connection).waiting.size;
  }

  status(now: number, only?: string): QueueStatus {
    if (this.#ended) this.#assertOpen();
    const logs = [...this.#logs].filter(([connection]) => only === undefined || connection === only);
    const connections = logs.map(([connection, { waiting, dead, done, registered }]) => {
      const [oldest] = waiting.values();
      const oldestMs = oldest === undefined ? 0 : now - oldest.acceptedAt;
      return { connection, waiting: waiting.size, oldestMs, dead: dead.length, done: done.length, registered };
    });
    return { connections, bytes: 0, seenBytes: 0, maxBytes: Number.POSITIVE_INFINITY, quarantined: 0 };
  }

  close(): Promise<void> {
    this.closed = true;
    this.#ended = true;
    return Promise.resolve();
  }
}

const claimOf = ({ seq, id, lanes, event, acceptedAt, attempts, ambiguous, history, trace }: Kept): Claim => ({
  seq,
  id,
  lanes,
  text: JSON.stringify(event),
  acceptedAt,
  attempts,
  ambiguous,
  history,
  trace,
});

const lanesOf = ({ lanes = [] }: Pick<QueuedEvent, 'lanes'>): readonly string[] => lanes;

const matches = ({ reason, diedAt, seq }: DeadLetter, filter: DeadFilter): boolean =>
  (filter.reason === undefined || reason.code === filter.reason) &&
  (filter.since === undefined || diedAt >= filter.since) &&
  (filter.seq === undefined || seq === filter.seq);
