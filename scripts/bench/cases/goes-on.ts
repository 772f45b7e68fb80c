import type { Allocation } from '../children/allocation.ts';
import { inChild, inChildWith } from '../children/child.ts';
import type { GoingOn, Way } from '../children/goes-on.ts';
import type { Effort } from '../effort.ts';
import { atMost, type Row } from '../report.ts';
import { spreadOf } from '../rounds.ts';
import { subjects, type Subject, type SubjectName } from '../subjects.ts';

/** Percent of the time. */
const mostCollecting = 4;

/** Bytes an event. */
const mostAllocated: Readonly<Partial<Record<SubjectName, number>>> = {
  'AdRoll, 100 a request': 6500,
  'Rokt, 100 a request': 6500,
  'Adjust, 1 a request': 7500,
};

/** A nursery of 256 MB: more than any pass allocates. */
const nursery = ['--min-semi-space-size=256', '--max-semi-space-size=256'];

/** Line -> request bytes in a process that goes on: garbage is collected when V8 wants to, and no sooner. */
export async function goesOn(effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subject of subjects) {
    rows.push(...(await timeOf(subject, effort)));
    rows.push(...(await allocatedBy(subject)));
  }
  return rows;
}

const ways: readonly Way[] = ['floor', 'stream', 'deliver'];
const called = (way: Way): string => (way === 'floor' ? 'floor by hand' : `${way}()`);

/** Each way in a process of its own: what survives in one would be collected in the next. */
async function timeOf({ name }: Subject, { quick }: Effort): Promise<readonly Row[]> {
  const runs: Readonly<Record<Way, GoingOn[]>> = { floor: [], stream: [], deliver: [] };
  for (let round = 0; round < (quick ? 1 : 3); round += 1)
    for (const way of ways) runs[way].push(await inChild<GoingOn>('goes-on', name, way, quick ? '10' : '25'));
  return ways.flatMap((way) => {
    const times = spreadOf(runs[way].map(({ cpuUs }) => cpuUs));
    const collecting = spreadOf(runs[way].map((run) => run.collecting * 100));
    const ratio = spreadOf(
      runs[way].map(({ cpuUs }, round) => (runs.floor[round]?.cpuUs ?? Number.NaN) / cpuUs),
    ).median;
    const aim = way === 'floor' ? {} : { aim: atMost(collecting.median, mostCollecting, ' %') };
    const what = `${name}: ${called(way)}`;
    return [
      { what, ...times, unit: 'CPU us/event', ratio },
      { what: `${what}, collecting`, ...collecting, unit: '% of time', ...aim },
    ];
  });
}

async function allocatedBy({ name }: Subject): Promise<readonly Row[]> {
  const allocated = await inChildWith<Allocation>(nursery, 'allocation', name);
  const most = mostAllocated[name];
  return ways.map((way) => ({
    what: `${name}: ${called(way)}, allocated`,
    median: allocated[way],
    unit: 'bytes/event',
    ratio: allocated.floor / allocated[way],
    ...(way === 'floor' || most === undefined ? {} : { aim: atMost(allocated[way], most, ' bytes') }),
  }));
}
