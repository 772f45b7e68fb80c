import type { Connection, CdpEvent, EventOrText, Outcome, StreamOptions } from '../../core/index.ts';
import type { Dispatcher } from 'undici';
import type { Subject } from './subjects.ts';

/** The ways a host hands lines to a connection. Each throws when one event was not delivered. */

export async function streamed(
  connection: Connection,
  lines: readonly string[],
  options?: StreamOptions,
): Promise<void> {
  let delivered = 0;
  for await (const { outcome } of connection.stream(lines, options)) delivered += isDelivered(outcome);
  expectAll(delivered, lines.length);
}

export async function inCallsOf(
  size: number,
  connection: Connection,
  lines: readonly string[],
  eventOf: (line: string) => EventOrText = asItIs,
): Promise<void> {
  let delivered = 0;
  for (let from = 0; from < lines.length; from += size) {
    const events = lines.slice(from, from + size).map(eventOf);
    for (const outcome of await connection.deliver(events)) delivered += isDelivered(outcome);
  }
  expectAll(delivered, lines.length);
}

const asItIs = (line: string): string => line;

/** For a host that looks into its events, and so has parsed them. */
export const parsed = (line: string): CdpEvent => JSON.parse(line) as CdpEvent;

function isDelivered(outcome: Outcome): number {
  if (outcome.kind === 'delivered') return 1;
  throw new Error(`an event was ${outcome.kind}: ${outcome.reason.message}`);
}

export function expectAll(done: number, wanted: number): void {
  if (done !== wanted) throw new Error(`${done} of ${wanted} events arrived`);
}

const quiet: Dispatcher.DispatchHandler = {
  onRequestStart: () => undefined,
  onResponseStart: () => undefined,
  onResponseData: () => undefined,
  onResponseEnd: () => undefined,
};

/** The floor: lines to bytes by hand, straight into the dispatcher. */
export function byHand({ floor, perRequest }: Subject, dispatcher: Dispatcher, lines: readonly string[]): void {
  const { path, headers, bodyOf } = floor;
  for (let from = 0; from < lines.length; from += perRequest) {
    const body = Buffer.from(bodyOf(lines.slice(from, from + perRequest)));
    dispatcher.dispatch({ origin: 'https://vendor.example.com', path, method: 'POST', headers, body }, quiet);
  }
}

/** What any transformation has to do at the very least: read the line, and write JSON of it. */
export function parseAndStringify(lines: readonly string[]): void {
  let length = 0;
  for (const line of lines) length += JSON.stringify(JSON.parse(line)).length;
  if (length === 0) throw new Error('no text');
}
