import type { CdpEvent } from '../api/event.ts';
import { parseTime } from '../api/events/event-time.ts';
import { yieldToEventLoop } from '../policy/clock.ts';
import { eventIn } from './intake/event-text.ts';
import { isoTimeOf } from './intake/normalize-event.ts';

/** Events that are looked at in one go. */
const slice = 256;

/**
 * The positions of events, or of their JSON texts, in the order of their times, ties in input order; `undefined` if the
 * time of one cannot be told. Looks at nothing else of an event, and keeps nothing.
 */
export async function positionsByTime(inputs: readonly unknown[]): Promise<Uint32Array | undefined> {
  const times = new Float64Array(inputs.length);
  let isInOrder = true;
  for (let index = 0; index < inputs.length; index += 1) {
    if (index % slice === 0 && index > 0) await yieldToEventLoop();
    const input = inputs[index];
    const time = (typeof input === 'string' ? timeInText(input) : undefined) ?? timeOf(input);
    if (time === undefined) return undefined;
    times[index] = time;
    if (index > 0 && time < (times[index - 1] as number)) isInOrder = false;
  }
  const positions = Uint32Array.from(times.keys());
  return isInOrder ? positions : positions.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
}

/** What has no time is refused by its folder, or stands before all others of its lane. */
const beforeAll = Number.NEGATIVE_INFINITY;

/** eventTime() of the event as intake hands it on, which is not copied for it; `undefined` if that cannot be told. */
function timeOf(input: unknown): number | undefined {
  let time: unknown;
  try {
    const { timestamp, originalTimestamp, sentAt, receivedAt } = eventIn(input) as CdpEvent;
    time = timestamp || originalTimestamp || sentAt || receivedAt;
  } catch {
    return beforeAll;
  }
  const text = typeof time === 'string' ? time : isoTimeOf(time);
  // Intake takes U+0000 out of it.
  return parseTime(text) ?? (text?.includes('\0') === true ? undefined : beforeAll);
}

const clock = '"timestamp":';
/** A member whose value is no object and no list, without an escape. */
const flat = String.raw`"[^"\\]*": ?(?:"[^"\\]*"|[\w.+-]+)`;
const fromStart = new RegExp(String.raw`^\{(?:${flat}, ?)*?"timestamp": ?"([^"\\]*)"`);
const toEnd = new RegExp(String.raw`"timestamp": ?"([^"\\]*)"(?:, ?${flat})*\}$`, 'y');

/**
 * The time that eventTime() would find, where the text shows it without being parsed: `timestamp` is written once, and
 * only plain members stand between it and the beginning or the end, so that it is a member of the event itself. Parsing
 * every text twice would make a large call a third dearer.
 */
function timeInText(text: string): number | undefined {
  const at = text.indexOf(clock);
  // A longer name may end like it, and an escape such as \u0074 may spell it once more.
  if (at < 0 || text[at - 1] === '\\' || text.includes(clock, at + 1) || text.includes(String.raw`\u00`))
    return undefined;
  toEnd.lastIndex = at;
  const value = (fromStart.exec(text) ?? toEnd.exec(text))?.[1];
  return value === undefined ? undefined : parseTime(value);
}
