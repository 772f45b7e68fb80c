import { defaultPoison, type PoisonPolicy } from './settlement.ts';

/** Events that the vendor fails on whenever they go alone, while others go through or not. */
export interface PoisonSuspects {
  /** How many of them wait. */
  readonly events: number;
  /** They are too many to be to blame themselves: the vendor is out of order in part, and they wait until they are too old. */
  readonly partial: boolean;
}

/**
 * Who is to blame for the failures of events that go alone: the events, as long as they are few beside those delivered in the same time, or
 * the vendor. Counts from when the worker started: it takes as long as a verdict needs at least until it knows how many fail, and blames no
 * event before, or each restart in an outage in part would find a few that seem to be alone.
 */
export interface PoisonTracker {
  recordDelivered(): void;
  /** It failed again; `answers` and `since` as in Trouble. */
  recordFailure(seq: number, answers: number, since: number): void;
  /** It is settled; `poisonous`: by this. */
  recordSettled(seq: number, poisonous: boolean): void;
  /** Whether an event that has failed since (epoch ms) is to blame for it. */
  isPoisonous(seq: number, since: number): boolean;
  suspects(): PoisonSuspects;
}

const minute = 60_000;
/** Deliveries are counted by the minute, for a day. */
const mostMinutes = 1_440;

interface One {
  readonly since: number;
  readonly answers: number;
  /** Epoch ms when it became a dead letter; `undefined` while it waits. */
  readonly diedAt?: number;
}

export function createPoisonTracker(now: () => number, policy: PoisonPolicy = defaultPoison): PoisonTracker {
  /** Deliveries by the minute in which they were, the earliest first. */
  const minutes = new Map<number, number>();
  /** Those on the way to a verdict among them: where the vendor fails on nearly all, the first to get there is not alone. */
  const failing = new Map<number, One>();
  const startedAt = now();
  let lookedAt = startedAt;

  function deliveredSince(since: number): number {
    let sum = 0;
    for (const [at, count] of minutes) if (at >= Math.floor(since / minute)) sum += count;
    return sum;
  }

  /** How many events may be to blame, beside as many as were delivered since. */
  function tolerated(since: number): number {
    const delivered = deliveredSince(since);
    return delivered === 0 ? 0 : Math.max(1, Math.floor(delivered * policy.share));
  }

  /** Once a minute: they may be very many. */
  function forgetOld(): void {
    if (now() - lookedAt < minute) return;
    lookedAt = now();
    for (const [seq, { diedAt }] of failing)
      if (diedAt !== undefined && now() - diedAt > policy.overMs) failing.delete(seq);
  }

  return {
    recordDelivered() {
      const at = Math.floor(now() / minute);
      minutes.set(at, (minutes.get(at) ?? 0) + 1);
      if (minutes.size > mostMinutes) for (const first of minutes.keys()) return void minutes.delete(first);
    },
    recordFailure(seq, answers, since) {
      if (answers * 2 >= policy.answers) failing.set(seq, { since, answers });
    },
    recordSettled(seq, poisonous) {
      if (!poisonous) return void failing.delete(seq);
      const { since = now(), answers = policy.answers } = failing.get(seq) ?? {};
      failing.set(seq, { since, answers, diedAt: now() });
    },
    isPoisonous(seq, since) {
      if (now() - startedAt < policy.overMs) return false;
      forgetOld();
      return failing.size + (failing.has(seq) ? 0 : 1) <= tolerated(since);
    },
    suspects() {
      forgetOld();
      const waiting = [...failing.values()].filter(
        ({ diedAt, answers }) => diedAt === undefined && answers >= policy.answers,
      );
      const since = waiting.reduce((least, one) => Math.min(least, one.since), now());
      return { events: waiting.length, partial: waiting.length > 0 && failing.size > tolerated(since) };
    },
  };
}
