import type { StopSignal } from '../../../core/hosts/cli/terminal.ts';
import { fakeTerminal, type Ran } from './fake-terminal.ts';
import { testDestinations } from './workspace.ts';

export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly message: string };

export interface Serving {
  readonly origin: string;
  readonly exits: readonly number[];
  /** Its log so far. */
  log(): readonly LogLine[];
  /** Resolves to the first line with this message after the first `from` lines. */
  logged(message: string, from?: number): Promise<LogLine>;
  /** A body that is no text is sent as JSON. */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  send(signal: StopSignal): void;
  /** Resolves once it has ended. */
  readonly ended: Promise<Ran>;
}

/** `spillway serve` in this process, on a free port, once it serves. Throws what it said where it ends before. */
export async function startServing(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Serving> {
  const terminal = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations, ...env });
  let ran: Ran | undefined;
  const ended = terminal.run('serve', '--port', '0', ...args);
  void ended.then((end) => {
    ran = end;
  });
  const log = (): readonly LogLine[] => logLines(terminal.told().stderr);
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
  const origin = String((await logged('serving'))['address']).replace('//0.0.0.0', '//127.0.0.1');
  return {
    origin,
    exits: terminal.exits,
    log,
    logged,
    ask: (method, path, body, headers = {}) =>
      fetch(`${origin}${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    send: (signal) => terminal.send(signal),
    ended,
  };
}

/** The lines of a log that are JSON; the others are for people. */
export const logLines = (text: string): readonly LogLine[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
