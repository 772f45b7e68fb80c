import type { ReasonCode } from '../api/reason-codes.ts';
import { backoffMs, equalJitter } from '../policy/backoff.ts';
import { sleepCapped, type Clock } from '../policy/clock.ts';
import { failpoint } from './failpoint.ts';
import { isStoreLost, type DeliveryQueue, type FinalSettlement, type Settlement } from './queue.ts';
import { storeRetries } from './waits.ts';
import type { WorkerMonitor } from './worker-monitor.ts';

export interface SettlementWriterOptions {
  readonly queue: Pick<DeliveryQueue, 'settle' | 'release'>;
  /** Of the connection. */
  readonly id: string;
  readonly configHash: string;
  readonly monitor: Pick<WorkerMonitor, 'recordWritten' | 'recordRefused'>;
  readonly now: Clock['now'];
  readonly after: Clock['after'];
  readonly random: Clock['random'];
  /** Fires when there is no time left to ask a store again. */
  readonly hurry: AbortSignal;
  /** The store refused a write, and is asked again after so many milliseconds; 0 = never. */
  readonly onRefused: (error: unknown, retryMs: number) => void;
  /** The store takes writes again. */
  readonly onRecovered: () => void;
  readonly onDefect: (where: string, error: unknown) => void;
  /** Told of each event that has left the queue for good, once that is on disk. Undefined where nobody listens. */
  readonly onSettled: ((settlement: FinalSettlement, claim: SettledClaim) => void) | undefined;
}

/** What is told of a claim beside its settlement. */
export interface SettledClaim {
  /** Epoch ms when it was put. */
  readonly acceptedAt: number;
  /** Why it was skipped: a dead letter says why by itself. */
  readonly skippedFor?: ReasonCode | undefined;
}

/** Writes settlements while other events of their batch are still in flight, many in one transaction. */
export interface SettlementWriter {
  /**
   * Resolves to true when it is on disk; to false when time ran out before the store took it, and the claim was
   * released. Settlements that come while a write is in progress share the next one, and its promise. Never rejects.
   */
  write(settlement: FinalSettlement, claim: SettledClaim): Promise<boolean>;
  write(settlement: Settlement, claim?: SettledClaim): Promise<boolean>;
  /** Gives the claims back as they were, which costs no write. */
  release(seqs: readonly number[]): void;
  /**
   * Resolves to whether the store has space for the settlements of so many events; retries until it has. Asked before
   * anything is sent, as what is sent has to be recorded.
   */
  proveWritable(events: number): Promise<boolean>;
  /** The store refuses writes: send nothing more, as its outcome could not be recorded. */
  isStuck(): boolean;
}

/** Most settlements in one write. Preparing more at once would keep the other connections of the process waiting. */
const maxGroupSize = 200;

/** Settlements of one write. */
interface SettlementGroup {
  readonly settlements: Settlement[];
  readonly written: Promise<boolean>;
  readonly resolve: (isWritten: boolean) => void;
}

