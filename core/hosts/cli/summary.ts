import { outcomeKinds, type OutcomeKind, type ReasonCode } from '../../index.ts';
import type { RunStats } from './run-stats.ts';
import type { StopSignal } from './terminal.ts';

/** What `deliver --json` prints. */
export interface Summary {
  readonly destination: string;
  /** Lines of the input that are not blank, as far as it was read. */
  readonly in: number;
  readonly outcomes: Readonly<Record<OutcomeKind, number>>;
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>;
  /** Lines that are not JSON; among the rejected. */
  readonly unreadable: number;
  readonly requests: number;
  readonly retries: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
  /** in = sum of outcomes. */
  readonly conserved: boolean;
  readonly stopped?: Stopped;
}

export interface Stopped {
  readonly by: StopSignal | 'input' | 'outcomes' | 'store';
  /** From this line of the input on, nothing was attempted. */
  readonly nextLine: number;
}

export function summaryOf(
  destination: string,
  events: number,
  stats: RunStats,
  ms: number,
  stopped: Stopped | undefined,
): Summary {
  const seconds = ms / 1000;
  return {
    destination,
    in: events,
    outcomes: stats.outcomes,
    reasons: Object.fromEntries([...stats.reasons].toSorted(([, one], [, other]) => other - one)),
    unreadable: stats.unreadable,
    requests: stats.requests,
    retries: stats.retries,
    bytes: stats.bytes,
    seconds: Math.round(ms) / 1000,
    eventsPerSecond: seconds === 0 ? 0 : Math.round(events / seconds),
    latencyMs: { p50: stats.latencyMs(50) ?? null, p99: stats.latencyMs(99) ?? null },
    conserved: Object.values(stats.outcomes).reduce((sum, count) => sum + count, 0) === events,
    ...(stopped === undefined ? {} : { stopped }),
  };
}

let format: Intl.NumberFormat | undefined;

/** Made for the first number: `--json` shows none, and Node takes as long for it as for a few thousand events. */
function number(amount: number): string {
  format ??= new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
  return format.format(amount);
}

/** The summary for people, one figure a line. */
export function summaryText(summary: Summary): string {
  const { outcomes, reasons, latencyMs } = summary;
  const rows: [name: string, value: string][] = [
    ['events in', `${number(summary.in)} in ${number(summary.seconds)} s (${number(summary.eventsPerSecond)}/s)`],
    ...outcomeKinds.map((kind): [string, string] => [kind, number(outcomes[kind])]),
    [
      'reasons',
      Object.entries(reasons)
        .map(([code, count]) => `${code} ${number(count)}`)
        .join(', ') || 'none',
    ],
    ['requests', `${number(summary.requests)} (${number(summary.retries)} retries, ${bytesText(summary.bytes)})`],
    [
      'latency',
      latencyMs.p50 === null ? 'none' : `p50 ${number(latencyMs.p50)} ms, p99 ${number(latencyMs.p99 ?? 0)} ms`,
    ],
    ['conservation', conservation(summary)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [summary.destination, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ''].join('\n');
}

const conservation = ({ conserved, outcomes, in: events }: Summary): string =>
  `in ${number(events)} ${conserved ? '=' : 'IS NOT'} ${outcomeKinds.map((kind) => `${number(outcomes[kind])} ${kind}`).join(' + ')}`;

function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${number(bytes / 1000 ** step)} ${units[step]}`;
}
