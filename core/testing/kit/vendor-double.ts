import { errors, type Dispatcher } from 'undici';
import { openExchange, type OpenExchange } from './exchange-control.ts';
import { PoollessDispatcher } from './poolless-dispatcher.ts';
import { seenRequest, type SeenRequest } from './seen-request.ts';

/**
 * A missing answer: `reset` and `timeout` after the request began to be sent, `refused` before. `silence` is no answer,
 * ever: the runtime gives up when its clock has passed the time limit, as `timeout` says at once.
 */
export type Fault = 'reset' | 'timeout' | 'refused' | 'silence';

interface ScriptedResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
}

/** An answer of a scripted vendor. A body that is not text is sent as JSON. */
export type ScriptedReply = ScriptedResponse | { readonly fault: Fault };

/** An answer that may be promised. The request leaves while it is waited for, so it cannot be `refused` any more. */
export type LateReply = ScriptedResponse | { readonly fault: Exclude<Fault, 'refused'> };

/**
 * The answer to the request at `position` (0 is the first), or a promise of it; `undefined` if the script does not
 * expect it.
 */
export type Script<R extends SeenRequest = SeenRequest> = (
  request: R,
  position: number,
) => ScriptedReply | undefined | Promise<LateReply | undefined>;

/** Answers in order, one per request. */
export const inOrder =
  (...replies: readonly ScriptedReply[]) =>
  (_request: SeenRequest, position: number): ScriptedReply | undefined =>
    replies[position];

/** The same answer, always. */
export const always = (reply: ScriptedReply) => (): ScriptedReply => reply;

/** The number of a request's batch, set by tagBatches() and removed before the request is recorded. */
export const batchHeader = 'x-kit-batch';

/**
 * A vendor in this process: an undici Dispatcher that records every request and answers by script. An unexpected
 * request is recorded in `unscripted` and answered with 402, after which nothing more is sent.
 *
 * @example
 * import { createRuntime } from 'spillway';
 * import { inOrder, VendorDouble } from 'spillway/testing';
 *
 * const vendor = new VendorDouble(inOrder({ fault: 'reset' }, { status: 200, body: { ok: true } }));
 * const runtime = createRuntime({ destinations, dispatcher: () => vendor });
 * // ... open a connection and deliver
 * vendor.requests[1]?.body; // what was sent the second time
 * vendor.script = () => ({ fault: 'silence' }); // from now on
 */
export class VendorDouble<R extends SeenRequest = SeenRequest> extends PoollessDispatcher {
  readonly requests: R[] = [];
  /** The number of each request's batch, if tagBatches() set one. */
  readonly batches: (number | undefined)[] = [];
  /** The answer to each request; `undefined` where it was not expected, or is still promised. */
  readonly replies: (ScriptedReply | undefined)[] = [];
  readonly unscripted: R[] = [];
  /** Answers the requests from now on. */
  script: Script<R>;
  /** Resolves when a request has its connection and begins to be sent. Default: at once. */
  untilConnected: (() => Promise<void>) | undefined;
  /** Requests so far, also those that forget() took out of the record. */
  total = 0;
  /** Requests that wait for their answer. */
  open = 0;
  /** The most of them at once. */
  mostOpen = 0;
  /** How often close() was called. */
  closed = 0;
  readonly #through: Dispatcher | undefined;
  /** Those whose answer is decided and not yet given. */
  #due = 0;

  /** `through` answers instead of the script, which then only says what is expected; nock does so under Jest. */
  constructor(script: Script<R>, through?: Dispatcher) {
    super();
    this.script = script;
    this.#through = through;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { [batchHeader]: batch, ...sent } = options.headers as Record<string, string>;
    const visible = { ...options, headers: asTheConnectorSet(sent) };
    const request = this.read(visible);
    const position = this.total;
    this.total += 1;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const index = this.requests.push(request) - 1;
    this.batches.push(batch === undefined ? undefined : Number(batch));
    this.replies.push(undefined);
    const counted = new CountedHandler(handler, this.#expect, this.#end);
    const begin = (): void => this.#begin(request, { index, position }, visible, counted);
    if (this.untilConnected === undefined) begin();
    else void this.untilConnected().then(begin);
    return true;
  }

  #begin(
    request: R,
    { index, position }: { readonly index: number; readonly position: number },
    options: Dispatcher.DispatchOptions,
    counted: CountedHandler,
  ): void {
    const record = <T extends ScriptedReply>(reply: T | undefined): T | ScriptedResponse => {
      if (this.requests[index] === request) this.replies[index] = reply;
      if (reply === undefined) this.unscripted.push(request);
      return reply ?? { status: 402 };
    };
    const reply = this.script(request, position);
    if (reply !== undefined && 'then' in reply) this.#answerLater(reply.then(record), counted);
    else this.#answerNow(record(reply), options, counted);
  }

