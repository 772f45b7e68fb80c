import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { atLeast, type Row } from '../report.ts';
import { cpuPerEvent, interleave } from '../rounds.ts';
import { byHand, inCallsOf, parseAndStringify, parsed, streamed } from '../runs.ts';
import { assertSameBytes } from '../same-bytes.ts';
import { linesFor, subjects, type SubjectName } from '../subjects.ts';

/** Of the floor. For Adjust all, docs/performance.md says what that is beside rudder-transformer. */
const aims: Readonly<Record<SubjectName, { readonly deliver: number; readonly stream: number }>> = {
  'AdRoll, 100 a request': { deliver: 0.75, stream: 0.75 },
  'Rokt, 100 a request': { deliver: 0.75, stream: 0.75 },
  'Rokt, 1 a request': { deliver: 0.74, stream: 0.74 },
  'Adjust, 1 a request': { deliver: 0.68, stream: 0.64 },
  'Adjust all, 1 a request': { deliver: 0.76, stream: 0.7 },
};

/** Of a vendor with lanes, events of a stream wait for earlier ones, unless the host says that none come. */
const inOrder = { maxOutOfOrderness: 0 };

/** Line -> request bytes: everything but the network. */
export async function bytes(effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subject of subjects) {
    const lines = linesFor(subject, effort.events);
    await assertSameBytes(subject, lines);
    const { connection } = connect(subject, { dispatcher: new InstantVendor(subject) });
    const vendor = new InstantVendor(subject);
    const hasLanes = subject.name.startsWith('Adjust');
    const measured = await interleave(
      [
        { name: 'floor by hand', run: () => byHand(subject, vendor, lines) },
        { name: 'parse + stringify', run: () => parseAndStringify(lines) },
        { name: 'stream()', run: () => streamed(connection, lines) },
        ...(hasLanes ? [{ name: 'stream(), input in order', run: () => streamed(connection, lines, inOrder) }] : []),
        { name: 'deliver(), 100 a call', run: () => inCallsOf(100, connection, lines) },
        { name: 'parsed events, deliver(), 100 a call', run: () => inCallsOf(100, connection, lines, parsed) },
        { name: 'deliver(), 256 a call', run: () => inCallsOf(256, connection, lines) },
      ],
      cpuPerEvent(lines.length),
      effort,
    );
    for (const { name, ratio, ...spread } of measured) {
      const { deliver, stream } = aims[subject.name];
      const least = name === 'stream()' ? stream : name.startsWith('deliver') ? deliver : undefined;
      const aim = least === undefined ? {} : { aim: atLeast(ratio, least) };
      rows.push({ what: `${subject.name}: ${name}`, ...spread, unit: 'CPU us/event', ratio, ...aim });
    }
  }
  return rows;
}
