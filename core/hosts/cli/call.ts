import { createColors } from 'picocolors';
import {
  catalogueEntry,
  type AnyDestination,
  type AnyOperation,
  type CallResult,
  type OperationEntry,
  type OperationList,
} from '../../index.ts';
import { callInput } from './call-input.ts';
import { findDestination } from './destinations.ts';
import { afterSignal, exitCode, CliError, usage } from './exit-codes.ts';
import { originOf, withinOf } from './flag-parsers.ts';
import { openConnection, type ConnectionFlags } from './open-connection.ts';
import { firstLine, jsonText, printable } from './printable.ts';
import { proxyChoice } from './proxy-choice.ts';
import { listenForStop } from './stop.ts';
import { colourful, print, printResult, type Terminal } from './terminal.ts';

export interface CallFlags extends Partial<ConnectionFlags> {
  readonly list?: boolean;
  readonly json?: boolean;
  readonly set?: readonly string[];
  readonly since?: string;
  readonly body?: string;
  readonly yes?: boolean;
  readonly asEvents?: boolean;
  readonly origin?: string;
  readonly within?: number;
  readonly proxy?: boolean;
}

/** `spillway call`: one operation that a vendor offers beside events; its reply goes to standard output as JSON. */
export async function call(
  slug: string,
  operation: string | undefined,
  flags: CallFlags,
  terminal: Terminal,
): Promise<number> {
  const destination = await findDestination(slug, flags, terminal.env);
  if (flags.list === true) return list(destination, flags, terminal);
  const { operations } = catalogueEntry(destination);
  const names = operations.map(({ name }) => name).join(', ');
  const there = names === '' ? 'it has none' : `expected one of: ${names}`;
  if (operation === undefined) throw usage(`no operation of ${slug} was named; ${there} (see --list)`);
  const entry = operations.find(({ name }) => name === operation);
  if (entry === undefined) throw usage(`${slug} has no operation ${JSON.stringify(operation)}; ${there}`);
  if (flags.config === undefined) throw usage('--config is missing: a call needs the settings of a connection');
  const events = eventsOf(destination, entry);
  if (flags.asEvents === true && events === undefined)
    throw usage(`--as-events: the reply of ${operation} holds no events`);
  const result = await run(slug, entry, flags, { ...flags, config: flags.config }, terminal);
  if (typeof result === 'number') return result;
  if (result.kind !== 'done') {
    const code = await explained(result, entry, terminal);
    await printSetAside(result, 'left out of the call', terminal);
    return code;
  }
  if (flags.asEvents === true && events !== undefined) {
    for (const event of events(result.reply)) {
      if (!(await printResult(terminal.stdout, jsonText(event)))) return exitCode.undelivered;
    }
  } else if (result.reply !== undefined) await printResult(terminal.stdout, jsonText(result.reply, 2));
  return (await printSetAside(result, 'left out, the rest was done', terminal)) ? exitCode.undelivered : exitCode.ok;
}

/** Names what the call left out of its input; false where that is nothing. */
async function printSetAside(result: CallResult<unknown>, heading: string, { stderr }: Terminal): Promise<boolean> {
  const setAside = 'setAside' in result ? (result.setAside ?? []) : [];
  if (setAside.length === 0) return false;
  const lines = setAside.map(({ path, message }) => printable(`  ${path}: ${message}\n`));
  await print(stderr, `spillway: ${heading}:\n${lines.join('')}`);
  return true;
}

/** The result; or the exit code, after a signal. */
async function run(
  slug: string,
  { name, inputSchema }: OperationEntry,
  flags: CallFlags,
  opening: ConnectionFlags,
  terminal: Terminal,
): Promise<CallResult<unknown> | number> {
  const withinMs = withinOf(flags.within, terminal.env);
  const input = await callInput(inputSchema, flags, terminal);
  const { connection, runtime } = await openConnection(slug, opening, terminal.env, {
    origin: originOf(flags.origin, terminal.env),
    ...(await proxyChoice(flags.proxy, terminal)),
  });
  const stop = listenForStop(terminal);
  try {
    const result = await connection.call(name, input, {
      signal: stop.signal,
      confirmed: flags.yes === true,
      ...(withinMs === undefined ? {} : { withinMs }),
    });
    if (stop.by === undefined || result.kind === 'done') return result;
    await explained(result, undefined, terminal);
    return afterSignal(stop.by);
  } finally {
    stop.release();
    await runtime.close();
  }
}

function eventsOf({ operations }: AnyDestination, { name }: OperationEntry): AnyOperation['events'] {
  return ((operations?.list ?? {}) as OperationList)[name]?.events;
}

async function explained(
  result: Exclude<CallResult<unknown>, { kind: 'done' }>,
  entry: OperationEntry | undefined,
  { stderr }: Terminal,
): Promise<number> {
  if (result.kind === 'invalid') {
    throw new CliError(
      exitCode.unreadable,
      'nothing was sent: the input does not fit the operation:',
      result.issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)),
    );
  }
  if (result.kind === 'unconfirmed') throw usage(`nothing was sent. ${result.question} Confirm with --yes`);
  const { code, message, detail } = result.reason;
  const said = detail === undefined ? '' : `; the vendor said: ${detail}`;
  const later = result.kind === 'deferred' && result.retryAt !== undefined ? `; not before ${result.retryAt}` : '';
  const line = `${entry?.name ?? 'the call'} ${result.kind}: ${message} (${code})${later}${said}`;
  await print(stderr, `spillway: ${printable(firstLine(line))}\n`);
  return result.kind === 'refused' ? exitCode.unauthorized : exitCode.undelivered;
}

async function list(destination: AnyDestination, { json }: CallFlags, { stdout, env }: Terminal): Promise<number> {
  const { operations } = catalogueEntry(destination);
  if (json === true) {
    await print(stdout, jsonText(operations, 2));
    return exitCode.ok;
  }
  const { bold } = createColors(colourful(stdout, env));
  const shown = operations.map(({ name, summary, method, path, inputSchema, confirm, errors }) => {
    const inputs = Object.keys((inputSchema['properties'] ?? {}) as object);
    const required = (inputSchema['required'] ?? []) as readonly string[];
    const takes = inputs.map((input) => (required.includes(input) ? input : `[${input}]`)).join(' ');
    const lines = [
      bold(name),
      `  ${summary}`,
      `  ${method} ${path}`,
      ...(takes === '' ? [] : [`  takes ${takes}`]),
      ...(confirm === undefined ? [] : ['  needs --yes']),
      ...errors.map(({ status, message = "see the destination's README" }) => `  ${status.join(', ')}: ${message}`),
    ];
    return `${lines.join('\n')}\n`;
  });
  const none = `${destination.manifest.displayName} has no operations beside events\n`;
  await print(stdout, shown.length === 0 ? none : shown.join('\n'));
  return exitCode.ok;
}
