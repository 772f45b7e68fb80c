import TinyQueue from 'tinyqueue';
import type { Item } from './backlog.ts';

/** Events that kept failing in batches: the more often, the smaller the batches they leave in. */
export interface SuspectQueue {
  add(item: Item, notBefore: number): void;
  /** Events of one call, at most so many. */
  take(now: number, most: number): readonly Item[];
  nextAt(): number | undefined;
}

/** After two failures, after three, and after more. */
const sizes = [50, 7, 1] as const;

export function createSuspectQueue(): SuspectQueue {
  const levels = sizes.map((size) => ({
    size,
    waiting: new TinyQueue<{ readonly at: number; readonly item: Item }>(
      [],
      (a, b) => a.at - b.at || a.item.index - b.item.index,
    ),
  }));
  return {
    add(item, at) {
      levels[Math.min(levels.length - 1, Math.max(0, item.failures - 2))]?.waiting.push({ at, item });
    },
    take(now, most) {
      for (const { size, waiting } of levels) {
        const items: Item[] = [];
        for (let first = waiting.peek(); first !== undefined; first = waiting.peek()) {
          if (first.at > now || items.length >= Math.min(size, most)) break;
          waiting.pop();
          items.push(first.item);
        }
        if (items.length > 0) return items;
      }
      return [];
    },
    nextAt() {
      const times = levels.map(({ waiting }) => waiting.peek()?.at).filter((at) => at !== undefined);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
