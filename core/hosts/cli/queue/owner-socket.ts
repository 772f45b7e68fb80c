import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { createLineCutter } from '../lines.ts';
import type { WorkerState } from './worker-state.ts';
import { countReasons } from './count-reasons.ts';
import type { DeadFilter, DeliveryQueue, LanesOf, QueuedEvent } from '../../../queue/index.ts';

/*
 * One process has a store. While that is `spillway work`, the other commands ask it, through a socket in the store's
 * folder: a line of JSON for each call, and a line or more for each answer, one call after the other.
 */
export interface Ask {
  readonly method: keyof typeof answers;
  readonly args: readonly unknown[];
}
export type Answer =
  /** Still busy: sent once a second while an answer takes longer. */
  | { readonly busy: true }
  | { readonly item: unknown }
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly message: string; readonly code?: unknown } };

/** Systems take some 100 bytes for the path of a socket. */
const longestPath = 100;

const aliveMs = 1_000;
/** How long a client may take to disconnect. */
const partingMs = 1_000;
/** Bytes: a put is some hundred events, of 8 MiB each at most where they come from a file. */
const longestLine = 256 * 1024 * 1024;

/** The lines of a socket, cut at line feeds alone: the texts of events may hold every other line ending. */
export async function* linesOf(socket: Socket): AsyncGenerator<string, void, undefined> {
  const cutter = createLineCutter(longestLine);
  for await (const chunk of socket) {
    for (const line of cutter.cut(chunk as Buffer)) {
      if ('fault' in line) throw new Error(`a line that is ${line.fault}`);
      yield line.text;
    }
  }
}

/** Where the owner of a store listens; `undefined` where the path is too long for a socket. */
export function socketOf(directory: string): string | undefined {
  const at = path.join(directory, 'owner.sock');
  return process.platform === 'win32' || Buffer.byteLength(at) > longestPath ? undefined : at;
}

export interface OwnerOptions {
  readonly directory: string;
  readonly queue: DeliveryQueue;
  /** The lane of an event by the settings the owner works with. */
  readonly lanesOf: (connection: string) => LanesOf | undefined;
  /** Where it delivers what is put for a connection: a slug. */
  readonly destinationOf?: (connection: string) => string | undefined;
  /** There may be something new to deliver. */
  readonly changed: (connection: string) => void;
  /** What it is at. */
  readonly attended?: () => OwnerState;
}

/** A running `work`. */
export interface OwnerState {
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** By id, those it delivers for. */
  readonly connections: Readonly<Record<string, WorkerState>>;
}

export interface OwnerSocket {
  /** Accepts no more calls; calls in progress are answered first. */
  close(): Promise<void>;
  /** Another process owns the store now, and the socket file with it: close() leaves that file there. */
  leaveName(): void;
}

/**
 * Answers calls for the store until it is closed. Resolves to `undefined` where no socket can listen: then only the
 * process itself can use the store.
 */
export async function answerForStore(options: OwnerOptions): Promise<OwnerSocket | undefined> {
  const at = socketOf(options.directory);
  if (at === undefined) return undefined;
  const lines = new Map<Line, Promise<void>>();
  const server = createServer((socket) => {
    const line = openLine(socket, options);
    lines.set(
      line,
      line.over.finally(() => lines.delete(line)),
    );
  });
  // A killed owner left its socket file. The store is ours, and so is the file.
  rmSync(at, { force: true });
  if (!(await listens(server, at))) return undefined;
  chmodSync(at, 0o600);
  let ours = true;
  return {
    async close() {
      // server.close() unlinks the socket even if another process created it. If the store is not ours any more, the
      // handle
      // is leaked instead; it does not keep the process alive.
      const closed = ours ? once(server, 'close') : undefined;
      if (ours) server.close();
      for (const line of lines.keys()) line.end();
      await Promise.all(lines.values());
      await closed;
    },
    leaveName() {
      ours = false;
    },
  };
}

