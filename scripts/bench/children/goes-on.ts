/** Makes requests of lines in one way for a while, and prints what that took. Nobody asks it to collect garbage. */
import { CollectionWatch } from '../collections.ts';
import { connect } from '../connect.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { byHand, inCallsOf, streamed } from '../runs.ts';
import { linesFor, subjectOf, type SubjectName } from '../subjects.ts';

export interface GoingOn {
  readonly cpuUs: number;
  /** Of the time, the part for which the thread did nothing but collect garbage, 0 to 1. */
  readonly collecting: number;
}

export type Way = 'floor' | 'stream' | 'deliver';

const [name, way = 'floor', passes = '10'] = process.argv.slice(2);
const subject = subjectOf(name as SubjectName);
const lines = linesFor(subject, 4000);
const vendor = new InstantVendor(subject);
const { connection } = connect(subject, { dispatcher: vendor });
const ways: Readonly<Record<Way, () => void | Promise<void>>> = {
  floor: () => byHand(subject, vendor, lines),
  stream: () => streamed(connection, lines),
  deliver: () => inCallsOf(100, connection, lines),
};

const repeat = async (times: number): Promise<void> => {
  for (let pass = 0; pass < times; pass += 1) await ways[way as Way]();
};
const warmUps = 16;
await repeat(warmUps);
const collections = new CollectionWatch();
const startedAt = performance.now();
const before = process.cpuUsage();
await repeat(Number(passes));
const { user, system } = process.cpuUsage(before);
const took = performance.now() - startedAt;
const { ms } = await collections.since(startedAt);
const result: GoingOn = { cpuUs: (user + system) / (lines.length * Number(passes)), collecting: ms / took };
console.log(JSON.stringify(result));
