import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { DeadFilter, DeliveryQueue, LaneOf, QueuedEvent } from '../../../queue/index.ts';

/*
 * One process has a store. While that is `spillway work`, the other commands ask it, through a socket in the store's folder: a line of JSON
 * for each call, and a line or more for each answer, one call after the other.
 */
export interface Ask {
  readonly method: keyof typeof answers;
  readonly args: readonly unknown[];
}
export type Answer =
  | { readonly item: unknown }
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly message: string; readonly code?: unknown } };

/** Systems take some 100 bytes for the path of a socket. */
const longestPath = 100;

/** How long the other side may take to go. */
const partingMs = 1_000;

/** Where the owner of a store listens; `undefined` where the path is too long for a socket. */
export function socketOf(directory: string): string | undefined {
  const at = path.join(directory, 'owner.sock');
  return process.platform === 'win32' || Buffer.byteLength(at) > longestPath ? undefined : at;
}

export interface OwnerOptions {
  readonly directory: string;
  readonly queue: DeliveryQueue;
  /** The lane of an event by the settings the owner works with. */
  readonly laneOf: (connection: string) => LaneOf | undefined;
  /** There may be something new to deliver. */
  readonly changed: (connection: string) => void;
}

export interface OwnerSocket {
  /** Takes nothing more; what is being answered is answered first. */
  close(): Promise<void>;
}

/** Answers for the store until it is closed. Resolves to `undefined` where nothing can listen there: the store then answers to its owner alone. */
export async function answerForStore(options: OwnerOptions): Promise<OwnerSocket | undefined> {
  const at = socketOf(options.directory);
  if (at === undefined) return undefined;
  const sockets = new Map<Socket, Promise<void>>();
  const server = createServer((socket) => {
    sockets.set(
      socket,
      serve(socket, options).finally(() => sockets.delete(socket)),
    );
  });
  // Left by an owner that was killed: the store is ours, so is the name.
  rmSync(at, { force: true });
  if (!(await listens(server, at))) return undefined;
  chmodSync(at, 0o600);
  return {
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets.keys()) socket.end();
      // Who asked hears the end, and goes; one who does not is not waited for.
      const late = setTimeout(() => {
        for (const socket of sockets.keys()) socket.destroy();
      }, partingMs);
      await Promise.all(sockets.values());
      clearTimeout(late);
      await closed;
    },
  };
}

const listens = (server: Server, at: string): Promise<boolean> =>
  new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(at, () => resolve(true));
    server.unref();
  });

/** Never rejects: who asks may go at any time. */
async function serve(socket: Socket, options: OwnerOptions): Promise<void> {
  socket.on('error', () => socket.destroy());
  const say = async (answer: Answer): Promise<void> => {
    if (socket.writable && !socket.write(`${JSON.stringify(answer)}\n`)) await drained(socket);
  };
  const lines = createInterface({ input: socket });
  // Lines end with their input, but not with one that is destroyed.
  socket.on('close', () => lines.close());
  try {
    for await (const line of lines) {
      try {
        const { method, args } = JSON.parse(line) as Ask;
        const answer = answers[method] as (options: OwnerOptions, ...args: readonly unknown[]) => unknown;
        const result = answer(options, ...args);
        if (isIterable(result)) for await (const item of result) await say({ item });
        await say({ value: isIterable(result) ? null : ((await result) ?? null) });
      } catch (error) {
        const { name, message, code } = error as Error & { readonly code?: unknown };
        await say({ error: { name, message, ...(code === undefined ? {} : { code }) } });
      }
    }
  } catch {
    socket.destroy();
  }
}

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const over = (): void => {
      socket.off('drain', over).off('close', over);
      resolve();
    };
    socket.on('drain', over).on('close', over);
  });

const isIterable = (result: unknown): result is AsyncIterable<unknown> =>
  typeof result === 'object' && result !== null && Symbol.asyncIterator in result;

const answers = {
  async put({ queue, changed }: OwnerOptions, connection: string, events: readonly QueuedEvent[]) {
    const put = await queue.put(connection, events);
    changed(connection);
    return put;
  },
  dead: ({ queue }: OwnerOptions, connection: string, filter?: DeadFilter) => queue.dead(connection, filter),
  async revive({ queue, laneOf, changed }: OwnerOptions, connection: string, filter?: DeadFilter) {
    const revived = await queue.revive(connection, filter, laneOf(connection));
    changed(connection);
    return revived;
  },
  forget: ({ queue }: OwnerOptions, connection: string, filter?: DeadFilter) => queue.forget(connection, filter),
  async replay({ queue, laneOf, changed }: OwnerOptions, connection: string, from: number, to: number) {
    const replayed = await queue.replay(connection, from, to, laneOf(connection));
    changed(connection);
    return replayed;
  },
  status: ({ queue }: OwnerOptions, now: number) => queue.status(now),
};
