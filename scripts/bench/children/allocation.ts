/**
 * Prints the bytes of heap that an event allocates on its way from the line to the request. The parent gives this
 * process a nursery that holds a whole pass: what the heap grew by is then what was allocated.
 */
import { getHeapStatistics } from 'node:v8';
import { CollectionWatch } from '../collections.ts';
import { connect } from '../connect.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { spreadOf, sweepNursery } from '../rounds.ts';
import { byHand, inCallsOf, streamed } from '../runs.ts';
import { linesFor, subjectOf, type SubjectName } from '../subjects.ts';

export interface Allocation {
  readonly floor: number;
  readonly stream: number;
  readonly deliver: number;
}

const [name] = process.argv.slice(2);
const warmUps = 16;
const subject = subjectOf(name as SubjectName);
const lines = linesFor(subject, 4000);
const vendor = new InstantVendor(subject);
const { connection } = connect(subject, { dispatcher: vendor });
const collections = new CollectionWatch();
const heap = (): number => getHeapStatistics().used_heap_size;

async function bytesPerEvent(run: () => void | Promise<void>): Promise<number> {
  for (let round = 0; round < warmUps; round += 1) await run();
  const grown: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    sweepNursery();
    const startedAt = performance.now();
    const before = heap();
    await run();
    const after = heap();
    const { count } = await collections.since(startedAt);
    if (count === 0) grown.push((after - before) / lines.length);
  }
  if (grown.length === 0) throw new Error(`${name}: garbage was collected in every pass`);
  return spreadOf(grown).median;
}

const result: Allocation = {
  floor: await bytesPerEvent(() => byHand(subject, vendor, lines)),
  stream: await bytesPerEvent(() => streamed(connection, lines)),
  deliver: await bytesPerEvent(() => inCallsOf(100, connection, lines)),
};
console.log(JSON.stringify(result));
