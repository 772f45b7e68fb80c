import { inChildWith } from '../children/child.ts';
import type { Cost, QueueCosts } from '../children/queue.ts';
import type { Effort } from '../effort.ts';
import { atLeast, type Row } from '../report.ts';
import { spreadOf } from '../rounds.ts';

const floor = 'bare lmdb';
const ours = 'durable queue';

/**
 * What the prototype did by which the engine was chosen: events of its own, another machine's day. To be read beside,
 * not against.
 */
const prototype: readonly Row[] = [
  { what: 'prototype on lmdb: put', median: 57_000, unit: 'events/s' },
  { what: 'prototype on lmdb: consume + ack', median: 67_000, unit: 'events/s' },
  { what: 'prototype on lmdb: both', median: 45_000, unit: 'events/s' },
  { what: 'prototype on lmdb: both', median: 22, unit: 'CPU us/event' },
];

const drive = (...args: readonly string[]): Promise<QueueCosts> =>
  inChildWith<QueueCosts>(['--single-threaded-gc'], 'queue', ...args);

/**
 * The durable queue beside the bare package, both as durable: nothing counts before it is flushed. All cores, all
 * threads.
 */
export async function queue(effort: Effort): Promise<readonly Row[]> {
  const { rounds } = await drive(effort.quick ? '5000' : '20000', effort.quick ? '3' : '5');
  const rows: Row[] = [];
  const [first = []] = rounds;
  for (const { part } of first.filter(({ store }) => store === floor))
    for (const name of new Set(first.map((cost) => cost.store))) rows.push(...rowsOf(rounds, name, part));
  for (const store of [floor, ours]) {
    const { peakMb, startMb } = await drive('20000', '1', store);
    rows.push({
      what: `${store}: most memory, beyond the events and the code`,
      median: peakMb - startMb,
      unit: 'MB RSS',
    });
  }
  return [...rows, ...prototype];
}

function rowsOf(rounds: readonly (readonly Cost[])[], store: string, part: string): Row[] {
  const of = (costs: readonly Cost[], name: string): Cost =>
    costs.find((cost) => cost.store === name && cost.part === part) as Cost;
  const spread = (figure: (cost: Cost) => number) => spreadOf(rounds.map((costs) => figure(of(costs, store))));
  const beside = (compare: (own: Cost, bare: Cost) => number): number =>
    spreadOf(rounds.map((costs) => compare(of(costs, store), of(costs, floor)))).median;
  const what = `${part}: ${store}`;
  const speed = beside((own, bare) => own.perSecond / bare.perSecond);
  const cost = beside((own, bare) => bare.cpuUs / own.cpuUs);
  // Dedup, checksum and counts cost half as much again as the floor, at most; lanes a little more.
  const aim = store === floor ? {} : { aim: atLeast(cost, store === ours ? 0.65 : 0.6) };
  return [
    { what, ...spread(({ perSecond }) => perSecond), unit: 'events/s', ratio: speed },
    { what, ...spread(({ cpuUs }) => cpuUs), unit: 'CPU us/event', ratio: cost, ...aim },
    { what, ...spread(({ flushes, seconds }) => flushes / seconds), unit: 'flushes/s' },
  ];
}
