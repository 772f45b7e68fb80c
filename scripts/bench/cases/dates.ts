import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { atLeast, type Row } from '../report.ts';
import { cpuPerEvent, interleave } from '../rounds.ts';
import { inCallsOf } from '../runs.ts';
import { linesFor, subjectOf } from '../subjects.ts';

const dayMs = 86_400_000;

/**
 * Events of a day up to the 28th beside those of a later one: only of the later ones does somebody have to ask whether
 * their day exists. In the usual form and with an offset, which is read in another way. All other cases have events of
 * today, whichever day that is.
 */
export async function dates(effort: Effort): Promise<readonly Row[]> {
  const subject = subjectOf('Adjust, 1 a request');
  const config = { ...subject.config, maxEventAgeDays: 90 };
  const rows: Row[] = [];
  for (const [form, written] of [
    ['Z', (line: string) => line],
    ['+00:00', (line: string) => line.replaceAll(/(?<=\d\.\d{3})Z"/g, '+00:00"')],
  ] as const) {
    const { connection } = connect({ ...subject, config }, { dispatcher: new InstantVendor(subject) });
    const linesOf = (startTime: number) => linesFor(subject, effort.events, { startTime }).map(written);
    const early = linesOf(latestDay((day) => day <= 28));
    const late = linesOf(latestDay((day) => day > 28));
    const measured = await interleave(
      [
        { name: `a day up to the 28th, ${form}`, run: () => inCallsOf(100, connection, early) },
        { name: `the 29th or later, ${form}`, run: () => inCallsOf(100, connection, late) },
      ],
      cpuPerEvent(effort.events),
      effort,
    );
    for (const [index, { name, ratio, ...spread }] of measured.entries()) {
      const aim = index === 0 ? {} : { aim: atLeast(ratio, 0.95) };
      rows.push({ what: `${subject.name}: ${name}`, ...spread, unit: 'CPU us/event', ratio, ...aim });
    }
  }
  return rows;
}

/** Ten o'clock of the latest day that is over, with a day of the month that fits. */
function latestDay(fits: (day: number) => boolean): number {
  let at = new Date().setUTCHours(10, 0, 0, 0) - dayMs;
  while (!fits(new Date(at).getUTCDate())) at -= dayMs;
  return at;
}
