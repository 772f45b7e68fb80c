import type { BigCall } from '../children/big-call.ts';
import { inChild } from '../children/child.ts';
import type { Effort } from '../effort.ts';
import { atMost, type Row } from '../report.ts';
import { spreadOf } from '../rounds.ts';
import { subjects } from '../subjects.ts';

/**
 * One call of 10,000 events beside a hundred calls of 100, each in a fresh process that holds all events from the
 * start.
 */
export async function bigCall(effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { name } of subjects) {
    const small: BigCall[] = [];
    const big: BigCall[] = [];
    for (let round = 0; round < (effort.quick ? 2 : 9); round += 1) {
      small.push(await inChild<BigCall>('big-call', name, '100'));
      big.push(await inChild<BigCall>('big-call', name, '10000'));
    }
    const growth = spreadOf(big.map(({ cpuUs }, round) => cpuUs / (small[round]?.cpuUs ?? Number.NaN)));
    const memory = spreadOf(big.map(({ peakMb }, round) => peakMb - (small[round]?.peakMb ?? Number.NaN)));
    rows.push(
      { what: `${name}: 100 a call`, ...spreadOf(small.map(({ cpuUs }) => cpuUs)), unit: 'CPU us/event' },
      { what: `${name}: 10,000 a call`, ...spreadOf(big.map(({ cpuUs }) => cpuUs)), unit: 'CPU us/event' },
      { what: `${name}: cost of the big call`, ...growth, unit: 'x', aim: atMost(growth.median, 1.05, 'x') },
      { what: `${name}: memory of the big call`, ...memory, unit: 'MB RSS', aim: atMost(memory.median, 25, ' MB') },
    );
  }
  return rows;
}
