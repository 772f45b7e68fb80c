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

/** Smaller ones gain nothing. */
const leastCompressed = 1_024;

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
    const lines = (isCompressed ? gunzipSync(data) : Buffer.from(data)).toString().split('\n');
    const events: PackedEvent[] = [];
    for (let at = 0; at < lines.length; at += 2) {
      const state = JSON.parse(lines[at] ?? '') as PackedState;
      const text = lines[at + 1];
      if (typeof state.id !== 'string' || typeof state.acceptedAt !== 'number' || text === undefined)
        throw new Error('an event lacks its id, its time or its text');
      events.push({ ...state, text });
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
