/** Streams very many events, and prints how many bytes of heap each of them left behind. */
import type { CdpEvent } from '../../../core/index.ts';
import { connect } from '../connect.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { expectAll } from '../runs.ts';
import { linesFor, subjects, type Subject } from '../subjects.ts';

export interface Heap {
  readonly bytesPerEvent: number;
}

const [name, count = '1000000'] = process.argv.slice(2);
const subject = subjects.find((one) => one.name === name) as Subject;
const lines = linesFor(subject, 1000);
const { connection } = connect(subject, { dispatcher: new InstantVendor(subject) });

/** The same lines over and over, each time under ids of their own. */
function* events(from: number, to: number): Generator<CdpEvent, void, undefined> {
  for (let index = from; index < to; index += 1) {
    const event = JSON.parse(lines[index % lines.length] as string) as CdpEvent;
    yield { ...event, messageId: `m-${index}` };
  }
}

async function heapAfter(from: number, to: number): Promise<number> {
  let delivered = 0;
  for await (const { outcome } of connection.stream(events(from, to))) if (outcome.kind === 'delivered') delivered += 1;
  expectAll(delivered, to - from);
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  return process.memoryUsage().heapUsed;
}

const warm = 50_000;
const before = await heapAfter(0, warm);
const after = await heapAfter(warm, warm + Number(count));
const result: Heap = { bytesPerEvent: (after - before) / Number(count) };
console.log(JSON.stringify(result));
