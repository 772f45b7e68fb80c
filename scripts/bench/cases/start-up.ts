import { inChild } from '../children/child.ts';
import type { Footprint } from '../children/footprint.ts';
import type { Effort } from '../effort.ts';
import { atMost, type Row } from '../report.ts';
import { spreadOf } from '../rounds.ts';

/** A fresh process that opens one AdRoll connection, beside one that only imported zod and undici. */
export async function startUp(effort: Effort): Promise<readonly Row[]> {
  const bare: Footprint[] = [];
  const ours: Footprint[] = [];
  for (let round = 0; round < (effort.quick ? 7 : 15); round += 1) {
    bare.push(await inChild<Footprint>('start-bare'));
    ours.push(await inChild<Footprint>('start-connector'));
  }
  const beyond = (part: keyof Footprint) =>
    spreadOf(ours.map((own, round) => own[part] - (bare[round]?.[part] ?? Number.NaN)));
  const time = beyond('cpuMs');
  const memory = beyond('rssMb');
  return [
    { what: 'zod and undici', ...spreadOf(bare.map(({ cpuMs }) => cpuMs)), unit: 'CPU ms' },
    { what: 'zod and undici', ...spreadOf(bare.map(({ rssMb }) => rssMb)), unit: 'MB RSS' },
    { what: 'core and one connector on top', ...time, unit: 'CPU ms', aim: atMost(time.median, 60, ' ms') },
    { what: 'core and one connector on top', ...memory, unit: 'MB RSS', aim: atMost(memory.median, 10, ' MB') },
  ];
}
