import { Dispatcher } from 'undici';
import type { Subject } from './subjects.ts';

const controller: Dispatcher.DispatchController = {
  aborted: false,
  paused: false,
  reason: null,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
};

/**
 * A vendor inside the process that says its plain yes at once. It looks at nothing on purpose, which is why it is no
 * VendorDouble: reading and recording requests would be measured too. What is left is the cost of the request's bytes.
 */
export class InstantVendor extends Dispatcher {
  readonly #status: number;
  readonly #headers: Record<string, string>;
  readonly #body: Buffer | undefined;
  readonly #onBody: ((body: string) => void) | undefined;
  requests = 0;
  bytes = 0;

  constructor({ yes }: Pick<Subject, 'yes'>, onBody?: (body: string) => void) {
    super();
    this.#status = yes.status;
    this.#headers = yes.body === '' ? { 'content-length': '0' } : { 'content-type': 'application/json' };
    this.#body = yes.body === '' ? undefined : Buffer.from(yes.body);
    this.#onBody = onBody;
  }

  override dispatch({ body }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.requests += 1;
    this.bytes += (body as Buffer).length;
    this.#onBody?.((body as Buffer).toString());
    handler.onRequestStart?.(controller, undefined);
    handler.onResponseStart?.(controller, this.#status, this.#headers);
    if (this.#body !== undefined) handler.onResponseData?.(controller, this.#body);
    handler.onResponseEnd?.(controller, {});
    return true;
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    if (callback === undefined) return Promise.resolve();
    callback();
  }
}
