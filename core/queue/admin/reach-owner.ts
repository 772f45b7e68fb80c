import { connect } from 'node:net';
import { hostname } from 'node:os';
import { undiciClient, undiciRequest } from '../../http/undici.ts';
import { findOwner, lastOwner } from '../lmdb/owner.ts';
import { StoreRefused } from '../lmdb/store-errors.ts';
import type { OwnerInfo, SocketAddress } from './protocol.ts';

/** How long an owner may take to say who it is. It does so at once, unless it is stopped. */
const patienceMs = 2_000;

export type UndiciClient = InstanceType<ReturnType<typeof undiciClient>>;
type ClientRequest = Parameters<UndiciClient['request']>[0];
export type ClientResponse = Awaited<ReturnType<UndiciClient['request']>>;

export const clientAt = ({ path }: SocketAddress): UndiciClient =>
  new (undiciClient())('http://store', { socketPath: path, headersTimeout: 0, bodyTimeout: 0 });

export const send = (client: UndiciClient, request: ClientRequest): Promise<ClientResponse> =>
  undiciRequest().call(client, request) as Promise<ClientResponse>;

/** `silent`: it accepts, and says nothing. `undefined`: nobody is there, or nobody who knows what is asked. */
export async function askOwner(
  address: SocketAddress,
  withinMs: number = patienceMs,
): Promise<OwnerInfo | 'silent' | undefined> {
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
  const owner = await askOwner(address).finally(address.letGo);
  if (owner === 'silent') return silentRefusal(directory);
  return refusal(directory, owner?.state ?? 'ending', owner ?? lastOwner(directory));
}

export const silentRefusal = (directory: string): StoreRefused => refusal(directory, 'silent', lastOwner(directory));

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
        ? 'this process has the queue store open already. Open it once, and share that store'
        : `the queue store is in use by ${who}. Stop that one first; only one process at a time can open a store`,
    ending: `${who} is closing the queue store. Try again in a moment`,
    silent:
      `${who} has the queue store and has not answered for ${patienceMs / 1000} s. It may be stopped: continue it ` +
      '(kill -CONT), or end it',
  } as const;
  return new StoreRefused('busy', directory, texts[state], { owner: state });
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
