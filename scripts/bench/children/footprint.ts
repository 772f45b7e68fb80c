export interface Footprint {
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** What this process has cost since it began. */
export function printFootprint(): void {
  const { user, system } = process.cpuUsage();
  const result: Footprint = { cpuMs: (user + system) / 1000, rssMb: process.memoryUsage().rss / 2 ** 20 };
  console.log(JSON.stringify(result));
}