export function createSettlementWriter(options: SettlementWriterOptions): SettlementWriter {
  const { queue, id, configHash, monitor, now, after, random, hurry, onRefused, onRecovered, onDefect } = options;
  const { onSettled } = options;
  /** By seq, the claims that are to leave the queue. */
  const leaving = new Map<number, SettledClaim>();
  const pending: SettlementGroup[] = [];
  let isWriting = false;
  /** The events whose settlements a write without settlements proves space for. */
  let reservedEvents = 0;
  /** Groups that the store refuses so far. */
  let refusedGroups = 0;

  const waitAfter = (failures: number): number => equalJitter(backoffMs(storeRetries, failures), random);

  async function writePending(): Promise<void> {
    isWriting = true;
    // The outcomes of one answer come one by one in the same turn: wait until all have come.
    await Promise.resolve();
    for (let group = pending.shift(); group !== undefined; group = pending.shift()) {
      failpoint('after send before record');
      // A refused group does not block the next one, which may need less space.
      const retryMs = waitAfter(1);
      if (await tryWrite(group.settlements, retryMs)) group.resolve(true);
      else void retryUntilStopped(group.settlements, retryMs).then(group.resolve);
      failpoint('after record');
    }
    isWriting = false;
  }

  async function settle(
    settlements: readonly Settlement[],
    more: { readonly reserveFor?: number } = {},
  ): Promise<void> {
    try {
      await queue.settle(id, settlements, { now: now(), configHash, ...more });
    } catch (error) {
      monitor.recordRefused(error);
      throw error;
    }
    monitor.recordWritten(settlements);
    if (onSettled !== undefined) for (const settlement of settlements) tellSettled(settlement);
  }

  function tellSettled(settlement: Settlement): void {
    if (settlement.kind === 'retry') return;
    const claim = leaving.get(settlement.seq);
    if (claim === undefined) return;
    leaving.delete(settlement.seq);
    onSettled?.(settlement, claim);
  }

  /** `retryMs`: when the store is asked again, should it refuse. */
  async function tryWrite(settlements: readonly Settlement[], retryMs: number): Promise<boolean> {
    try {
      await settle(settlements, { reserveFor: reservedEvents });
      return true;
    } catch (error) {
      onRefused(error, hurry.aborted || isStoreLost(error) ? 0 : retryMs);
      return false;
    }
  }

  /**
   * A refused settlement must not be lost, as its event would be sent again: it is written again and again until time
   * runs out; 'done' ones separately, because they need less space.
   */
  async function retryUntilStopped(settlements: readonly Settlement[], firstWaitMs: number): Promise<boolean> {
    refusedGroups += 1;
    let parts = partition(settlements, ({ kind }) => kind === 'done');
    for (let failures = 2, waitMs = firstWaitMs; parts.length > 0 && !hurry.aborted; failures += 1) {
      await sleepCapped(waitMs, after, hurry);
      waitMs = waitAfter(failures);
      const refused: (readonly Settlement[])[] = [];
      for (const part of parts) if (!(await tryWrite(part, waitMs))) refused.push(part);
      parts = refused;
    }
    let unwritten = parts.flat();
    if (hurry.aborted) unwritten = await writeOneByOne(unwritten);
    refusedGroups -= 1;
    release(unwritten.map(({ seq }) => seq));
    if (parts.length === 0 && refusedGroups === 0) onRecovered();
    return parts.length === 0;
  }

  /**
   * The last chance: each that finds space is one that is not sent again. 'done' first, as it needs least. Returns the
   * others.
   */
  async function writeOneByOne(settlements: readonly Settlement[]): Promise<Settlement[]> {
    const refused: Settlement[] = [];
    for (const one of [...settlements].sort((a, b) => Number(b.kind === 'done') - Number(a.kind === 'done'))) {
      try {
        await settle([one]);
      } catch (error) {
        refused.push(one);
        if (isStoreLost(error)) return [...settlements];
      }
    }
    return refused;
  }

  function release(seqs: readonly number[]): void {
    if (seqs.length === 0) return;
    for (const seq of seqs) leaving.delete(seq);
    try {
      queue.release(id, seqs);
    } catch (error) {
      onDefect('queue.release', error);
    }
  }

  return {
    write(settlement, claim) {
      if (onSettled !== undefined && claim !== undefined) leaving.set(settlement.seq, claim);
      let group = pending.at(-1);
      if (group === undefined || group.settlements.length >= maxGroupSize) pending.push((group = emptyGroup()));
      group.settlements.push(settlement);
      if (!isWriting) void writePending();
      return group.written;
    },
    release,
    async proveWritable(events) {
      reservedEvents = events;
      const retryMs = waitAfter(1);
      return (await tryWrite([], retryMs)) || retryUntilStopped([], retryMs);
    },
    isStuck: () => refusedGroups > 0,
  };
}

function emptyGroup(): SettlementGroup {
  let resolve: SettlementGroup['resolve'] = () => undefined;
  const written = new Promise<boolean>((settle) => {
    resolve = settle;
  });
  return { settlements: [], written, resolve };
}

/** Two parts, or one where the other would be empty. */
function partition<T>(all: readonly T[], test: (one: T) => boolean): (readonly T[])[] {
  const yes = all.filter(test);
  return yes.length === 0 || yes.length === all.length ? [all] : [yes, all.filter((one) => !test(one))];
}
