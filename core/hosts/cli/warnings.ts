import type { DeliveryEnd } from './run-delivery.ts';
import type { Stopped, Summary } from './summary.ts';
import type { RunStats } from './run-stats.ts';

/** What is reported even with --quiet: defects, and where the run stopped before the end of its input. */
export function warnings({ stopped, reasons, conserved }: Summary, stats: RunStats, end: DeliveryEnd): string[] {
  const lines = [...stats.defects].map(
    ([what, times]) => `a defect in the connector, in ${what}${times === 1 ? '' : ` (${times} times)`}`,
  );
  lines.push(...stats.unusable);
  if (!conserved) lines.push('a defect in the runtime: the number of outcomes differs from the number of events');
  if (stopped === undefined) return lines;
  const held = reasons.held_back ?? 0;
  const before = held === 0 ? '' : `; ${held} events before it were held back and not sent`;
  lines.push(`${why(stopped, end)}: nothing was attempted from line ${stopped.nextLine} on${before}`);
  const { unwritten } = end;
  if (unwritten.length > 0)
    lines.push(
      `the outcomes of ${unwritten.length} lines are not in the store; the next run delivers them again: lines ${rangesOf(unwritten)}`,
    );
  return lines;
}

/** Numbers in order, as 3-7, 9. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: string[] = [];
  for (let first = 0; first < numbers.length;) {
    let last = first;
    while (last + 1 < numbers.length && numbers[last + 1] === (numbers[last] ?? 0) + 1) last += 1;
    ranges.push(first === last ? `${numbers[first]}` : `${numbers[first]}-${numbers[last]}`);
    first = last + 1;
  }
  return ranges.join(', ');
}

function why({ by }: Stopped, { brokenOff, unwritable, unrecorded }: DeliveryEnd): string {
  switch (by) {
    case 'SIGINT':
    case 'SIGTERM':
    case 'SIGHUP':
      return `stopped by ${by}`;
    case 'input':
      return `the input could not be read to its end (${brokenOff})`;
    case 'store':
      return `the store cannot be written (${unrecorded})`;
    case 'outcomes':
      return unwritable === 'EPIPE'
        ? 'the reader of the outcomes is gone'
        : `the outcomes cannot be written (${unwritable})`;
  }
}
