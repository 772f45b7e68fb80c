import type { CdpEvent } from '../../../api/index.ts';
import type { Random } from '../random.ts';
import type { ShopData } from './shop-data.ts';

/** Everything one event is made from. */
export interface EventDraw {
  readonly random: Random;
  readonly shop: ShopData;
  /** Position in the stream. */
  readonly index: number;
  /** Epoch ms. */
  readonly at: number;
  readonly iso: (at: number) => string;
}

export type MakeEvent = (draw: EventDraw) => CdpEvent;

/** Writes epoch ms as ISO 8601, quickly for times that come close together. */
export function isoWriter(): (at: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (at) => {
    const now = Math.floor(at / 1000);
    if (now !== second) {
      second = now;
      prefix = new Date(now * 1000).toISOString().slice(0, 20);
    }
    return `${prefix}${String(1000 + at - now * 1000).slice(1)}Z`;
  };
}

/** A UUID whose last group is the position in the stream, so that no two events share one. */
export function messageIdOf({ random, index }: EventDraw): string {
  const head = random.hex(15);
  const tail = (0x1_0000_0000_0000 + index).toString(16).slice(1);
  return `${head.slice(0, 8)}-${head.slice(8, 12)}-4${head.slice(12)}-a000-${tail}`;
}

/** The user id of an event: as unique as its message, for AdRoll has no other place to carry a key. */
export const userIdOf = (messageId: string): string => `u-${messageId}`;

/** The four times of a call; the SDK sends a moment later and the server receives a moment after that. */
export const timesOf = ({ iso, at }: EventDraw) => {
  const happened = iso(at);
  return { timestamp: happened, originalTimestamp: happened, sentAt: iso(at + 120), receivedAt: iso(at + 310) };
};
