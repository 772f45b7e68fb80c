import { fstatSync, type Stats } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof stopSignals)[number];

export const isStopSignal = (by: string | undefined): by is StopSignal => stopSignals.some((signal) => signal === by);

/** What the CLI uses of its process. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  /** What the shell has connected them to; `undefined` where that cannot be told. */
  readonly stdinStats?: Stats | undefined;
  readonly stdoutStats?: Stats | undefined;
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
    get stdinStats() {
      return statsOf(0);
    },
    get stdoutStats() {
      return statsOf(1);
    },
    onSignal(listener) {
      for (const signal of stopSignals) process.on(signal, listener);
      return () => {
        for (const signal of stopSignals) process.off(signal, listener);
      };
    },
    exit: (code) => process.exit(code),
  };
}

function statsOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}

/** By output, the first write that failed: its errno, and whether that is a failure of the command. */
const failures = new WeakMap<Output, { readonly errno: string; isFailure: boolean }>();

function write(output: Output, text: string, isResult: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    output.write(text, (error) => {
      if (error === null || error === undefined) return resolve(true);
      // Later writes fail as well, with an error that says nothing of the cause.
      const first = failures.get(output) ?? {
        errno: (error as NodeJS.ErrnoException).code ?? error.name,
        isFailure: false,
      };
      failures.set(output, first);
      // `head` goes once it has seen enough.
      first.isFailure ||= isResult || first.errno !== 'EPIPE';
      resolve(false);
    });
  });
}

/** Resolves once the text is written: to false when it cannot be, which runToExitCode() makes an exit code. */
export const print = (output: Output, text: string): Promise<boolean> => write(output, text, false);

/** The same for what a command did and would not do again: also a reader that went away has lost it. */
export const printResult = (output: Output, text: string): Promise<boolean> => write(output, text, true);

/** Why something could not be printed, as an errno. Waits for what is being written. */
export async function unwritten(output: Output): Promise<string | undefined> {
  await new Promise<void>((resolve) => void output.write('', () => resolve()));
  const failure = failures.get(output);
  return failure?.isFailure === true ? failure.errno : undefined;
}

/** Colours only on a terminal, unless NO_COLOR or TERM=dumb is set. */
export const colourful = (output: Output, env: Terminal['env']): boolean =>
  output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
