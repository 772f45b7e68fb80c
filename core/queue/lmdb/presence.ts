import { closeSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/*
 * How a process shows that it lives to those that cannot see its number, because they run in another container: it
 * listens on a socket in the folder they share. The kernel closes that with the process, however it ends, and answers
 * for it while the process is busy or stopped. Nothing is ever said on it.
 */

/** A socket of this process. */
export interface Presence {
  /** Its name in the folder. */
  readonly name: string;
  close(): void;
}

/**
 * `undefined` where the system has no such thing: only Linux has containers that see each other's folders and not their
 * processes.
 */
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
    // Removes it from the folder, too.
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

/** Whether the process lives that listens, or has listened, under that name; `absent` where nothing has that name. */
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

/** EAGAIN: so many ask that the queue for it is full. */
const answers: Readonly<Record<string, 'alive' | 'dead' | 'absent'>> = {
  ECONNREFUSED: 'dead',
  ENOENT: 'absent',
  EAGAIN: 'alive',
};

/** The path of a socket may have 107 bytes: the folder is named by its descriptor. */
function nearby(folder: string, name: string): { readonly path: string; done(): void } {
  const handle = openSync(folder, 'r');
  return { path: `/proc/self/fd/${handle}/${name}`, done: () => closeSync(handle) };
}
