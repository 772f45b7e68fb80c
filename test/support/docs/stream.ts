import type { CdpEvent, Connection, Outcome } from '../../../core/index.ts';

/** Any number of events in constant memory, such as the lines of a file. Says how many came to what. */
export async function deliverAll(
  connection: Connection,
  events: AsyncIterable<CdpEvent> | Iterable<CdpEvent>,
  record: (index: number, outcome: Outcome) => void | Promise<void>,
  signal?: AbortSignal,
) {
  const counts: Partial<Record<Outcome['kind'], number>> = {};
  const options = { withinMs: 60_000, window: 5_000, ...(signal === undefined ? {} : { signal }) };
  for await (const { index, outcome } of connection.stream(events, options)) {
    counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
    await record(index, outcome); // not before this is done is much more read
  }
  return counts;
}
