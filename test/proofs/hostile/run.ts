import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { idleConnections, send, type HostileAnswer } from './client.ts';
import { headOf, kinds, secrets, slowKinds, type HostileRequest } from './requests.ts';

export interface HostileOptions {
  readonly requests: number;
  readonly slow: number;
  readonly connections: number;
  /** Of requests that are in flight at once. */
  readonly concurrency: number;
  readonly port: number;
  readonly token: string;
  readonly pid: number;
  /** What the service has written to its log so far. */
  readonly log: () => string;
}

export interface HostileResult {
  readonly sent: number;
  /** By kind: how often each status came. */
  readonly statuses: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** What was no clear answer, in words. */
  readonly faults: readonly string[];
  readonly idle: number;
  readonly rssBefore: number;
  readonly rssMost: number;
  /** Milliseconds: the longest p99 of the event loop that a scrape has shown. */
  readonly loopP99: number;
}

const probeEveryMs = 500;

export async function attack(options: HostileOptions): Promise<HostileResult> {
  const { port, token, pid, log } = options;
  const head = headOf(token);
  const statuses = new Map<string, Map<number, number>>();
  const faults: string[] = [];
  const rssBefore = rssOf(pid);
  let rssMost = rssBefore;
  let loopP99 = 0;
  let sent = 0;
  const take = ({ kind, statuses: expected }: HostileRequest, { status, body }: HostileAnswer): void => {
    sent += 1;
    const counts = statuses.get(kind) ?? new Map<number, number>();
    statuses.set(kind, counts.set(status, (counts.get(status) ?? 0) + 1));
    // Beyond what it can take, a service may say so to anybody.
    if (!expected.includes(status) && status !== 503) faults.push(`${kind}: ${status}`);
    if (secrets.some((secret) => body.includes(secret))) faults.push(`${kind}: the answer echoes a secret`);
  };
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      await sleep(probeEveryMs);
      rssMost = Math.max(rssMost, rssOf(pid));
      loopP99 = Math.max(loopP99, await loopDelayOf(port, token));
    }
  })();

  const slow = Promise.all(
    Array.from({ length: options.slow }, async (_, n) => {
      const names = Object.keys(slowKinds);
      const kind = names[n % names.length] as string;
      const request = { kind, ...(slowKinds[kind] as (typeof slowKinds)[string])(head) };
      take(request, await send(port, request));
    }),
  );
  const names = Object.keys(kinds);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < options.requests) {
      const kind = names[next % names.length] as string;
      next += 1;
      const [bytes, ...expected] = (kinds[kind] as (typeof kinds)[string])(head);
      const request = { kind, bytes, pauseMs: 0, statuses: expected };
      take(request, await send(port, request));
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  const idle = await idleConnections(port, options.connections);
  const beside = {
    kind: 'beside idle connections',
    bytes: head({ body: '[]' }),
    pauseMs: 0,
    statuses: [200, 0],
  };
  take(beside, await send(port, beside));
  idle.close();
  await slow;
  isOver = true;
  await probing;
  const written = log();
  for (const secret of secrets) if (written.includes(secret)) faults.push(`the log has ${secret}`);
  const after = { kind: 'after all', bytes: head({ body: '[]' }), pauseMs: 0, statuses: [200] };
  take(after, await send(port, after));
  return { sent, statuses, faults, idle: idle.opened, rssBefore, rssMost, loopP99 };
}

/** Megabytes. */
const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

async function loopDelayOf(port: number, token: string): Promise<number> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    const seconds = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await response.text())?.[1];
    return Number(seconds ?? 0) * 1_000;
  } catch {
    return 0;
  }
}
