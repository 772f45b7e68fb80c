import { Dispatcher, errors } from 'undici';
import { openExchange } from './exchange-control.ts';
import { seenRequest, type SeenRequest } from './seen-request.ts';

/** A missing answer: `reset` and `timeout` after the request began to be sent, `refused` before. */
export type Fault = 'reset' | 'timeout' | 'refused';

/** An answer of a scripted vendor. A body that is not text is sent as JSON. */
export type ScriptedReply =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly body?: unknown;
    }
  | { readonly fault: Fault };

/** The answer to the request at `position` (0 is the first); `undefined` if the script does not expect it. */
export type Script = (request: SeenRequest, position: number) => ScriptedReply | undefined;

/** Answers in order, one per request. */
export const inOrder =
  (...replies: readonly ScriptedReply[]): Script =>
  (_request, position) =>
    replies[position];

/** The same answer, always. */
export const always =
  (reply: ScriptedReply): Script =>
  () =>
    reply;

/** The number of a request's batch, set by tagBatches() and removed before the request is recorded. */
export const batchHeader = 'x-kit-batch';

/**
 * A vendor in this process: an undici Dispatcher that records every request and answers by script. An unexpected
 * request is recorded in `unscripted` and answered with 501, so that nothing waits for it.
 */
export class VendorDouble extends Dispatcher {
  readonly requests: SeenRequest[] = [];
  /** The number of each request's batch, if tagBatches() set one. */
  readonly batches: (number | undefined)[] = [];
  readonly replies: (ScriptedReply | undefined)[] = [];
  readonly unscripted: SeenRequest[] = [];
  readonly #script: Script;
  readonly #through: Dispatcher | undefined;
  #open = 0;

  /** `through` answers instead of the script, which then only says what is expected; nock does so under Jest. */
  constructor(script: Script, through?: Dispatcher) {
    super();
    this.#script = script;
    this.#through = through;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { [batchHeader]: batch, ...sent } = options.headers as Record<string, string>;
    const headers = asTheConnectorSet(sent);
    const request = seenRequest({ ...options, headers });
    const position = this.requests.length;
    this.requests.push(request);
    this.batches.push(batch === undefined ? undefined : Number(batch));
    const reply = this.#script(request, position);
    this.replies.push(reply);
    if (reply === undefined) this.unscripted.push(request);
    this.#open += 1;
    const counted = this.#countOpen(handler);
    if (this.#through !== undefined) return this.#through.dispatch({ ...options, headers }, counted);
    setImmediate(() => answer(reply ?? { status: 501 }, counted));
    return true;
  }

  /** Whether an answer is still to come. */
  get busy(): boolean {
    return this.#open > 0;
  }

  #countOpen(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
    return {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => {
        this.#open -= 1;
        handler.onResponseEnd?.(...args);
      },
      onResponseError: (...args) => {
        this.#open -= 1;
        handler.onResponseError?.(...args);
      },
    };
  }

  override close(callback?: () => void): Promise<void> {
    callback?.();
    return Promise.resolve();
  }

  override destroy(...args: readonly unknown[]): Promise<void> {
    const callback = args.at(-1);
    if (typeof callback === 'function') callback();
    return Promise.resolve();
  }
}

function answer(reply: ScriptedReply, handler: Dispatcher.DispatchHandler): void {
  const exchange = openExchange(handler);
  if ('fault' in reply && reply.fault === 'refused') return exchange.fail(faultError('refused'));
  handler.onRequestStart?.(exchange.controller, {});
  if ('fault' in reply) return exchange.fail(faultError(reply.fault));
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

/** The errors undici reports for these faults. */
export function faultError(fault: Fault): Error {
  switch (fault) {
    case 'reset':
      return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    case 'refused':
      return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
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
