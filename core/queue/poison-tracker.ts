import { defaultPoison, type PoisonPolicy } from './settlement.ts';

/** Events that the vendor fails on whenever each has a request of its own, whether others go through or not. */
export interface PoisonSuspects {
  /** How many of them wait. */
  readonly events: number;
  /**
   * They are too many to be poisonous themselves: the vendor is partly out of order, and they wait until they are too
   * old.
   */
  readonly partial: boolean;
}

/**
 * Decides whether an event that fails by itself is poisonous, or the vendor is to blame: suspects are poisonous as long
 * as they are few beside the events delivered in the same time. It counts from the worker's start, and blames no event
 * before it has counted for as long as a verdict takes: else each restart during a partial outage would find a few
 * suspects that seem to be the only ones.
 */
export interface PoisonTracker {
  recordDelivered(): void;
  /** It failed again; `answers` and `since` as in FailureHistory. */
  recordFailure(seq: number, answers: number, since: number): void;
  /** It has left the queue; `poisonous`: for that reason. */
  recordSettled(seq: number, poisonous: boolean): void;
  /** Whether an event that fails since then (epoch ms) is to blame for it. */
  isPoisonous(seq: number, since: number): boolean;
  suspects(): PoisonSuspects;
  /** Whether it may be worth to ask for them, at no cost. */
  hasSuspects(): boolean;
}

const minuteMs = 60_000;
/** Deliveries are counted by the minute, for a day. */
const maxMinutes = 1_440;

interface Suspect {
  readonly since: number;
  readonly answers: number;
  /** Epoch ms when it became a dead letter; `undefined` while it waits. */
  readonly diedAt?: number;
}

export function createPoisonTracker(now: () => number, policy: PoisonPolicy = defaultPoison): PoisonTracker {
  /** Deliveries by minute, the earliest first. */
  const deliveredByMinute = new Map<number, number>();
  /**
   * With those that are halfway to a verdict: where the vendor fails on nearly all events, the first to get there is
   * not the only one.
   */
  const suspects = new Map<number, Suspect>();
  const startedAt = now();
  let prunedAt = startedAt;

  function deliveredSince(since: number): number {
    let sum = 0;
    for (const [minute, count] of deliveredByMinute) if (minute >= Math.floor(since / minuteMs)) sum += count;
    return sum;
  }

  /** How many events may be poisonous beside those delivered since then. */
  function maxPoisonous(since: number): number {
    const delivered = deliveredSince(since);
    return delivered === 0 ? 0 : Math.max(1, Math.floor(delivered * policy.share));
  }

  /** At most once a minute, as there may be very many. */
  function prune(): void {
    if (now() - prunedAt < minuteMs) return;
    prunedAt = now();
    for (const [seq, { diedAt }] of suspects)
      if (diedAt !== undefined && now() - diedAt > policy.overMs) suspects.delete(seq);
  }

  return {
    recordDelivered() {
      const minute = Math.floor(now() / minuteMs);
      deliveredByMinute.set(minute, (deliveredByMinute.get(minute) ?? 0) + 1);
      if (deliveredByMinute.size <= maxMinutes) return;
      for (const first of deliveredByMinute.keys()) return void deliveredByMinute.delete(first);
    },
    recordFailure(seq, answers, since) {
      if (answers * 2 >= policy.answers) suspects.set(seq, { since, answers });
    },
    recordSettled(seq, poisonous) {
      if (!poisonous) return void suspects.delete(seq);
      const { since = now(), answers = policy.answers } = suspects.get(seq) ?? {};
      suspects.set(seq, { since, answers, diedAt: now() });
    },
    isPoisonous(seq, since) {
      if (now() - startedAt < policy.overMs) return false;
      prune();
      return suspects.size + (suspects.has(seq) ? 0 : 1) <= maxPoisonous(since);
    },
    hasSuspects: () => suspects.size > 0,
    suspects() {
      prune();
      const waiting = [...suspects.values()].filter(
        ({ diedAt, answers }) => diedAt === undefined && answers >= policy.answers,
      );
      const since = waiting.reduce((least, one) => Math.min(least, one.since), now());
      return { events: waiting.length, partial: waiting.length > 0 && suspects.size > maxPoisonous(since) };
    },
  };
}
