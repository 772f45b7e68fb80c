import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { atMost, type Row } from '../report.ts';
import { cpuPerEvent, interleave } from '../rounds.ts';
import { byHand, inCallsOf } from '../runs.ts';
import { linesFor, subjects } from '../subjects.ts';

/** deliver() with one event: what the call costs beyond making the request by hand. */
export async function oneEvent(effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subject of subjects) {
    const lines = linesFor(subject, effort.events);
    const alone = { ...subject, perRequest: 1 };
    const { connection } = connect(subject, { dispatcher: new InstantVendor(subject) });
    const vendor = new InstantVendor(subject);
    const [floor, ours] = await interleave(
      [
        { name: 'floor by hand', run: () => byHand(alone, vendor, lines) },
        { name: 'deliver(), 1 a call', run: () => inCallsOf(1, connection, lines) },
      ],
      cpuPerEvent(lines.length),
      effort,
    );
    if (floor === undefined || ours === undefined) continue;
    const beyond = ours.median - floor.median;
    for (const { name, ratio, ...spread } of [floor, ours]) {
      rows.push({ what: `${subject.name}: ${name}`, ...spread, unit: 'CPU us/event', ratio });
    }
    rows.push({
      what: `${subject.name}: beyond the request`,
      median: beyond,
      unit: 'CPU us/call',
      aim: atMost(beyond, subject.destination.manifest.slug === 'adjust' ? 14 : 10, ' us'),
    });
  }
  return rows;
}
