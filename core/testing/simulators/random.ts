/** A repeatable stream of chance: the same seed gives the same draws on every machine. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(values: readonly [T, ...T[]]): T;
  /** Lower-case hex digits. */
  hex(digits: number): string;
  /** A version 4 UUID, lower-case. */
  uuid(): string;
}

/** Mulberry32: 32 bits of state, which is plenty for test data and takes nanoseconds. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (): number => word() / 4_294_967_296;
  const below = (limit: number): number => Math.floor(next() * limit);
  const eight = (): string => (word() + 0x1_0000_0000).toString(16).slice(1);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (values) => values[below(values.length)] ?? values[0],
    hex: (digits) => {
      let text = '';
      while (text.length < digits) text += eight();
      return text.slice(0, digits);
    },
    uuid: () => {
      const [a, b, c, d] = [eight(), eight(), eight(), eight()];
      return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
    },
  };
}

/** Draws names as often as their weights say. Names without a weight never come. */
export function weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): (random: Random) => K {
  const rows = (Object.entries(weights) as [K, number | undefined][]).flatMap(([name, weight]) =>
    weight === undefined || weight <= 0 ? [] : [{ name, weight }],
  );
  const last = rows.at(-1);
  if (last === undefined) throw new RangeError('At least one weight must be above zero');
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  return (random) => {
    let remaining = random.next() * total;
    for (const { name, weight } of rows) {
      remaining -= weight;
      if (remaining < 0) return name;
    }
    return last.name;
  };
}
