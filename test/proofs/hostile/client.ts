import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostileRequest } from './requests.ts';

export interface HostileAnswer {
  /** 0: closed without an answer; -1: nothing came in time. */
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

const patienceMs = 60_000;

/**
 * Sends a request byte for byte, and reads what comes until the other side closes. Ends its own side never: Node takes a
 * client that does for one that has gone. Never rejects.
 */
export async function send(port: number, { bytes, pauseMs }: HostileRequest): Promise<HostileAnswer> {
  const startedAt = performance.now();
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', resolve);
    socket.once('close', resolve);
    // A server that has answered may reset a client that still sends.
    socket.once('error', () => resolve());
  }).then(() => {
    isClosed = true;
  });
  for (const piece of bytes) {
    if (isClosed || socket.destroyed) break;
    socket.write(piece);
    if (pauseMs > 0) await Promise.race([sleep(pauseMs), closed]);
  }
  const late = new AbortController();
  await Promise.race([closed, sleep(patienceMs, undefined, { signal: late.signal }).catch(() => undefined)]);
  late.abort();
  const text = Buffer.concat(chunks).toString('latin1');
  socket.destroy();
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  return {
    status: status === undefined ? (isClosed ? 0 : -1) : Number(status),
    body: text.slice(text.indexOf('\r\n\r\n') + 4),
    ms: performance.now() - startedAt,
  };
}

/** Opens connections that say nothing, and returns what closes them. */
export async function idleConnections(port: number, count: number): Promise<{ opened: number; close: () => void }> {
  const sockets = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof connect> | undefined>((resolve) => {
          const socket = connect({ port, host: '127.0.0.1' });
          socket.once('connect', () => resolve(socket));
          socket.on('error', () => resolve(undefined));
        }),
    ),
  );
  return {
    opened: sockets.filter((socket) => socket?.destroyed === false).length,
    close: () => {
      for (const socket of sockets) socket?.destroy();
    },
  };
}
