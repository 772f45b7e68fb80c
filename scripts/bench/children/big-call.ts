/** Delivers the same events in calls of one size. Prints CPU microseconds per event and the most memory it ever had. */
import type { CdpEvent } from '../../../core/index.ts';
import { connect } from '../connect.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { spreadOf } from '../rounds.ts';
import { expectAll } from '../runs.ts';
import { linesFor, subjects, type Subject } from '../subjects.ts';

export interface BigCall {
  readonly cpuUs: number;
  readonly peakMb: number;
}

const [name, size = '100'] = process.argv.slice(2);
const total = 10_000;
const subject = subjects.find((one) => one.name === name) as Subject;
const events = linesFor(subject, total).map((line) => JSON.parse(line) as CdpEvent);
const { connection } = connect(subject, { dispatcher: new InstantVendor(subject) });

async function deliverAll(): Promise<void> {
  let delivered = 0;
  for (let from = 0; from < total; from += Number(size)) {
    const outcomes = await connection.deliver(events.slice(from, from + Number(size)));
    for (const { kind } of outcomes) if (kind === 'delivered') delivered += 1;
  }
  expectAll(delivered, total);
}

const costs: number[] = [];
for (let round = 0; round < 7; round += 1) {
  const before = process.cpuUsage();
  await deliverAll();
  const { user, system } = process.cpuUsage(before);
  if (round > 1) costs.push((user + system) / total);
}
const result: BigCall = { cpuUs: spreadOf(costs).median, peakMb: process.resourceUsage().maxRSS / 1024 };
console.log(JSON.stringify(result));
