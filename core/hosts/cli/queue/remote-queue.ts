import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type Socket } from 'node:net';
import {
  QueueFull,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type QueueStatus,
} from '../../../queue/index.ts';
import { exitCode, CliError } from '../exit-codes.ts';
import { linesOf, socketOf, type Answer, type Ask, type OwnerState } from './owner-socket.ts';

/** A store that another process owns, which answers for it. Its status is as of the last call. */
export interface RemoteQueue extends Pick<
  DeliveryQueue,
  'put' | 'dead' | 'requeue' | 'drop' | 'purge' | 'replay' | 'status' | 'close'
> {
  /**
   * Whether the owner delivers for that connection: it gives lanes by the settings it has, whatever the caller's are.
   */
  knows(connection: string): Promise<boolean>;
  /** The slug of where the owner delivers what is put for that connection; `null` where it does not deliver for it. */
  destinationOf(connection: string): Promise<string | null>;
  /** What the owner is at, and each of its connections; `null` where it does not say. */
  attended(): Promise<OwnerState | null>;
  /** Dead letters by the code of their reason, counted by the owner. */
  reasons(connection: string): Promise<Readonly<Record<string, number>>>;
  /** Makes status() as of now. */
  look(): Promise<void>;
}

/** `undefined` when nobody answers there. */
export async function reachOwner(directory: string): Promise<RemoteQueue | undefined> {
  const at = socketOf(directory);
  const socket = at === undefined ? undefined : await connected(at);
  if (socket === undefined) return undefined;
  const answers = linesOf(socket);
  let busy: Promise<unknown> = Promise.resolve();

  async function* called(ask: Ask): AsyncGenerator<unknown, unknown, undefined> {
    // A socket whose other end is gone is not writable, and reports that in different ways.
    if (socket?.writable !== true) throw ownerGone(directory);
    socket.write(`${JSON.stringify(ask)}\n`);
    let answer = await next();
    try {
      for (; 'item' in answer; answer = await next()) yield answer.item;
    } finally {
      // If the caller stops early, drain the remaining items so that the next call starts clean.
      while ('item' in answer) answer = await next();
    }
    if ('value' in answer) return answer.value;
    throw 'error' in answer ? asThrown(answer.error) : ownerGone(directory);
  }

  async function next(): Promise<Answer> {
    for (;;) {
      const line = await withinPatience(answers.next().catch(() => ({ done: true }) as const));
      if (line === 'silent') {
        socket?.destroy();
        throw ownerSilent(directory);
      }
      if (line.done === true) throw ownerGone(directory);
      const answer = JSON.parse(line.value) as Answer;
      if (!('busy' in answer)) return answer;
    }
  }

  /** One call after the other: answers carry no id. */
  function call<T>(method: Ask['method'], ...args: readonly unknown[]): Promise<T> {
    const answered = busy.then(async () => (await called({ method, args }).next()).value as T);
    busy = answered.catch(() => undefined);
    return answered;
  }

  let status = await call<QueueStatus>('status', Date.now());
  const look = async (): Promise<void> => {
    status = await call<QueueStatus>('status', Date.now());
  };
  const changing = async <T>(method: Ask['method'], ...args: readonly unknown[]): Promise<T> => {
    const value = await call<T>(method, ...args);
    await look();
    return value;
  };
  return {
    async put(connection, events) {
      try {
        return await call('put', connection, events);
      } catch (error) {
        // The caller reports what fills the queue, so it needs the current status.
        if (error instanceof QueueFull) await look();
        throw error;
      }
    },
    async *dead(connection: string, filter?: DeadFilter) {
      await busy;
      yield* called({ method: 'dead', args: [connection, filter ?? {}] }) as AsyncGenerator<DeadLetter>;
    },
    requeue: (connection, filter) => changing('requeue', connection, filter ?? {}),
    drop: (connection, filter) => changing('drop', connection, filter ?? {}),
    purge: (connection) => changing('purge', connection),
    replay: (connection, from, to) => changing('replay', connection, from, to),
    attended: () => call('attended'),
    reasons: (connection) => call('reasons', connection),
    knows: (connection) => call('knows', connection),
    destinationOf: (connection) => call('destinationOf', connection),
    look,
    status: (_, connection) =>
      connection === undefined
        ? status
        : { ...status, connections: status.connections.filter((one) => one.connection === connection) },
    async close() {
      if (socket.closed) return;
      const closed = once(socket, 'close');
      socket.destroySoon();
      await closed;
    },
  };
}

/** A live owner sends a sign of life every second. */
const patienceMs = 8_000;

async function withinPatience<T>(answer: Promise<T>): Promise<T | 'silent'> {
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<'silent'>((resolve) => (timer = setTimeout(() => resolve('silent'), patienceMs)));
  try {
    return await Promise.race([answer, silent]);
  } finally {
    clearTimeout(timer);
  }
}

/** Most likely stopped (SIGSTOP, Ctrl-Z): the kernel still accepts what is sent to it. */
const ownerSilent = (directory: string): CliError =>
  new CliError(
    exitCode.later,
    `${directory}: ${ownerNamed(directory)} has the store and has not answered for ${patienceMs / 1000} s`,
    ['it may be stopped: continue it (kill -CONT) or end it, then run this command again; duplicates are ignored'],
  );

function ownerNamed(directory: string): string {
  try {
    const { pid } = JSON.parse(readFileSync(path.join(directory, 'owner.json'), 'utf8')) as { readonly pid: number };
    return `process ${Number(pid)}`;
  } catch {
    return 'another process';
  }
}

const ownerGone = (directory: string): CliError =>
  new CliError(exitCode.later, `${directory}: the process that owns the store ended before it answered`, [
    'run this command again; duplicates are ignored',
  ]);

const connected = (at: string): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = connect(at);
    const gone = (): void => {
      socket.destroy();
      resolve(undefined);
    };
    socket.once('error', gone);
    socket.once('connect', () => {
      socket.off('error', gone);
      // next() notices the end of the socket.
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });

function asThrown({ name, message, code }: Extract<Answer, { error: unknown }>['error']): Error {
  const error = name === 'QueueFull' ? new QueueFull(message) : Object.assign(new Error(message), { name });
  return code === undefined ? error : Object.assign(error, { code });
}
