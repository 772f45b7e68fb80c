import { readLines } from '../../ndjson.ts';
import { findOwner } from '../lmdb/owner.ts';
import { StoreRefused } from '../lmdb/store-errors.ts';
import {
  OtherSettings,
  QueueFull,
  type Compacted,
  type DeadFilter,
  type DeadLetter,
  type Put,
  type PutResult,
  type WaitingEvent,
} from '../queue.ts';
import type { DeliveryStore, StorePromises, StoreStatus } from '../store.ts';
import type { QueueWorker } from '../work-options.ts';
import type { SentError, SocketAddress } from './protocol.ts';
import { askOwner, clientAt, send, silentRefusal, type ClientResponse, type UndiciClient } from './reach-owner.ts';

/** The owner of a store does not answer any more, or not yet. */
export class OwnerGone extends Error {
  override readonly name = 'OwnerGone';
  /** It may have done what it was asked. */
  readonly maybeDone: boolean;
  constructor(directory: string, maybeDone: boolean) {
    super(`${directory}: the process that owns the store ended before it answered`);
    this.maybeDone = maybeDone;
  }
}

/** While an answer takes long, the owner is asked for a sign of life that often. */
const pulseMs = 2_000;
/** A busy owner may be late by a few seconds. */
const pulsePatienceMs = 6_000;

/** `undefined` while nobody answers for the store. */
export async function reachOwner(directory: string, promises: StorePromises): Promise<OwnerClient | undefined> {
  const address = await findOwner(directory);
  if (address === undefined) return undefined;
  const owner = await askOwner(address);
  if (typeof owner === 'object' && owner.state === 'working') return new OwnerClient(directory, address, promises);
  address.letGo();
  return undefined;
}

/** A store that another process owns, which answers for it. */
export class OwnerClient implements DeliveryStore {
  readonly promises: StorePromises;
  readonly #directory: string;
  readonly #address: SocketAddress;
  readonly #client: UndiciClient;

  constructor(directory: string, address: SocketAddress, promises: StorePromises) {
    this.promises = promises;
    this.#directory = directory;
    this.#address = address;
    this.#client = clientAt(address);
  }

  async status(connection?: string): Promise<StoreStatus> {
    const status = await this.#ask<StoreStatus>('GET', '/status', { connection });
    return { ...status, processes: status.processes.map((one) => ({ ...one, isHere: false })) };
  }

  put(puts: readonly Put[]): Promise<readonly PutResult[]> {
    const lines: string[] = [];
    for (const { connection, events } of puts) {
      lines.push(JSON.stringify({ put: connection }));
      for (const event of events) lines.push(JSON.stringify(event));
    }
    return this.#ask('POST', '/puts', {}, lines.join('\n'));
  }

  work(): QueueWorker {
    throw new StoreRefused('busy', this.#directory, 'another process has the queue store, and its workers deliver');
  }

  markMisconfigured(): void {
    this.work();
  }

  peek(connection: string, most: number, after?: number): Promise<readonly WaitingEvent[]> {
    return this.#ask('GET', at(connection, '/events'), { most, after });
  }

  async *dead(connection: string, filter: DeadFilter = {}): AsyncGenerator<DeadLetter, void, undefined> {
    const watch = this.#watch();
    try {
      const { body } = await this.#request('GET', at(connection, '/dead'), filter, undefined, watch.signal);
      for await (const line of readLines(body, Number.POSITIVE_INFINITY)) {
        if ('fault' in line) throw new SyntaxError(`the answer of the store's owner is ${line.fault}`);
        yield JSON.parse(line.text) as DeadLetter;
      }
    } catch (error) {
      throw this.#errorOf(error, watch.signal);
    } finally {
      watch.stop();
    }
  }

  reasons(connection: string): Promise<Readonly<Record<string, number>>> {
    return this.#ask('GET', at(connection, '/dead/reasons'));
  }

  requeue(connection: string, filter: DeadFilter = {}): Promise<number> {
    return this.#count('POST', at(connection, '/dead/requeue'), filter);
  }

  drop(connection: string, filter: DeadFilter = {}): Promise<number> {
    return this.#count('DELETE', at(connection, '/dead'), filter);
  }

  replay(connection: string, from: number, to: number): Promise<number> {
    return this.#count('POST', at(connection, '/replay'), { from, to });
  }

  compact(): Promise<Compacted> {
    return this.#ask('POST', '/compact');
  }

  purge(connection: string): Promise<number> {
    return this.#count('DELETE', at(connection, ''), {});
  }

  prune(before: number): Promise<number> {
    return this.#count('POST', '/prune', { before });
  }

  async close(): Promise<void> {
    await this.#client.destroy();
    this.#address.letGo();
  }

  async #count(method: Method, path: string, query: object): Promise<number> {
    return (await this.#ask<{ readonly count: number }>(method, path, query)).count;
  }

  async #ask<T>(method: Method, path: string, query: object = {}, body?: string): Promise<T> {
    const watch = this.#watch();
    try {
      const response = await this.#request(method, path, query, body, watch.signal);
      return (await response.body.json()) as T;
    } catch (error) {
      throw this.#errorOf(error, watch.signal);
    } finally {
      watch.stop();
    }
  }

  /** Throws what the owner says went wrong. */
  async #request(
    method: Method,
    path: string,
    query: object,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<ClientResponse> {
    if (this.#client.destroyed) throw new OwnerGone(this.#directory, false);
    if (unnamable.test(path)) throw new TypeError('a connection cannot have such an id');
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    const response = await send(this.#client, {
      method,
      path: `${path}?${search.toString()}`,
      body: body ?? null,
      signal,
    });
    if (response.statusCode === 200) return response;
    const { error } = (await response.body.json()) as { readonly error: SentError };
    if (error.name === 'NotOpen') throw new OwnerGone(this.#directory, false);
    if (error.code === 'closed') throw new OwnerGone(this.#directory, true);
    if (error.name === 'QueueFull') throw new QueueFull(error.message);
    if (error.name === 'OtherSettings') throw new OtherSettings(error.message);
    throw new AnsweredError(error);
  }

  /** Ends a request whose owner does not answer, however long the answer itself may take. */
  #watch(): { readonly signal: AbortSignal; stop(): void } {
    const silence = new AbortController();
    const ask = async (): Promise<void> => {
      if ((await askOwner(this.#address, pulsePatienceMs)) !== 'silent') return;
      silence.abort(silentRefusal(this.#directory));
    };
    const timer = setInterval(() => void ask(), pulseMs).unref();
    return { signal: silence.signal, stop: () => clearInterval(timer) };
  }

  #errorOf(error: unknown, { aborted, reason }: AbortSignal): unknown {
    if (aborted) return reason;
    const { code } = error as { readonly code?: unknown };
    const isOfSocket = typeof code === 'string' && !(error instanceof AnsweredError);
    return isOfSocket ? new OwnerGone(this.#directory, code !== 'ECONNREFUSED' && code !== 'ENOENT') : error;
  }
}

type Method = 'GET' | 'POST' | 'DELETE';

const at = (connection: string, path: string): string => `/connections/${encodeURIComponent(connection)}${path}`;

/** A URL drops such an id, and names something else then. */
const unnamable = /^\/connections\/\.{0,2}(?:\/|$)/;

/** What the owner itself was told, by its name. */
class AnsweredError extends Error {
  constructor({ name, message, code }: SentError) {
    super(message);
    Object.assign(this, { name }, code === undefined ? {} : { code });
  }
}
