import type { DeliveryEnd } from './run-delivery.ts';
import type { Stopped, Summary } from './summary.ts';
import type { Tally } from './tally.ts';

/** What has to be said even when nobody asked for a summary: defects, and where the run stopped before its input ended. */
export function remarks({ stopped, reasons, conserved }: Summary, tally: Tally, end: DeliveryEnd): string[] {
  const lines = [...tally.defects].map(
    ([what, times]) => `a defect of the connector in ${what}${times === 1 ? '' : ` (${times} times)`}`,
  );
  lines.push(...tally.unusable);
  if (!conserved) lines.push('a defect of the runtime: not as many outcomes as events');
  if (stopped === undefined) return lines;
  const held = reasons.held_back ?? 0;
  const before = held === 0 ? '' : `; ${held} before it came back held back, not sent`;
  return [...lines, `${why(stopped, end)}: from line ${stopped.nextLine} on nothing was attempted${before}`];
}

function why({ by }: Stopped, { brokenOff, unwritable, unrecorded }: DeliveryEnd): string {
  switch (by) {
    case 'SIGINT':
    case 'SIGTERM':
    case 'SIGHUP':
      return `stopped by ${by}`;
    case 'input':
      return `the input broke off (${brokenOff})`;
    case 'store':
      return `the store cannot be written (${unrecorded})`;
    case 'outcomes':
      return unwritable === 'EPIPE'
        ? 'nobody reads the outcomes any more'
        : `the outcomes cannot be written (${unwritable})`;
  }
}
