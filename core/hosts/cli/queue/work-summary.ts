import type { SettledCount } from '../../../queue/index.ts';
import { afterSignal, exitCode } from '../exit-codes.ts';
import type { RunStats } from '../run-stats.ts';
import type { StopSignal } from '../terminal.ts';

/** What `work --json` prints. */
export interface WorkSummary {
  readonly connections: readonly Worked[];
  readonly requests: number;
  readonly retries: number;
  readonly seconds: number;
  readonly stopped?: StopSignal;
}

/** What this run did for a connection, and what is left of it. */
export interface Worked extends SettledCount {
  readonly connection: string;
  readonly destination: string;
  readonly waiting: number;
  /** The code of the reason why nothing leaves. */
  readonly paused?: string;
}

export function summaryText({ connections, requests, retries, seconds }: WorkSummary): string {
  const lines = connections.map(({ connection, destination, delivered, skipped, dead, waiting, paused }) => {
    const parts = [`${delivered} delivered`, `${skipped} skipped`, `${dead} dead letters`, `${waiting} waiting`];
    return `${connection} (${destination}): ${parts.join(', ')}${paused === undefined ? '' : `, paused (${paused})`}\n`;
  });
  return `${lines.join('')}${requests} requests (${retries} retries) in ${seconds} s\n`;
}

export function warningsOf({ connections, stopped }: WorkSummary): string[] {
  const waiting = connections.reduce((sum, connection) => sum + connection.waiting, 0);
  return stopped === undefined ? [] : [`stopped by ${stopped}: ${waiting} events stay in the queue`];
}

export const defectsOf = ({ defects }: RunStats): string[] =>
  [...defects].map(([what, times]) => `a defect in ${what}${times === 1 ? '' : ` (${times} times)`}`);

export function codeOf(
  { connections, stopped }: WorkSummary,
  { refused, storeFailed, left }: { readonly refused: boolean; readonly storeFailed: boolean; readonly left: boolean },
): number {
  if (stopped !== undefined) return afterSignal(stopped);
  if (refused) return exitCode.config;
  if (storeFailed) return exitCode.storage;
  if (connections.some(({ paused }) => paused === 'unauthorized')) return exitCode.unauthorized;
  return left || connections.some(({ dead, waiting }) => dead + waiting > 0) ? exitCode.undelivered : exitCode.ok;
}
