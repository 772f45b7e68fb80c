/** A process that does nothing. Says what memory it has. */
export interface Footprint {
  readonly rssMb: number;
}

const result: Footprint = { rssMb: process.memoryUsage.rss() / 2 ** 20 };
console.log(JSON.stringify(result));
