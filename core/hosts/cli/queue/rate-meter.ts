/** How many of something a second, over the last minute. */
export interface RateMeter {
  add(count: number): void;
  perSecond(): number;
}

const seconds = 60;

/** `now` in milliseconds, on a clock that nobody sets back. */
export function createRateMeter(now: () => number = () => performance.now()): RateMeter {
  const startedAt = now();
  const counts = Array.from({ length: seconds }, () => 0);
  let last = Math.floor(startedAt / 1000);

  /** Empties the seconds that went by without anything. */
  function forward(): number {
    const second = Math.floor(now() / 1000);
    for (let at = Math.max(last + 1, second - seconds + 1); at <= second; at += 1) counts[at % seconds] = 0;
    return (last = second);
  }

  return {
    add(count) {
      const at = forward() % seconds;
      counts[at] = (counts[at] ?? 0) + count;
    },
    perSecond() {
      forward();
      const spanMs = Math.min(seconds * 1000, Math.max(1_000, now() - startedAt));
      const sum = counts.reduce((total, count) => total + count, 0);
      return Math.round((10_000 * sum) / spanMs) / 10;
    },
  };
}
