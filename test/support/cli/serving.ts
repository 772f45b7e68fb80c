import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { StopSignal } from '../../../core/hosts/cli/terminal.ts';
import { fakeTerminal, type Ran } from './fake-terminal.ts';
import { testDestinations } from './workspace.ts';

export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly message: string };

export interface Serving {
  readonly origin: string;
  /** Of the process that serves. */
  readonly pid: number;
  /** The codes with which it ended its process, where it is in this one. */
  readonly exits: readonly number[];
  /** Its log so far. */
  readonly log: () => readonly LogLine[];
  /** Resolves to the first line that begins so, after the first `from` lines. */
  readonly logged: (message: string, from?: number) => Promise<LogLine>;
  /** A body that is no text is sent as JSON. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>;
  readonly send: (signal: StopSignal) => void;
  /** What it said on standard error so far. */
  readonly said: () => string;
  /** Resolves once it has ended. */
  readonly ended: Promise<Ran>;
}

type Env = Readonly<Record<string, string>>;

/** `spillway serve` in this process, on a free port, once it serves. Throws what it said where it ends before. */
export async function startServing(args: readonly string[], env: Env = {}): Promise<Serving> {
  const terminal = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations, ...env });
  return servingOf({
    ended: terminal.run('serve', '--port', '0', ...args),
    said: () => terminal.told().stderr,
    exits: terminal.exits,
    pid: process.pid,
    send: (signal) => terminal.send(signal),
  });
}

/** The same as a process of its own. */
export async function startServingProcess(args: readonly string[], env: Env = {}): Promise<Serving> {
  const main = ['--import', 'tsx', path.join('core', 'hosts', 'cli', 'main.ts')];
  const child = spawn(process.execPath, [...main, 'serve', '--port', '0', ...args], {
    cwd: path.join(import.meta.dirname, '../../..'),
    env: { ...process.env, NODE_OPTIONS: '', SPILLWAY_DESTINATIONS: testDestinations, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  return servingOf({
    ended: ended.then(([code]) => ({ code: code ?? -1, stdout, stderr })),
    said: () => stderr,
    exits: [],
    pid: child.pid ?? 0,
    send: (signal) => void child.kill(signal),
  });
}

type Started = Pick<Serving, 'ended' | 'exits' | 'pid' | 'said' | 'send'>;

async function servingOf({ ended, said, exits, pid, send }: Started): Promise<Serving> {
  let ran: Ran | undefined;
  void ended.then((end) => {
    ran = end;
  });
  const log = (): readonly LogLine[] => logLines(said());
  async function logged(message: string, from = 0): Promise<LogLine> {
    while (true) {
      const line = log()
        .slice(from)
        .find((one) => one.message.startsWith(message));
      if (line !== undefined) return line;
      if (ran !== undefined) throw new Error(`it ended with ${ran.code}: ${ran.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  const { address } = await logged('serving');
  const origin = String(address).replace('//0.0.0.0', '//127.0.0.1');
  return {
    origin,
    exits,
    pid,
    said,
    log,
    logged,
    ask: (method, pathname, body, headers = {}) =>
      fetch(`${origin}${pathname}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    send,
    ended,
  };
}

/** The lines of a log that are JSON, and whole; the others are for people. */
const logLines = (text: string): readonly LogLine[] =>
  text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
