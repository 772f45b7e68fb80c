/** Part of the lmdb package: not in its types. */
interface Environment {
  startWriting(address: number, onStatus: (status: number) => unknown): void;
}

/** The write began, goes on, is on disk. */
const goodStatuses: ReadonlySet<number> = new Set([0, 1, 2]);

/**
 * When a transaction fails, the package prints the error and its stack with console.error, and then rejects with the
 * same error. The caller handles the rejection; what the process prints on stderr is for the host to decide.
 */
export function muteStackTraces(root: object): void {
  const { env } = root as { readonly env: Environment };
  const startWriting = env.startWriting.bind(env);
  Object.defineProperty(env, 'startWriting', {
    value: (address: number, onStatus: (status: number) => unknown): void =>
      startWriting(address, (status) =>
        goodStatuses.has(status) ? onStatus(status) : withConsoleErrorMuted(() => onStatus(status)),
      ),
  });
}

/** Synchronous: nobody else prints meanwhile. */
function withConsoleErrorMuted<T>(act: () => T): T {
  const { error } = console;
  console.error = () => undefined;
  try {
    return act();
  } finally {
    console.error = error;
  }
}
