import type { Readable, Writable } from 'node:stream';

export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof stopSignals)[number];

export const isStopSignal = (by: string | undefined): by is StopSignal => stopSignals.some((signal) => signal === by);

/** What the CLI uses of its process. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Calls the listener for every SIGINT, SIGTERM and SIGHUP until the returned function is called. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Ends the process without finishing anything. */
  exit(code: number): void;
}

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Standard input is opened when it is first used, so that `list` never waits for a pipe. */
export function processTerminal(): Terminal {
  // The callback of write() reports a reader that went away (`| head`); an unhandled 'error' event would end the
  // process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    env: process.env,
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    onSignal(listener) {
      for (const signal of stopSignals) process.on(signal, listener);
      return () => {
        for (const signal of stopSignals) process.off(signal, listener);
      };
    },
    exit: (code) => process.exit(code),
  };
}

/** Resolves once the text is written: to false when the reader is gone. */
export const print = (output: Output, text: string): Promise<boolean> =>
  new Promise((resolve) => void output.write(text, (error) => resolve(error === null || error === undefined)));

/** Colours only on a terminal, unless NO_COLOR or TERM=dumb is set. */
export const colourful = (output: Output, env: Terminal['env']): boolean =>
  output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
