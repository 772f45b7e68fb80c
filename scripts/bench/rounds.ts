/** One way to do the job. Its run must do all of the job for `events` events, and throw when it did not. */
export interface Contender {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Measured extends Spread {
  readonly name: string;
  /** Median over the rounds of (first contender / this one): above 1 is cheaper than the first. */
  readonly ratio: number;
}

export type Meter = (run: Contender['run']) => Promise<number>;

/**
 * Everybody starts with an empty nursery. Not a full collection: that drops the shapes of objects that are all gone by
 * then, and with them the compiled code that counts on them, which no process that goes on working ever sees.
 */
export function sweepNursery(): void {
  (globalThis.gc as ((options: { readonly type: 'minor' }) => void) | undefined)?.({ type: 'minor' });
}

/** CPU time of the whole process, its helper threads included, in microseconds per event. */
export const cpuPerEvent =
  (events: number): Meter =>
  async (run) => {
    sweepNursery();
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / events;
  };

/** Time on the wall, in microseconds per event. */
export const timePerEvent =
  (events: number): Meter =>
  async (run) => {
    sweepNursery();
    const before = performance.now();
    await run();
    return ((performance.now() - before) * 1000) / events;
  };

/**
 * Every round measures every contender, each round in another order: what disturbs the machine disturbs all of them,
 * and a ratio is only taken within a round. The first contender is what the others are held against.
 */
export async function interleave(
  contenders: readonly Contender[],
  meter: Meter,
  { rounds, warmUps }: { readonly rounds: number; readonly warmUps: number },
): Promise<readonly Measured[]> {
  for (let round = 0; round < warmUps; round += 1) for (const { run } of contenders) await run();
  const costs = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < contenders.length; place += 1) {
      const index = (place + round) % contenders.length;
      costs[index]?.push(await meter((contenders[index] as Contender).run));
    }
  }
  const [first = []] = costs;
  return contenders.map(({ name }, index) => {
    const own = costs[index] ?? [];
    return { name, ...spreadOf(own), ratio: spreadOf(own.map((cost, round) => (first[round] ?? 0) / cost)).median };
  });
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}
