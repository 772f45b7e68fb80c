import Denque from 'denque';
import type { Client, Dispatcher } from 'undici';
import { undiciClient } from './undici.ts';

/** A request, and who hears of it. Nobody waits for one that has settled. */
export type RequestHandler = Dispatcher.DispatchHandler & { readonly settled: boolean };

/** The options of every client, and of a TLS connection. */
export type ClientOptions = Client.Options;

/** A client of undici's, which is one socket, opened again whenever it is needed. */
interface PooledClient {
  readonly client: Client;
  isIdle: boolean;
}

interface WaitingRequest {
  readonly options: Dispatcher.DispatchOptions;
  readonly handler: RequestHandler;
}

/**
 * The sockets to one origin: no more than requests are in flight. A socket that has brought an answer takes the next
 * request in the next turn of the event loop, and that request waits for it. undici's own Pool opens another socket
 * instead, as long as its limit allows: twice as many then take turns, and each request looks through all of them.
 */
export class ClientPool {
  readonly #origin: string;
  readonly #options: ClientOptions;
  /** Requests in flight to this origin, the one that is being dispatched included. */
  readonly #inFlight: () => number;
  readonly #all = new Set<PooledClient>();
  /** The one used last is used next, so that those too many close after a while. */
  readonly #idle: PooledClient[] = [];
  readonly #waiting = new Denque<WaitingRequest>();

  constructor(origin: string, options: ClientOptions, inFlight: () => number) {
    this.#origin = origin;
    this.#options = options;
    this.#inFlight = inFlight;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: RequestHandler): void {
    const free = this.#idle.pop() ?? (this.#all.size < this.#inFlight() ? this.#open() : undefined);
    if (free === undefined) this.#waiting.push({ options, handler });
    else this.#use(free, options, handler);
  }

  /** Resolves when every client has finished. What waits has settled. */
  async close(): Promise<void> {
    this.#waiting.clear();
    await Promise.all([...this.#all].map(({ client }) => client.close()));
  }

  #use(one: PooledClient, options: Dispatcher.DispatchOptions, handler: RequestHandler): void {
    one.isIdle = false;
    one.client.dispatch(options, handler);
    // The client refused the request as invalid, so that it has nothing to finish.
    if (handler.settled) this.#release(one);
  }

  #open(): PooledClient {
    const client = new (undiciClient())(this.#origin, this.#options);
    const one = { client, isIdle: false };
    client.on('drain', () => this.#release(one));
    client.on('disconnect', () => this.#forgetIdle(one));
    this.#all.add(one);
    return one;
  }

  /** The client may take the next request. */
  #release(one: PooledClient): void {
    if (one.isIdle) return;
    let next = this.#waiting.shift();
    while (next?.handler.settled === true) next = this.#waiting.shift();
    if (next !== undefined) return this.#use(one, next.options, next.handler);
    one.isIdle = true;
    this.#idle.push(one);
  }

  /** A client whose socket closed while nobody used it has nothing left to close. */
  #forgetIdle(one: PooledClient): void {
    if (!one.isIdle) return;
    this.#idle.splice(this.#idle.indexOf(one), 1);
    this.#all.delete(one);
  }
}

/** One pool for each origin, as a dispatcher. */
export class ClientPools {
  readonly #byOrigin = new Map<string, ClientPool>();
  readonly #options: ClientOptions;
  readonly #inFlight: (origin: string) => number;

  constructor(options: ClientOptions, inFlight: (origin: string) => number) {
    this.#options = options;
    this.#inFlight = inFlight;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: RequestHandler): void {
    const origin = options.origin as string;
    let pool = this.#byOrigin.get(origin);
    if (pool === undefined) {
      pool = new ClientPool(origin, this.#options, () => this.#inFlight(origin));
      this.#byOrigin.set(origin, pool);
    }
    pool.dispatch(options, handler);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byOrigin.values()].map((pool) => pool.close()));
  }
}
