import { PassThrough, Readable } from 'node:stream';
import { run } from '../../../core/hosts/cli/program.ts';
import type { StopSignal, Terminal } from '../../../core/hosts/cli/terminal.ts';
import { testDestinations } from './workspace.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process in a box: what it is given, and what it wrote. */
export function fakeTerminal(stdin: string | Buffer | Readable = '', env: Terminal['env'] = {}) {
  const [stdout, stderr] = [collector(), collector()];
  const listeners = new Set<(signal: StopSignal) => void>();
  const exits: number[] = [];
  const terminal: Terminal = {
    env,
    stdin: stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)], { objectMode: false }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    onSignal(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    exit: (code) => void exits.push(code),
  };
  return {
    terminal,
    exits,
    /** What was written so far. */
    told: () => ({ stdout: stdout.text(), stderr: stderr.text() }),
    /** How many listen for a signal. */
    get listening() {
      return listeners.size;
    },
    send: (signal: StopSignal) => listeners.forEach((listener) => listener(signal)),
    run: async (...args: string[]): Promise<Ran> => {
      const code = await run(args, terminal);
      return { code, stdout: stdout.text(), stderr: stderr.text() };
    },
  };
}

/** One command line with the mailbox among its destinations. */
export const spillway = (
  args: readonly string[],
  stdin: string | Buffer = '',
  env: Terminal['env'] = {},
): Promise<Ran> => fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations, ...env }).run(...args);

function collector() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}