  /** Reads a request for the script and the record; a subclass with an `R` of its own reads more. */
  protected read(options: Dispatcher.DispatchOptions): R {
    return seenRequest(options) as R;
  }

  /** Whether an answer that is decided is still to come. One that is promised may wait for the clock. */
  get busy(): boolean {
    return this.#due > 0;
  }

  /** Empties the record, for runs that are too long to keep it. */
  forget(): void {
    for (const record of [this.requests, this.batches, this.replies, this.unscripted]) record.length = 0;
  }

  #answerNow(reply: ScriptedReply, options: Dispatcher.DispatchOptions, counted: CountedHandler): void {
    if (this.#through !== undefined) {
      counted.expectAnswer();
      this.#through.dispatch(options, counted);
      return;
    }
    if (!isSilence(reply)) counted.expectAnswer();
    setImmediate(() => {
      const exchange = openExchange(counted);
      if ('fault' in reply && reply.fault === 'refused') return exchange.fail(faultError('refused'));
      counted.onRequestStart?.(exchange.controller, {});
      answer(reply, exchange, counted);
    });
  }

  #answerLater(promise: Promise<LateReply>, counted: CountedHandler): void {
    const exchange = openExchange(counted);
    setImmediate(() => {
      counted.onRequestStart?.(exchange.controller, {});
      void promise.then((reply) => {
        if (!isSilence(reply)) counted.expectAnswer();
        answer(reply, exchange, counted);
      });
    });
  }

  /** Counts a request as over, and its answer as given if it was due. */
  readonly #end = (wasDue: boolean): void => {
    this.open -= 1;
    if (wasDue) this.#due -= 1;
  };

  readonly #expect = (): void => {
    this.#due += 1;
  };

  override close(callback?: () => void): Promise<void> {
    this.closed += 1;
    return super.close(callback);
  }
}

/** The handler of one request; says when its answer is decided, and when it is over. */
class CountedHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #onDue: () => void;
  readonly #onOver: (wasDue: boolean) => void;
  #state: 'open' | 'due' | 'over' = 'open';

  constructor(handler: Dispatcher.DispatchHandler, onDue: () => void, onOver: (wasDue: boolean) => void) {
    this.#handler = handler;
    this.#onDue = onDue;
    this.#onOver = onOver;
  }

  /** An answer is decided, and to come. */
  expectAnswer(): void {
    if (this.#state !== 'open') return;
    this.#state = 'due';
    this.#onDue();
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onResponseStart(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>): void {
    this.#handler.onResponseStart?.(...args);
  }

  onResponseData(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseData']>>): void {
    this.#handler.onResponseData?.(...args);
  }

  onResponseEnd(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    this.#end();
    this.#handler.onResponseEnd?.(...args);
  }

  onResponseError(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseError']>>): void {
    this.#end();
    this.#handler.onResponseError?.(...args);
  }

  #end(): void {
    this.#onOver(this.#state === 'due');
    this.#state = 'over';
  }
}

const isSilence = (reply: ScriptedReply): boolean => 'fault' in reply && reply.fault === 'silence';

/** Answers a request that has started. */
function answer(reply: ScriptedReply, exchange: OpenExchange, handler: Dispatcher.DispatchHandler): void {
  if ('fault' in reply) {
    if (reply.fault !== 'silence') exchange.fail(faultError(reply.fault));
    return;
  }
  const { text, type } = encoded(reply.body);
  exchange.send(() => {
    const headers = { 'content-length': String(Buffer.byteLength(text)), ...type, ...lowerCased(reply.headers) };
    handler.onResponseStart?.(exchange.controller, reply.status, headers, '');
  });
  if (text !== '') exchange.send(() => handler.onResponseData?.(exchange.controller, Buffer.from(text)));
  exchange.send(() => handler.onResponseEnd?.(exchange.controller, {}));
}

/** Removes what the wire adds: it asks every vendor for uncompressed answers. */
function asTheConnectorSet({ 'accept-encoding': coding, ...headers }: Record<string, string>): Record<string, string> {
  return coding === undefined || coding === 'identity' ? headers : { 'accept-encoding': coding, ...headers };
}

/** The errors undici reports for these faults. Silence ends as a timeout. */
export function faultError(fault: Fault): Error {
  switch (fault) {
    case 'reset':
      return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    case 'refused':
      return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    case 'silence':
    case 'timeout':
      return new errors.HeadersTimeoutError();
  }
}

/** A reply's body as text, and the content type it goes with. */
export function encoded(body: unknown): { readonly text: string; readonly type: Readonly<Record<string, string>> } {
  if (body === undefined) return { text: '', type: {} };
  if (typeof body === 'string') return { text: body, type: {} };
  return { text: JSON.stringify(body), type: { 'content-type': 'application/json' } };
}

const lowerCased = (headers: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
