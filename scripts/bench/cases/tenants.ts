import { inChild } from '../children/child.ts';
import type { TenantsRun } from '../children/tenants.ts';
import type { Effort } from '../effort.ts';
import { atMost, type Row } from '../report.ts';
import { startSink } from '../sink.ts';
import { subjectOf } from '../subjects.ts';

const tenants = 5_000;
const many = 50_000;

/** A host with very many customers at one vendor: each is a connection, and most of them have little to say. */
export async function tenantsCase(effort: Effort): Promise<readonly Row[]> {
  const subject = subjectOf('Rokt, 1 a request');
  const sink = await startSink(subject);
  const floors: TenantsRun[] = [];
  const runs: TenantsRun[] = [];
  for (let round = 0; round < (effort.quick ? 1 : 3); round += 1) {
    floors.push(await inChild<TenantsRun>('tenants', 'floor', String(tenants), sink.origin));
    runs.push(await inChild<TenantsRun>('tenants', 'deliver', String(tenants), sink.origin));
  }
  sink.stop();
  const opened = await inChild<TenantsRun>('tenants', 'open', String(many));
  const floor = median(floors, ({ firstMs }) => firstMs);
  const first = median(runs, ({ firstMs }) => firstMs);
  const openMs = median(runs, (run) => run.openMs);
  const ambiguous = Math.max(...runs.map((run) => run.ambiguous));
  const undelivered = tenants - Math.min(...runs.map(({ delivered }) => delivered));
  const heapMb = median(runs, ({ idleHeapBytes }) => idleHeapBytes) / 2 ** 20;
  const bytesEach = opened.idleHeapBytes / many;
  return [
    row('opened', openMs, 'ms', { aim: atMost(openMs, 500, ' ms') }),
    row('an event each, one shared Agent by hand', floor, 'ms', { ratio: 1 }),
    row('an event each', first, 'ms', { ratio: floor / first, aim: atMost(first / floor, 1.3, 'x') }),
    row('ambiguous among them', ambiguous, 'events', { aim: atMost(ambiguous, 0) }),
    row('not delivered among them', undelivered, 'events', { aim: atMost(undelivered, 0) }),
    row('heap, idle afterwards', heapMb, 'MB', { aim: atMost(heapMb, 70, ' MB') }),
    row(
      'RSS of the process, idle afterwards',
      median(runs, ({ idleRssMb }) => idleRssMb),
      'MB',
    ),
    row('opened', opened.openMs, 'ms', { of: many }),
    row('longest block of the event loop, 50 a turn', opened.longestBlockMs, 'ms', {
      of: many,
      aim: atMost(opened.longestBlockMs, 50, ' ms'),
    }),
    row('heap of each', bytesEach, 'bytes', { of: many, aim: atMost(bytesEach, 4096, ' bytes') }),
  ];
}

const row = (
  what: string,
  value: number,
  unit: string,
  { of = tenants, ...more }: Pick<Row, 'ratio' | 'aim'> & { readonly of?: number } = {},
): Row => ({ what: `${of.toLocaleString('en')} connections: ${what}`, median: value, unit, ...more });

function median(runs: readonly TenantsRun[], of: (run: TenantsRun) => number): number {
  const sorted = runs.map(of).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
