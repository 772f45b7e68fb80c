import { inChild } from '../children/child.ts';
import type { Heap } from '../children/heap.ts';
import type { Effort } from '../effort.ts';
import type { Row } from '../report.ts';
import { subjects } from '../subjects.ts';

/** What a million delivered events leave behind on the heap, once it is swept. */
export async function heap(effort: Effort): Promise<readonly Row[]> {
  const count = effort.quick ? 100_000 : 1_000_000;
  const rows: Row[] = [];
  for (const { name } of subjects) {
    const { bytesPerEvent } = await inChild<Heap>('heap', name, String(count));
    // Less than the smallest object there is, times a few: the sweep itself varies by some kilobytes.
    const aim = { text: '0', reached: bytesPerEvent < 1e5 / count };
    rows.push({
      what: `${name}: ${count.toLocaleString('en')} events`,
      median: bytesPerEvent,
      unit: 'bytes/event',
      aim,
    });
  }
  return rows;
}
