import { connect } from 'node:net';
import { hostname } from 'node:os';
import { undiciClient, undiciRequest } from '../../http/undici.ts';
import { findOwner, lastOwner } from '../lmdb/owner.ts';
import { StoreRefused } from '../lmdb/store-errors.ts';
import {
  OtherSettings,
  QueueFull,
  type Claim,
  type ConnectionSettings,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type QueuedEvent,
} from '../queue.ts';
import { readLines } from './ndjson.ts';
import type { OwnerInfo, SentError, SocketAddress, StoreReport } from './protocol.ts';

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

/** How long an owner may take to say who it is. It does so at once, unless it is stopped. */
const patienceMs = 2_000;
/** While an answer takes long, the owner is asked for a sign of life that often. */
const pulseMs = 2_000;
/** A busy owner may be late by a few seconds. */
const pulsePatienceMs = 6_000;

type UndiciClient = InstanceType<ReturnType<typeof undiciClient>>;
type ClientRequest = Parameters<UndiciClient['request']>[0];
type ClientResponse = Awaited<ReturnType<UndiciClient['request']>>;

const clientAt = ({ path }: SocketAddress): UndiciClient =>
  new (undiciClient())('http://store', { socketPath: path, headersTimeout: 0, bodyTimeout: 0 });

const send = (client: UndiciClient, request: ClientRequest): Promise<ClientResponse> =>
  undiciRequest().call(client, request) as Promise<ClientResponse>;

/** `silent`: it accepts, and says nothing. `undefined`: nobody is there, or nobody who knows what is asked. */
async function askOwner(address: SocketAddress, withinMs: number): Promise<OwnerInfo | 'silent' | undefined> {
  const client = clientAt(address);
  try {
    const { body } = await send(client, {
      method: 'GET',
      path: '/owner',
      signal: AbortSignal.timeout(withinMs),
    });
    return (await body.json()) as OwnerInfo;
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? 'silent' : undefined;
  } finally {
    await client.destroy();
  }
}

/** Why the store cannot be had now: by the words of its owner. */
export async function busyRefusal(directory: string): Promise<StoreRefused> {
  const address = await findOwner(directory);
  if (address === undefined) return refusal(directory, 'ending', lastOwner(directory));
  const owner = await askOwner(address, patienceMs).finally(address.letGo);
  if (owner === 'silent') return refusal(directory, 'silent', lastOwner(directory));
  return refusal(directory, owner?.state ?? 'ending', owner ?? lastOwner(directory));
}

function refusal(
  directory: string,
  state: OwnerInfo['state'] | 'silent',
  owner: Pick<OwnerInfo, 'pid' | 'host'> | undefined,
): StoreRefused {
  const { pid, host } = owner ?? {};
  const isHere = host === hostname();
  const who =
    pid === undefined
      ? 'another process'
      : `process ${pid}${isHere ? '' : ` of another container or machine (${host})`}`;
  const texts = {
    starting: `${who} is opening the queue store. Try again in a moment`,
    working:
      pid === process.pid && isHere
        ? 'this process has the queue store open already. Open it once, and share that queue'
        : `the queue store is in use by ${who}. Stop that one first; only one process at a time can open a store`,
    ending: `${who} is closing the queue store. Try again in a moment`,
    silent:
      `${who} has the queue store and has not answered for ${patienceMs / 1000} s. It may be stopped: continue it ` +
      '(kill -CONT), or end it',
  } as const;
  return new StoreRefused('busy', directory, texts[state], { owner: state });
}

/** `undefined` while nobody answers for the store. */
export async function reachOwner(directory: string): Promise<OwnerClient | undefined> {
  const address = await findOwner(directory);
  if (address === undefined) return undefined;
  const owner = await askOwner(address, patienceMs);
  if (typeof owner === 'object' && owner.state === 'working') return new OwnerClient(directory, address);
  address.letGo();
  return undefined;
}

/** Resolves when the owner ends, or after `ms`; at once where there is none. */
export async function untilOwnerEnds(directory: string, ms: number): Promise<void> {
  const address = await findOwner(directory);
  if (address === undefined) return;
  const socket = connect({ path: address.path }).setTimeout(ms);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.once('timeout', () => socket.destroy());
    socket.on('error', () => socket.destroy());
  }).finally(address.letGo);
}

/** A store that another process owns, which answers for it. */
export class OwnerClient {
  readonly #directory: string;
  readonly #address: SocketAddress;
  readonly #client: UndiciClient;

  constructor(directory: string, address: SocketAddress) {
    this.#directory = directory;
    this.#address = address;
    this.#client = clientAt(address);
  }

  status(connection?: string): Promise<StoreReport> {
    return this.#ask('GET', '/status', { connection });
  }

  put(connection: string | ConnectionSettings, events: readonly QueuedEvent[]): ReturnType<DeliveryQueue['put']> {
    const { id, ...settings } = typeof connection === 'string' ? { id: connection } : connection;
    const body = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    return this.#ask('POST', at(id, '/events'), settings, body);
  }

  peek(connection: string, most: number, after?: number): Promise<readonly Claim[]> {
    return this.#ask('GET', at(connection, '/events'), { most, after });
  }

  async *dead(connection: string, filter: DeadFilter = {}): AsyncGenerator<DeadLetter, void, undefined> {
    const watch = this.#watch();
    try {
      const { body } = await this.#request('GET', at(connection, '/dead'), filter, undefined, watch.signal);
      for await (const line of readLines(body)) yield JSON.parse(line) as DeadLetter;
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

  purge(connection: string): Promise<number> {
    return this.#count('DELETE', at(connection, ''), {});
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
      silence.abort(refusal(this.#directory, 'silent', lastOwner(this.#directory)));
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

/** What the owner itself was told, by its name. */
class AnsweredError extends Error {
  constructor({ name, message, code }: SentError) {
    super(message);
    Object.assign(this, { name }, code === undefined ? {} : { code });
  }
}
