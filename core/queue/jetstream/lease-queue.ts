import { LaneScheduler, type ClaimEnd } from '../lane-scheduler.ts';
import { triesOf, type Claim, type ClaimKind, type Settlement } from '../queue.ts';
import type { WorkableQueue } from '../work-options.ts';
import { asStoreError, storeErrorOf } from './broker-errors.ts';
import { LaneTaken } from './lane-marks.ts';
import { LeasedEvents, triedOf, type LeasedEvent } from './leased-events.ts';
import type { PackLease } from './pack-lease.ts';
import { keyOf, type SettledPart, type SettlementJournal } from './settlement-journal.ts';

/** What a queue of leases tells whoever takes messages out for it. */
export interface LeaseQueueHooks {
  /** The broker may be asked again how much waits. */
  readonly onDrained: () => void;
}

/** Of each connection. */
const mostFinished = 10_000;

/**
 * The events of the messages that this process has taken out, as a worker claims them. What the worker settles goes to
 * the broker through the journal.
 */
export class LeaseQueue implements WorkableQueue {
  readonly #journal: SettlementJournal;
  readonly #hooks: LeaseQueueHooks;
  readonly #events = new LeasedEvents();
  readonly #scheduler = new LaneScheduler<LeasedEvent>(this.#events);
  /** By the sequence number of the message. */
  readonly #leases = new Map<number, PackLease>();
  /** Messages that are done, the latest ones: a broker that was killed may hand them out again. */
  readonly #finished = new Set<number>();
  #lost: Error | undefined;
  /** Events that wait elsewhere, or may; those here are counted apart. */
  #elsewhere = 1;

  constructor(journal: SettlementJournal, hooks: LeaseQueueHooks) {
    this.#journal = journal;
    this.#hooks = hooks;
  }

