import { EventAndText, type CdpEvent, type EventReader, type Outcome, type ReasonCode } from '../../index.ts';
import type { LineCutter, LineFault, NdjsonLine } from '../../ndjson.ts';
import { parseJson } from '../../parse-json.ts';
import { NotNdjson } from './input-form.ts';
import { maxLineBytes } from './lines.ts';
import type { OrderedOutcomes } from './reorder-buffer.ts';

export interface EventSourceOptions {
  readonly chunks: AsyncIterator<Buffer>;
  readonly cutter: LineCutter;
  readonly ordered: OrderedOutcomes;
  /** Called for a line that is not JSON, with its outcome. */
  readonly onUnreadable: (outcome: Outcome, line: number) => void;
  /** Whether the stream gets this event; one that it does not get has its outcome already. Default: all. */
  readonly admit?: (event: CdpEvent, line: NdjsonLine) => boolean;
  /** What to wait for before more lines are read; `undefined` where there is nothing. */
  readonly backpressure: () => Promise<void> | undefined;
  readonly signal: AbortSignal;
}

type Rejected = Extract<Outcome, { kind: 'rejected' }>;
type Next = IteratorResult<EventAndText, undefined>;
const end: Next = { done: true, value: undefined };

/** The events of an NDJSON input, for connection.stream(). Waits once per chunk. */
export class EventSource implements EventReader<EventAndText> {
  readonly #options: EventSourceOptions;
  #lines: readonly NdjsonLine[] = [];
  #at = 0;
  #ended = false;
  #bytesRead = 0;
  #brokenOff: string | undefined;
  #notNdjson: NotNdjson | undefined;

  constructor(options: EventSourceOptions) {
    this.#options = options;
  }

  [Symbol.asyncIterator](): { next: () => Next | Promise<Next> } {
    return {
      next: () => (this.#options.signal.aborted ? end : (this.#nextBuffered() ?? this.#nextRead())),
    };
  }

  /** Of the input, so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Why the input could not be read to its end: an errno. */
  get brokenOff(): string | undefined {
    return this.#brokenOff;
  }

  /** Why nothing of the input was read. */
  get notNdjson(): NotNdjson | undefined {
    return this.#notNdjson;
  }

  /** The next event among the lines that are read, while there is space for its outcome. */
  #nextBuffered(): Next | undefined {
    const { ordered, admit, onUnreadable } = this.#options;
    for (let line = this.#lines[this.#at]; line !== undefined && !ordered.full; line = this.#lines[this.#at]) {
      this.#at += 1;
      const read = parseLine(line);
      if (read.kind === 'event') {
        if (admit !== undefined && !admit(read.event, line)) continue;
        ordered.reserve(line.number);
        return { done: false, value: new EventAndText(read.event, read.text) };
      }
      ordered.settleNow(line.number, read.outcome);
      onUnreadable(read.outcome, line.number);
    }
    return undefined;
  }

  async #nextRead(): Promise<Next> {
    const { ordered, backpressure, signal } = this.#options;
    while (true) {
      await backpressure();
      await ordered.whenReady();
      if (signal.aborted) return end;
      const next = this.#nextBuffered();
      if (next !== undefined) return next;
      if (this.#at < this.#lines.length) continue;
      if (this.#ended) return end;
      this.#lines = await this.#readLines();
      this.#at = 0;
    }
  }

  async #readLines(): Promise<readonly NdjsonLine[]> {
    const { chunks, cutter, signal } = this.#options;
    try {
      const chunk = await chunks.next();
      if (chunk.done !== true) {
        this.#bytesRead += chunk.value.length;
        return cutter.cut(chunk.value);
      }
    } catch (error) {
      // A stop ends the reading from outside; any other error is the input's own.
      if (error instanceof NotNdjson) this.#notNdjson = error;
      else if (!signal.aborted) this.#brokenOff = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    }
    this.#ended = true;
    return this.#brokenOff === undefined && this.#notNdjson === undefined ? cutter.end() : [];
  }
}

/** The event of a line, or the outcome of one that holds none. Never tells what stands in the line. */
export function parseLine(
  line: NdjsonLine,
):
  | { readonly kind: 'event'; readonly event: CdpEvent; readonly text: string }
  | { readonly kind: 'unreadable'; readonly outcome: Rejected } {
  if ('fault' in line) return { kind: 'unreadable', outcome: refusals[line.fault] };
  try {
    return { kind: 'event', event: parseJson(line.text) as CdpEvent, text: line.text };
  } catch {
    return { kind: 'unreadable', outcome: notJson };
  }
}

const refused = (code: ReasonCode, message: string): Rejected => ({
  kind: 'rejected',
  eventId: '',
  reason: { code, message },
});
const notJson = refused('invalid_value', 'The line is not valid JSON');
const refusals: Readonly<Record<LineFault, Rejected>> = {
  'too long': refused('payload_too_large', `The line is longer than ${maxLineBytes / 1024 / 1024} MiB`),
  'not UTF-8': refused('invalid_value', 'The line is not valid UTF-8'),
};
