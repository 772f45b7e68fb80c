import { closeSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/*
 * Shows that a process is alive to processes in other containers, which cannot see its number: it listens on a socket
 * in the shared directory. The kernel closes the socket with the process, however it ends, and accepts for it while it
 * is busy or stopped. Nothing is ever sent.
 */

/** A socket of this process. */
export interface Presence {
  /** Its name in the folder. */
  readonly name: string;
  close(): void;
}

/** `undefined` outside Linux: only there do containers share a directory and not see each other's processes. */
export async function present(folder: string, name: string): Promise<Presence | undefined> {
  if (process.platform !== 'linux') return undefined;
  const near = nearby(folder, name);
  const server = createServer((socket) => socket.destroy());
  const shown = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    // Exclusive: a worker of node:cluster would have its primary process listen.
    server.listen({ path: near.path, exclusive: true }, () => resolve(true));
  });
  const close = (): void => {
    // close() also unlinks the socket.
    server.close();
    near.done();
  };
  if (!shown) {
    close();
    return undefined;
  }
  server.unref();
  return { name, close };
}

/** Whether the process that listened under that name is alive; `absent` when nothing has that name. */
export async function presenceOf(folder: string, name: string): Promise<'alive' | 'dead' | 'absent' | 'unseen'> {
  const near = nearby(folder, name);
  try {
    return await new Promise((resolve) => {
      const socket = connect({ path: near.path });
      socket.once('connect', () => {
        socket.destroy();
        resolve('alive');
      });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        resolve(answers[error.code ?? ''] ?? 'unseen');
      });
    });
  } finally {
    near.done();
  }
}

/** EAGAIN: the backlog of the socket is full. */
const answers: Readonly<Record<string, 'alive' | 'dead' | 'absent'>> = {
  ECONNREFUSED: 'dead',
  ENOENT: 'absent',
  EAGAIN: 'alive',
};

/** A socket's path has at most 107 bytes, so the folder goes by its descriptor. */
function nearby(folder: string, name: string): { readonly path: string; done(): void } {
  const handle = openSync(folder, 'r');
  return { path: `/proc/self/fd/${handle}/${name}`, done: () => closeSync(handle) };
}