  get leases(): readonly PackLease[] {
    return [...this.#leases.values()];
  }

  leaseOf(seq: number): PackLease | undefined {
    return this.#leases.get(seq);
  }

  /** Of their texts, about. */
  get bytes(): number {
    return this.#events.bytes;
  }

  lose(error: Error): void {
    this.#lost = error;
    // The worker looks only where something waits.
    this.#elsewhere = 1;
  }

  isFinished(seq: number): boolean {
    return this.#finished.has(seq);
  }

  /** How many events are here. */
  get size(): number {
    return this.#events.size;
  }

  /** How many events wait beside those here, as the broker says; at least one until it was asked. */
  setElsewhere(events: number): void {
    this.#elsewhere = events;
  }

  /** `isSuspect`: an earlier process may have sent those that nothing is known of. */
  add(lease: PackLease, isSuspect: boolean): void {
    this.#leases.set(lease.seq, lease);
    for (const [position, packed] of lease.events.entries()) {
      if (lease.isSettled(position)) continue;
      const tried = lease.triedOf(position) ?? packed;
      const { attempts = 0, notBefore = 0, history } = tried;
      const ambiguous = tried.ambiguous === true || isSuspect ? true : undefined;
      const lanes = [...new Set(packed.lanes)];
      const tries = triesOf(attempts, history);
      const seq = this.#events.nextSeq();
      this.#events.add({ seq, lease, position, packed, lanes, attempts, notBefore, ambiguous, history, tries });
    }
  }

  claim(
    _id: string,
    most: number,
    now: number,
    mostBytes = Number.POSITIVE_INFINITY,
    kind?: ClaimKind,
  ): readonly Claim[] {
    if (this.#lost !== undefined) throw this.#lost;
    const claims: Claim[] = [];
    if (most < 1) return claims;
    let size = 0;
    for (const event of this.#scheduler.claim(now, kind)) {
      claims.push(claimOf(event));
      size += event.packed.text.length;
      if (claims.length >= most || size >= mostBytes) break;
    }
    return claims;
  }

  nextAt(): number | undefined {
    return this.#scheduler.nextAt();
  }

  waiting(): number {
    return this.#events.size + this.#elsewhere;
  }

  crashedAt(): number {
    return 0;
  }

  ambiguousSinceCrash(): number {
    return 0;
  }

  async settle(
    _id: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string },
  ): Promise<void> {
    if (settlements.length === 0) return asStoreError(this.#journal.proveWritable());
    const parts = settlements.flatMap((settlement): SettledPart[] => {
      const event = this.#events.read(settlement.seq);
      // Those that are gone were settled by a call of which the other part failed, or went to another process.
      return event === undefined ? [] : [{ event, settlement }];
    });
    const moved = await asStoreError(this.#journal.publish(parts, at));
    const byLease = new Map<PackLease, SettledPart[]>();
    for (const part of parts) {
      const others = byLease.get(part.event.lease);
      if (others === undefined) byLease.set(part.event.lease, [part]);
      else others.push(part);
    }
    const results = await Promise.allSettled([...byLease].map(([lease, some]) => this.#settleIn(lease, some, moved)));
    if (this.#events.size === 0) this.#hooks.onDrained();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  release(_id: string, seqs: readonly number[]): void {
    const ends: ClaimEnd[] = [];
    for (const seq of seqs) {
      const event = this.#events.read(seq);
      ends.push(event === undefined ? { seq, returns: false } : { seq, returns: true, tries: event.tries });
    }
    this.#scheduler.settle(ends);
  }

  /** Has no more to do with a message: another process has it, or it was given back. */
  drop(lease: PackLease): void {
    lease.isLost = true;
    for (const seq of this.#seqsOf(lease)) this.#remove(seq);
    this.#close(lease);
  }

  /** Writes down what is settled of messages that are under way, and ends those that are done. */
  async mark(): Promise<void> {
    const due = this.leases.filter(({ isUnmarked, open, writes }) => (isUnmarked || open === 0) && !writes.isBusy);
    await Promise.all(
      due.map((lease) =>
        this.#guarded(lease, () => (lease.open === 0 ? this.#finish(lease) : this.#journal.mark(lease, []))),
      ),
    );
  }

  /** Gives a message back for others, with all that is known of it. */
  async giveBack(lease: PackLease): Promise<void> {
    const rest = this.#seqsOf(lease).map((seq) => this.#events.read(seq)!);
    await this.#guarded(lease, () => this.#journal.giveBack(lease, rest));
    this.drop(lease);
  }

  #settleIn(lease: PackLease, parts: readonly SettledPart[], moved: ReadonlySet<string>): Promise<void> {
    return this.#guarded(lease, async () => {
      await this.#journal.mark(lease, parts, moved);
      for (const part of parts) this.#commit(lease, part, moved.has(keyOf(part.event)));
      // What is settled is: the end of the message comes later, where the broker does not answer now.
      await this.#finish(lease).catch(() => undefined);
    });
  }

  async #finish(lease: PackLease): Promise<void> {
    if (lease.open > 0 || lease.isLost || !this.#leases.has(lease.seq)) return;
    await this.#journal.finish(lease);
    this.#rememberFinished(lease.seq);
    this.#close(lease);
  }

  #commit(lease: PackLease, { event, settlement }: SettledPart, isMoved: boolean): void {
    if (settlement.kind !== 'retry' || isMoved) {
      lease.settle(event.position, settlement.kind !== 'done');
      return this.#remove(event.seq);
    }
    const tried = triedOf(event, settlement);
    lease.keep(tried);
    const { attempts, notBefore, ambiguous, history } = tried;
    const tries = triesOf(attempts, history);
    this.#events.replace({ ...event, attempts, notBefore, ambiguous, history, tries });
    this.#scheduler.settle([{ seq: event.seq, returns: true, until: notBefore > 0 ? notBefore : undefined, tries }]);
  }

  /** Where the lease is lost, its events go on elsewhere, and there is nothing to write. */
  async #guarded(lease: PackLease, write: () => Promise<void>): Promise<void> {
    try {
      await lease.writes.run(write);
    } catch (error) {
      if (!(error instanceof LaneTaken)) throw storeErrorOf(error);
      this.drop(lease);
    }
  }

  #rememberFinished(seq: number): void {
    this.#finished.add(seq);
    if (this.#finished.size <= mostFinished) return;
    for (const first of this.#finished) return void this.#finished.delete(first);
  }

  #remove(seq: number): void {
    this.#events.remove(seq);
    this.#scheduler.settle([{ seq, returns: false }]);
  }

  #close(lease: PackLease): void {
    this.#leases.delete(lease.seq);
  }

  #seqsOf(lease: PackLease): readonly number[] {
    return this.#events.after(-1, Number.POSITIVE_INFINITY).filter((seq) => this.#events.read(seq)?.lease === lease);
  }
}

const claimOf = ({ seq, packed, lanes, attempts, ambiguous, history }: LeasedEvent): Claim => ({
  seq,
  id: packed.id,
  lanes,
  text: packed.text,
  acceptedAt: packed.acceptedAt,
  attempts,
  trace: packed.trace,
  ...(ambiguous === undefined ? {} : { ambiguous }),
  ...(history === undefined ? {} : { history }),
});
