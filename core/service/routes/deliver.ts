import { z, type DeliverOptions, type EventOrText, type Outcome } from '../../index.ts';
import { readLines, type NdjsonLine } from '../../ndjson.ts';
import type { ServiceLoad } from '../load.ts';
import { ndjsonAnswer } from '../ndjson-answer.ts';
import { Problem } from '../problem.ts';
import { ndjson, parsed, refuseMore, type RequestBody } from '../request-body.ts';
import { asksFor, defineRoute, json, type Call, type Route, type StreamedAnswer } from '../route.ts';
import { anEvent, anIndexedOutcome, anOutcome, wholeNumber } from '../schemas.ts';
import { connectionIn, type ServiceParts } from '../service-parts.ts';
import { traceOf } from '../trace-context.ts';
import type { LiveConnection } from '../connections.ts';

const longestMs = 600_000;

/** So many events of a stream are read without an outcome. */
const streamWindow = 2_000;

export const deliverRoute = (parts: ServiceParts): Route =>
  defineRoute({
    method: 'POST',
    path: '/v1/connections/{id}/deliver',
    scope: 'deliver',
    summary: 'Delivers events now, and answers what became of each',
    description:
      'JSON in: outcomes in the order of the events, or one outcome for one event. NDJSON in, or asked for by Accept: ' +
      'outcomes as they settle, each with the index of its event. The status is 200 whatever the outcomes are.',
    query: z.strictObject({
      within: wholeNumber(0, longestMs)
        .optional()
        .describe(
          'Milliseconds until what is not settled comes back deferred (default: 30000; each, in NDJSON: 60000)',
        ),
    }),
    body: { 'application/json': z.union([z.array(anEvent), anEvent]), [ndjson]: anEvent },
    answers: {
      200: [
        { description: 'One outcome for each event', schema: z.union([z.array(anOutcome), anOutcome]) },
        { description: 'Outcomes as they settle', mediaType: ndjson, schema: anIndexedOutcome },
      ],
    },
    async handle(call) {
      const live = connectionIn(parts, call.params);
      const trace = traceOf(call.headers);
      const options = {
        ...(call.query.within === undefined ? {} : { withinMs: call.query.within }),
        ...(trace === undefined ? {} : { trace: () => trace }),
      };
      const { jsonBytes, lineBytes, events: mostEvents } = parts.limits;
      if (call.body.mediaType === ndjson)
        return streamed(live, new LineReader(call.body, lineBytes, parts.load), call, options);
      const instead = `; send more as ${ndjson}, one event a line`;
      const content = parsed(await call.body.text(jsonBytes, instead));
      if (typeof content !== 'object' || content === null)
        throw new Problem('not-valid', 'the body must be an event, or an array of events');
      const events = (Array.isArray(content) ? content : [content]) as EventOrText[];
      refuseMore(events.length, mostEvents, instead);
      if (asksFor(call.headers, ndjson)) return streamed(live, events, call, options);
      const outcomes = await live.connection.deliver(events, { ...options, signal: call.signal });
      return json(Array.isArray(content) ? outcomes : outcomes[0]);
    },
  });

function streamed(
  { connection }: LiveConnection,
  events: LineReader | readonly EventOrText[],
  { signal }: Call,
  options: Pick<DeliverOptions, 'withinMs' | 'trace'>,
): StreamedAnswer {
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  const settled = connection.stream(events, { ...options, window: streamWindow, signal: either });
  return ndjsonAnswer(outcomesOf(settled, events instanceof LineReader ? events : undefined), () => gone.abort());
}

/** What breaks the input off is the last line: the status is sent by then. */
async function* outcomesOf(
  settled: AsyncIterable<{ readonly index: number; readonly outcome: Outcome }>,
  lines: LineReader | undefined,
): AsyncGenerator<object, void, undefined> {
  try {
    for await (const { index, outcome } of settled) yield { index, ...(lines?.settle(index, outcome) ?? outcome) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    yield { problem: error.document() };
    if (error.kind !== 'too-slow') await lines?.discard();
  } finally {
    lines?.releaseAll();
  }
}

/**
 * The lines of a body as events. A line that cannot be read is an event without a text, so that its outcome has its
 * place among the others. Each line counts as load until it is settled.
 */
class LineReader {
  readonly #body: RequestBody;
  readonly #lines: AsyncIterator<NdjsonLine>;
  readonly #load: ServiceLoad;
  readonly #faults = new Map<number, string>();
  readonly #bytes = new Map<number, number>();
  #index = 0;
  #isOver = false;

  constructor(body: RequestBody, lineBytes: number, load: ServiceLoad) {
    this.#body = body;
    this.#lines = readLines(body.chunks(), lineBytes)[Symbol.asyncIterator]();
    this.#load = load;
  }

  [Symbol.asyncIterator](): { next(): Promise<IteratorResult<string, undefined>>; return(): Promise<unknown> } {
    return {
      next: async () => {
        const { done, value: line } = await this.#lines.next();
        if (done === true) return { done: true, value: undefined };
        const index = this.#index++;
        if ('fault' in line) {
          this.#faults.set(index, `Line ${line.number} is ${line.fault}`);
          return { done: false, value: '' };
        }
        await this.#load.waitToHold(line.text.length);
        this.#bytes.set(index, line.text.length);
        // Nobody settles what comes after the last outcome was taken.
        if (this.#isOver) this.releaseAll();
        return { done: false, value: line.text };
      },
      return: async () => this.#lines.return?.(),
    };
  }

  /** The outcome of the event at `index`, as the client is to see it. */
  settle(index: number, outcome: Outcome): Outcome {
    this.#load.release(this.#bytes.get(index) ?? 0, 'known');
    this.#bytes.delete(index);
    const message = this.#faults.get(index);
    if (message === undefined) return outcome;
    this.#faults.delete(index);
    return { kind: 'rejected', eventId: '', reason: { code: 'invalid_value', message } };
  }

  /** See RequestBody: the client is to see the last line. */
  discard(): Promise<void> {
    return this.#body.discard();
  }

  releaseAll(): void {
    this.#isOver = true;
    for (const bytes of this.#bytes.values()) this.#load.release(bytes, 'known');
    this.#bytes.clear();
  }
}