const listens = (server: Server, at: string): Promise<boolean> =>
  new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(at, () => resolve(true));
    server.unref();
  });

interface Line {
  /** Resolves once the client is gone. Never rejects: a client may disconnect at any time. */
  readonly over: Promise<void>;
  /** Finishes the call in progress, and answers no more. */
  end(): void;
}

function openLine(socket: Socket, options: OwnerOptions): Line {
  let answering = false;
  let ending = false;

  socket.on('error', () => socket.destroy());

  async function say(answer: Answer): Promise<void> {
    if (socket.writable && !socket.write(`${JSON.stringify(answer)}\n`)) await drained(socket);
  }

  async function answer(line: string): Promise<void> {
    try {
      const { method, args } = JSON.parse(line) as Ask;
      if (!Object.hasOwn(answers, method)) throw new TypeError('nothing the owner of a store is asked');
      const ask = answers[method] as (options: OwnerOptions, ...args: readonly unknown[]) => unknown;
      const result = ask(options, ...args);
      if (isIterable(result)) {
        for await (const item of result) {
          if (!socket.writable) return;
          await say({ item });
        }
      }
      await say({ value: isIterable(result) ? null : ((await result) ?? null) });
    } catch (error) {
      const { name, message, code } = error as Error & { readonly code?: unknown };
      await say({ error: { name, message, ...(code === undefined ? {} : { code }) } });
    }
  }

  function part(): void {
    socket.end();
    // Clients get an end-of-stream; those that do not close within a second are disconnected.
    setTimeout(() => socket.destroy(), partingMs).unref();
  }

  async function serve(): Promise<void> {
    try {
      for await (const line of linesOf(socket)) {
        if (ending) continue;
        answering = true;
        const alive = setInterval(
          () => void (socket.writableNeedDrain ? undefined : say({ busy: true })),
          aliveMs,
        ).unref();
        await answer(line);
        clearInterval(alive);
        answering = false;
        if (ending) part();
      }
    } catch {
      socket.destroy();
    }
  }

  return {
    over: serve(),
    end() {
      ending = true;
      if (!answering) part();
      // A client that does not read its answer is disconnected, too.
      else setTimeout(() => (socket.writableNeedDrain ? socket.destroy() : undefined), partingMs).unref();
    },
  };
}

/** The event may be any JSON value: a line that is not an event is put together with its outcome. */
const isQueued = (one: QueuedEvent | null): boolean =>
  typeof one?.id === 'string' && Number.isFinite(one.acceptedAt) && one.event !== undefined;

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
    if (!events.every(isQueued)) throw new TypeError('not what a queue takes');
    const put = await queue.put(connection, events);
    changed(connection);
    return put;
  },
  dead: ({ queue }: OwnerOptions, connection: string, filter?: DeadFilter) => queue.dead(connection, filter),
  async requeue({ queue, lanesOf, changed }: OwnerOptions, connection: string, filter?: DeadFilter) {
    const revived = await queue.requeue(connection, filter, lanesOf(connection));
    changed(connection);
    return revived;
  },
  drop: ({ queue }: OwnerOptions, connection: string, filter?: DeadFilter) => queue.drop(connection, filter),
  purge: ({ queue }: OwnerOptions, connection: string) => queue.purge(connection),
  async replay({ queue, lanesOf, changed }: OwnerOptions, connection: string, from: number, to: number) {
    const replayed = await queue.replay(connection, from, to, lanesOf(connection));
    changed(connection);
    return replayed;
  },
  status: ({ queue }: OwnerOptions, now: number) => queue.status(now),
  attended: ({ attended }: OwnerOptions) => attended?.(),
  reasons: ({ queue }: OwnerOptions, connection: string) => countReasons(queue, connection),
  /** Whether it delivers for that connection, and so knows its settings. */
  knows: ({ lanesOf }: OwnerOptions, connection: string) => lanesOf(connection) !== undefined,
  destinationOf: ({ destinationOf }: OwnerOptions, connection: string) => destinationOf?.(connection),
};
