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
    // Half a megabyte comes and goes with compiled code; an event that is held on to would show as gigabytes.
    const aim = { text: '0', reached: bytesPerEvent * count < 500_000 };
    rows.push({
      what: `${name}: ${count.toLocaleString('en')} events`,
      median: bytesPerEvent,
      unit: 'bytes/event',
      aim,
    });
  }
  return rows;
}
