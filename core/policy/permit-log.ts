import type { Rate } from '../api/manifest.ts';

/** What a process asks of a rate that it shares. */
export interface PermitRequest {
  readonly rate: Rate;
  /** Permits at most; 0 = only `moves`. */
  readonly most: number;
  /** Permits at least: fewer are of no use, because a request takes so many. */
  readonly least: number;
  /** How long they may be used once the last of them is due, in milliseconds. */
  readonly forMs: number;
  /** What became of permits of earlier leases. Where it is not known, each counts as if it was used last of all. */
  readonly moves: readonly PermitMove[];
}

/** Permits of a lease that were used at another date than its own, or (without `to`) were not used at all. */
export interface PermitMove {
  /** `date` of the lease, or `to` of an earlier move. */
  readonly from: number;
  readonly permits: number;
  /** By the limiter's clock, in milliseconds. */
  readonly to?: number;
}

/** The answer to a PermitRequest. */
export interface PermitLease {
  /** 0 = none can be had so soon. */
  readonly permits: number;
  /** Milliseconds until the first may be used; with no permits, until there may be some. */
  readonly inMs: number;
  /** How many may be used then; the others come evenly, at the rate's steady pace. */
  readonly atOnce: number;
  /** Milliseconds until none of them may be used any more. */
  readonly untilMs: number;
  /** That moment by the limiter's clock: the name of these permits in PermitMove. */
  readonly date: number;
}

/**
 * The permits of a rate that were given away, each with the latest date (ms) at which its request may leave. A permit
 * counts until its date is a window old. So no window carries more than the rate allows, however long permits lie
 * between: whoever gets some counts all that may leave within the window before.
 */
export interface PermitLog {
  readonly dates: readonly (readonly [date: number, permits: number])[];
  /** When all permits are paid for, where the rate has a burst: the others come evenly. */
  readonly clearAt: number;
}

export const emptyPermitLog: PermitLog = { dates: [], clearAt: 0 };

/** Steps by which a window is divided: so many entries it has at most. */
const stepsOfWindow = 200;

/** The step of the log's dates that a date counts for: never an earlier one. */
export function loggedDate(rate: Rate, date: number): number {
  const step = Math.max(1, Math.floor(rate.perMs / stepsOfWindow));
  return Math.ceil(date / step) * step;
}

/**
 * How long a permit counts: a little longer than the vendor's window, because the requests of several processes need
 * different times to arrive.
 */
const countedMs = ({ perMs }: Rate): number => perMs + Math.min(100, 0.03 * perMs);

/** Milliseconds between permits that come one by one; 0 where all of a window may be used at once. */
export const intervalOf = ({ permits, perMs, burst }: Rate): number =>
  burst === undefined || burst >= permits ? 0 : perMs / (permits - burst);

/** For how long permits are given away: about a tenth of a second, longer where a window takes long. */
export const slotMs = ({ perMs }: Rate): number => Math.max(perMs / 100, Math.min(100, perMs / 10));

/** How far ahead permits are given away. Who would have to wait longer asks again. */
export const aheadMs = ({ perMs }: Pick<Rate, 'perMs'>): number => Math.min(200, perMs / 5);

export interface PermitGrant {
  readonly log: PermitLog;
  readonly lease: PermitLease;
}

/** Gives permits away, none before `opensAt`; all by the clock of whoever keeps the log. */
export function grantPermits(before: PermitLog, request: PermitRequest, now: number, opensAt: number): PermitGrant {
  const { rate, most, least, forMs, moves } = request;
  // Whatever is further ahead was dated by a clock that has gone back since.
  const latest = now + rate.perMs + longestForMs;
  const dates = movedDates(before, rate, moves, now).map(
    ([date, permits]) => [Math.min(date, latest), permits] as const,
  );
  const log = { dates, clearAt: Math.min(before.clearAt, latest) };
  if (most <= 0) return { log, lease: { permits: 0, inMs: 0, untilMs: 0, atOnce: 0, date: now } };
  const interval = intervalOf(rate);
  const burst = rate.burst ?? 0;
  const isLarge = interval > 0 && least > burst;
  const paidAt = isLarge ? log.clearAt : log.clearAt - (burst - least) * interval;
  const from = whenThereIsRoom(dates, rate, least, Math.max(now, opensAt, interval > 0 ? paidAt : 0));
  if (from - now > aheadMs(rate))
    return { log, lease: { permits: 0, inMs: from - now, untilMs: 0, atOnce: 0, date: now } };
  const permits = isLarge ? least : Math.max(least, Math.min(most, roomAt(dates, rate, from)));
  const base = Math.max(log.clearAt, from) - (burst - 1) * interval;
  const isEven = interval > 0 && !isLarge;
  const atOnce = isEven ? Math.min(permits, Math.floor((from - base) / interval + rounding) + 1) : permits;
  // A request that takes many permits takes their time as well.
  const date = loggedDate(rate, from + (permits - (isLarge ? 0 : atOnce)) * interval + forMs);
  return {
    log: {
      dates: withPermits(dates, date, permits),
      clearAt: interval === 0 ? 0 : Math.max(log.clearAt, from) + permits * interval,
    },
    lease: { permits, inMs: from - now, untilMs: date - now, atOnce, date },
  };
}

/** Nobody asks for permits that are good for longer, beside a part of their window (ms). */
const longestForMs = 30_000;

/** Less than this part of an interval is the rounding of numbers. */
const rounding = 1e-6;

type Dates = PermitLog['dates'];

/** Drops what is a window old, and puts permits to where they belong. */
function movedDates({ dates }: PermitLog, rate: Rate, moves: readonly PermitMove[], now: number): Dates {
  const counts = new Map<number, number>();
  for (const [date, permits] of dates) counts.set(date, permits);
  for (const { from, permits, to } of moves) {
    counts.set(from, Math.max(0, (counts.get(from) ?? 0) - permits));
    if (to === undefined) continue;
    const date = loggedDate(rate, to);
    counts.set(date, (counts.get(date) ?? 0) + permits);
  }
  return [...counts]
    .filter(([date, permits]) => permits > 0 && date > now - countedMs(rate))
    .toSorted(([a], [b]) => a - b);
}

const withPermits = (dates: Dates, at: number, permits: number): Dates => {
  const before = dates.find(([date]) => date === at)?.[1] ?? 0;
  const entry: Dates[number] = [at, before + permits];
  return [...dates.filter(([date]) => date !== at), entry].toSorted(([a], [b]) => a - b);
};

const roomAt = (dates: Dates, rate: Rate, at: number): number =>
  dates.reduce((room, [date, used]) => (date > at - countedMs(rate) ? room - used : room), rate.permits);

/** A request that takes more than all permits leaves when nothing else is in the window. */
function whenThereIsRoom(dates: Dates, rate: Rate, permits: number, earliest: number): number {
  let excess = Math.min(permits, rate.permits) - rate.permits;
  for (const [, used] of dates) excess += used;
  let at = earliest;
  for (const [date, used] of dates) {
    if (excess <= 0) break;
    at = Math.max(at, date + countedMs(rate));
    excess -= used;
  }
  return at;
}
