import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { atLeast, type Row } from '../report.ts';
import { cpuPerEvent, interleave } from '../rounds.ts';
import { byHand, inCallsOf, parseAndStringify, streamed } from '../runs.ts';
import { assertSameBytes } from '../same-bytes.ts';
import { linesFor, subjects } from '../subjects.ts';

/** Line -> request bytes: everything but the network. */
export async function bytes(effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subject of subjects) {
    const lines = linesFor(subject, effort.events);
    await assertSameBytes(subject, lines);
    const { connection } = connect(subject, { dispatcher: new InstantVendor(subject) });
    const vendor = new InstantVendor(subject);
    const measured = await interleave(
      [
        { name: 'floor by hand', run: () => byHand(subject, vendor, lines) },
        { name: 'parse + stringify', run: () => parseAndStringify(lines) },
        { name: 'stream()', run: () => streamed(connection, lines) },
        { name: 'deliver(), 100 a call', run: () => inCallsOf(100, connection, lines) },
        { name: 'deliver(), 256 a call', run: () => inCallsOf(256, connection, lines) },
      ],
      cpuPerEvent(lines.length),
      effort,
    );
    for (const { name, ratio, ...spread } of measured) {
      const ours = name.startsWith('stream') || name.startsWith('deliver');
      const aim = ours ? { aim: atLeast(ratio, 0.8) } : {};
      rows.push({ what: `${subject.name}: ${name}`, ...spread, unit: 'CPU us/event', ratio, ...aim });
    }
  }
  return rows;
}
