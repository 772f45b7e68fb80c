/** Not in the package's types. */
interface Environment {
  startWriting(address: number, told: (status: number) => unknown): void;
}

/** It began, it is on its way, it is on disk. */
const goodStatuses: ReadonlySet<number> = new Set([0, 1, 2]);

/**
 * When a transaction fails, the package writes the error with its stack to console.error, and then rejects with it. Whoever wrote hears of it;
 * what the process says on stderr is its own affair.
 */
export function muteStackTraces(root: object): void {
  const { env } = root as { readonly env: Environment };
  const startWriting = env.startWriting.bind(env);
  Object.defineProperty(env, 'startWriting', {
    value: (address: number, told: (status: number) => unknown): void =>
      startWriting(address, (status) =>
        goodStatuses.has(status) ? told(status) : withConsoleErrorMuted(() => told(status)),
      ),
  });
}

/** Synchronous: nobody else writes meanwhile. */
function withConsoleErrorMuted<T>(act: () => T): T {
  const { error } = console;
  console.error = () => undefined;
  try {
    return act();
  } finally {
    console.error = error;
  }
}
