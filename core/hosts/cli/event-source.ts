import type { CdpEvent, Outcome, ReasonCode } from '../../index.ts';
import type { Answers } from './answers.ts';
import { maxLineBytes, type InputLine, type LineCutter, type LineFault } from './lines.ts';

export interface EventSourceOptions {
  readonly chunks: AsyncIterator<Buffer>;
  readonly cutter: LineCutter;
  readonly answers: Answers;
  /** A line that is no JSON got this outcome. */
  readonly onUnreadable: (outcome: Outcome, line: number) => void;
  /** Whether the stream is to have this event; one that it is not has its outcome already. Default: all. */
  readonly admit?: (event: CdpEvent, line: InputLine) => boolean;
  /** Something that has to happen before more lines are read; `undefined` when there is nothing. */
  readonly hold: () => Promise<void> | undefined;
  readonly signal: AbortSignal;
}

export interface EventSource extends AsyncIterable<CdpEvent> {
  /** Of the input, so far. */
  readonly bytesRead: number;
  /** Why the input broke off before its end: an errno. */
  readonly brokenOff: string | undefined;
}

type Rejected = Extract<Outcome, { kind: 'rejected' }>;
type Next = IteratorResult<CdpEvent, undefined>;
const end: Next = { done: true, value: undefined };

/** The events of an NDJSON input, for connection.stream(). A promise is made per event, but awaited here only per chunk. */
export function createEventSource({
  chunks,
  cutter,
  answers,
  onUnreadable,
  admit = () => true,
  hold,
  signal,
}: EventSourceOptions): EventSource {
  let lines: readonly InputLine[] = [];
  let at = 0;
  let ended = false;
  let bytesRead = 0;
  let brokenOff: string | undefined;

  /** The next event among the lines at hand, while there is room for its answer. */
  function nextAtHand(): Next | undefined {
    for (let line = lines[at]; line !== undefined && !answers.full; line = lines[at]) {
      at += 1;
      const read = parseLine(line);
      if (read.kind === 'event') {
        if (!admit(read.event, line)) continue;
        answers.expect(line.number);
        return { done: false, value: read.event };
      }
      answers.refuse(line.number, read.outcome);
      onUnreadable(read.outcome, line.number);
    }
    return undefined;
  }

  async function nextFromAfar(): Promise<Next> {
    while (true) {
      await hold();
      await answers.room();
      if (signal.aborted) return end;
      const next = nextAtHand();
      if (next !== undefined) return next;
      if (at < lines.length) continue;
      if (ended) return end;
      lines = await nextLines();
      at = 0;
    }
  }

  async function nextLines(): Promise<readonly InputLine[]> {
    try {
      const chunk = await chunks.next();
      if (chunk.done !== true) {
        bytesRead += chunk.value.length;
        return cutter.cut(chunk.value);
      }
    } catch (error) {
      // A stop ends the reading from outside; anything else is the input's own doing.
      if (!signal.aborted) brokenOff = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    }
    ended = true;
    return brokenOff === undefined ? cutter.end() : [];
  }

  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (signal.aborted) return Promise.resolve(end);
        const next = nextAtHand();
        return next === undefined ? nextFromAfar() : Promise.resolve(next);
      },
    }),
    get bytesRead() {
      return bytesRead;
    },
    get brokenOff() {
      return brokenOff;
    },
  };
}

/** The event of a line, or the outcome of one that holds none. Never tells what stands in the line. */
export function parseLine(
  line: InputLine,
): { readonly kind: 'event'; readonly event: CdpEvent } | { readonly kind: 'unreadable'; readonly outcome: Rejected } {
  if ('fault' in line) return { kind: 'unreadable', outcome: refusals[line.fault] };
  try {
    return { kind: 'event', event: JSON.parse(line.text) as CdpEvent };
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
