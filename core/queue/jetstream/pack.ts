import { gunzipSync, gzipSync } from 'node:zlib';
import type { FailureHistory } from '../queue.ts';

/** What a pack says of an event beside its text. */
export interface PackedState {
  readonly id: string;
  /** Epoch ms when it was put. */
  readonly acceptedAt: number;
  readonly lanes?: readonly string[] | undefined;
  readonly trace?: string | undefined;
  /** Deliveries that failed before it came into this pack. */
  readonly attempts?: number | undefined;
  /** Epoch ms. */
  readonly notBefore?: number | undefined;
  readonly ambiguous?: true | undefined;
  readonly history?: FailureHistory | undefined;
  /** What makes it another event than the one that had its id before: the dead letter that it was, or a replay. */
  readonly origin?: string | undefined;
}

export interface PackedEvent extends PackedState {
  /** The event, as JSON. */
  readonly text: string;
}

/** The body of a message, and whether it is compressed. */
export interface Packed {
  readonly data: Uint8Array;
  readonly isCompressed: boolean;
}

/** Most events in a message, and bytes of their texts, beyond which another message begins. */
export const packLimits = { events: 100, bytes: 256 * 1024 };

/** Of one or two events, half the bytes remain, and compressing them takes most of a put. */
const leastCompressed = 4_096;
const lineEnd = 10;

/** A message that holds no pack: something else wrote it, or a newer version of this package. */
export class UnreadablePack extends Error {
  override readonly name = 'UnreadablePack';
}

/** Two lines for each event, what is said of it and its text: nobody who hands it on has to parse that. */
export function encodePack(events: readonly PackedEvent[]): Packed {
  const lines: string[] = [];
  for (const { text, ...state } of events) lines.push(JSON.stringify(state), text);
  const data = Buffer.from(lines.join('\n'));
  return data.length < leastCompressed
    ? { data, isCompressed: false }
    : { data: gzipSync(data, { level: 1 }), isCompressed: true };
}

/** Throws UnreadablePack. */
export function decodePack({ data, isCompressed }: Packed): readonly PackedEvent[] {
  try {
    const bytes = isCompressed ? gunzipSync(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const events: PackedEvent[] = [];
    // Line by line: one letter beyond Latin 1 doubles the bytes of the text in memory that it is decoded with.
    for (let from = 0; from <= bytes.length;) {
      const middle = bytes.indexOf(lineEnd, from);
      if (middle === -1) throw new Error('an event lacks its text');
      const next = bytes.indexOf(lineEnd, middle + 1);
      const end = next === -1 ? bytes.length : next;
      const state = JSON.parse(bytes.toString('utf8', from, middle)) as PackedState;
      if (typeof state.id !== 'string' || typeof state.acceptedAt !== 'number')
        throw new Error('an event lacks its id or its time');
      events.push(Object.assign(state, { text: bytes.toString('utf8', middle + 1, end) }));
      from = end + 1;
    }
    return events;
  } catch (cause) {
    throw new UnreadablePack(`the message holds no events: ${(cause as Error).message}`, { cause });
  }
}

/** Cuts a list into packs, in order. */
export function packsOf<E extends { readonly text: string }>(events: readonly E[]): readonly (readonly E[])[] {
  const packs: E[][] = [];
  let bytes = 0;
  for (const event of events) {
    const last = packs.at(-1);
    bytes += event.text.length;
    if (last === undefined || last.length >= packLimits.events || bytes > packLimits.bytes) {
      packs.push([event]);
      bytes = event.text.length;
    } else last.push(event);
  }
  return packs;
}
