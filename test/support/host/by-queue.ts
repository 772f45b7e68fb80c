import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CdpEvent, Connection, DestinationManifest, Signal } from '../../../core/index.ts';
import { workFor, type QueuedEvent, type Settlement } from '../../../core/queue/index.ts';
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';
import type { Claim, DeliveryQueue } from '../../../core/queue/queue.ts';
import type { WorkableQueue } from '../../../core/queue/work-options.ts';
import { work } from '../../../core/queue/worker.ts';
import type { LeapingClock } from './clock.ts';
import type { HostLog, FinalState } from './host-log.ts';
import type { Known } from './script.ts';

export interface QueueRun {
  readonly connection: Connection;
  readonly manifest: DestinationManifest;
  readonly events: Iterable<CdpEvent>;
  readonly known: readonly Known[];
  readonly hostLog: HostLog;
  readonly clock: LeapingClock;
  readonly onSignal: (signal: Signal) => void;
}

const together = 500;
/** The producer waits while so many wait before it. */
const mostWaiting = 10_000;
const lookAgainMs = 60_000;

/** spillway/queue on a disk: one puts, a worker works. The store's work, which takes real time, holds the clock. */
export async function deliverByQueue({ connection, manifest, events, known, hostLog, clock, onSignal }: QueueRun) {
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-hosts-'));
  const queue = await openQueue({ path: folder, now: clock.now, onSignal });
  const places = new Map<string, number>();
  const watched = watch(queue, clock, (claim, settlement) => {
    const index = places.get(claim.id) ?? -1;
    if (settlement.kind === 'retry') return;
    const state = finalStateOf(settlement);
    hostLog.finish(index, state, settlement.kind === 'dead' ? settlement.reason : undefined, clock.now());
  });
  const { id } = connection;
  const working = work({
    queue: watched,
    connection: {
      ...connection,
      async deliver(batch, options) {
        const outcomes = await connection.deliver(batch, options);
        for (const outcome of outcomes)
          if (outcome.kind === 'suspended') hostLog.suspend(places.get(outcome.eventId) ?? -1, outcome.scope);
        return outcomes;
      },
    },
    configHash: '',
    now: clock.now,
    after: clock.after,
    random: clock.random,
    onSignal,
    ...workFor(manifest),
  });

  async function put(batch: readonly QueuedEvent[]): Promise<void> {
    await clock.during(queue.put(id, batch));
    for (const { id: event, outcome } of batch)
      if (outcome !== undefined) hostLog.finish(places.get(event) ?? -1, outcome.kind, outcome.reason, clock.now());
    working.wake();
    while (queue.waiting(id) > mostWaiting) await clock.sleep(1_000);
  }

  try {
    let batch: QueuedEvent[] = [];
    let index = 0;
    for (const event of events) {
      const route = connection.routeOf(event);
      const name = known[index]?.id ?? '';
      places.set(name, index);
      const at = { id: name, event, acceptedAt: clock.now() };
      if (route.kind === 'payload') batch.push({ ...at, lanes: route.lanes });
      else if (route.kind === 'skipped' || route.kind === 'rejected') batch.push({ ...at, outcome: route });
      else throw new Error(`routeOf said ${route.kind}`);
      const one = known[index];
      if (one !== undefined && route.kind === 'payload') one.lane = route.lanes?.[0];
      index += 1;
      if (batch.length < together) continue;
      await put(batch);
      batch = [];
    }
    await put(batch);
    while (queue.waiting(id) > 0 || (await revived()) > 0) {
      await working.idle();
      if (queue.waiting(id) > 0) await clock.sleep(lookAgainMs);
    }
  } finally {
    await working.stop(0);
    await clock.during(queue.close());
    await rm(folder, { recursive: true });
  }

  /** What a scope was suspended for is a dead letter, and comes back once somebody has mended that. */
  async function revived(): Promise<number> {
    const misconfigured = { reason: 'misconfigured' } as const;
    for await (const { id: event } of queue.dead(id, misconfigured)) hostLog.requeue(places.get(event) ?? -1);
    const count = await clock.during(queue.requeue(id, misconfigured));
    if (count === 0) return 0;
    for (const { scope } of connection.suspended()) if (scope !== undefined) connection.resume(scope);
    working.wake();
    return count;
  }
}

const finalStateOf = (settlement: Exclude<Settlement, { kind: 'retry' }>): FinalState => {
  if (settlement.kind === 'done') return settlement.outcome;
  const { outcome } = settlement;
  return outcome === 'rejected' || outcome === 'unknown' ? outcome : 'given up';
};

/** The queue as the worker sees it, with a word to the host about each settlement that is on disk. */
function watch(
  queue: DeliveryQueue,
  clock: LeapingClock,
  told: (claim: Claim, settlement: Settlement) => void,
): WorkableQueue {
  const claimed = new Map<number, Claim>();
  return {
    claim(...asked) {
      const claims = queue.claim(...asked);
      for (const claim of claims) claimed.set(claim.seq, claim);
      return claims;
    },
    nextAt: (connection) => queue.nextAt(connection),
    crashedAt: () => queue.crashedAt(),
    ambiguousSinceCrash: (...asked) => queue.ambiguousSinceCrash(...asked),
    waiting: (connection) => queue.waiting(connection),
    async settle(connection, settlements, at) {
      // Taken now: once it is on disk, an event that goes again may be claimed anew before this goes on.
      const settled = settlements.map((settlement) => ({ settlement, claim: claimed.get(settlement.seq) }));
      await clock.during(queue.settle(connection, settlements, at));
      for (const { settlement, claim } of settled) {
        if (claim === undefined) continue;
        if (claimed.get(claim.seq) === claim) claimed.delete(claim.seq);
        told(claim, settlement);
      }
    },
    release(connection, seqs) {
      for (const seq of seqs) claimed.delete(seq);
      queue.release(connection, seqs);
    },
  };
}
