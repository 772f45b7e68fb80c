import { gunzipSync } from 'node:zlib';
import { Dispatcher } from 'undici';

/** `reset`: the connection broke after the request left; `refused`: it never left; `silence`: no answer, ever. */
export type Answer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | 'reset'
  | 'refused'
  | 'silence';

export interface Seen {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly bytes: Buffer;
  /** The very object that was handed over. */
  readonly body: unknown;
  /** The ids of the events in it. */
  readonly ids: readonly string[];
}

export type Script = (request: Seen, position: number) => Answer | Promise<Answer>;

/** A vendor inside this process: answers by script, and remembers every request and how many were open at once. */
export class ScriptedVendor extends Dispatcher {
  readonly requests: Seen[] = [];
  script: Script;
  total = 0;
  open = 0;
  mostOpen = 0;
  closed = 0;

  constructor(script: Script) {
    super();
    this.script = script;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const seen = read(options);
    this.requests.push(seen);
    this.total += 1;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const position = this.requests.length - 1;
    const done = (): void => {
      this.open -= 1;
    };
    setImmediate(() => {
      void Promise.resolve(this.script(seen, position)).then((answer) => tell(answer, handler, done));
    });
    return true;
  }

  override close(callback?: () => void): Promise<void> {
    this.closed += 1;
    callback?.();
    return Promise.resolve();
  }
}

function tell(answer: Answer, handler: Dispatcher.DispatchHandler, done: () => void): void {
  let over = false;
  const fail = (error: Error): void => {
    if (over) return;
    over = true;
    done();
    handler.onResponseError?.(controller, error);
  };
  const controller: Dispatcher.DispatchController = {
    aborted: false,
    paused: false,
    reason: null,
    abort: fail,
    pause: () => undefined,
    resume: () => undefined,
  };
  if (answer === 'refused') return fail(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  handler.onRequestStart?.(controller, {});
  if (answer === 'silence') return;
  if (answer === 'reset') return fail(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  const { status, headers = {}, body = '' } = answer;
  done();
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  handler.onResponseStart?.(controller, status, { 'content-length': String(bytes.length), ...headers }, '');
  handler.onResponseData?.(controller, bytes);
  handler.onResponseEnd?.(controller, {});
}

function read({ path, headers, body }: Dispatcher.DispatchOptions): Seen {
  const bytes = Buffer.from((body ?? '') as Buffer);
  const named = headers as Record<string, string>;
  const text = (named['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  const ids = [...text.matchAll(/"id":"([^"]*)"/g)].map(([, id]) => id ?? '');
  return { path, headers: named, text, bytes, body, ids };
}

/** 200, whatever comes. */
export const yes: Answer = { status: 200 };

/** The given answers in turn, then 200 for ever. */
export const inTurn =
  (...answers: readonly Answer[]): Script =>
  (_, position) =>
    answers[position] ?? yes;
