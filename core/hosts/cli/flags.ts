import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import { usage } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

type Env = Terminal['env'];

/** An empty variable is none, as shells have it. */
const variable = (env: Env, name: string): string | undefined => (env[name] === '' ? undefined : env[name]);

/** Milliseconds as a person writes them. */
export function milliseconds(written: string): number {
  const amount = Number(written);
  if (!/^\d{1,9}$/.test(written) || amount < 1)
    throw new InvalidArgumentError('Expected a whole number of milliseconds.');
  return amount;
}

export const collect = (one: string, others: readonly string[] = []): readonly string[] => [...others, one];

/** `--origin`, else SPILLWAY_ORIGIN. */
export const originOf = (flag: string | undefined, env: Env): string | undefined =>
  flag ?? variable(env, 'SPILLWAY_ORIGIN');

/** `--within`, else SPILLWAY_WITHIN: the time one event may take, in milliseconds. */
export function withinOf(flag: number | undefined, env: Env): number | undefined {
  const written = variable(env, 'SPILLWAY_WITHIN');
  if (flag !== undefined || written === undefined) return flag;
  try {
    return milliseconds(written);
  } catch {
    throw usage('SPILLWAY_WITHIN must be a whole number of milliseconds');
  }
}

/** `--destinations`, else SPILLWAY_DESTINATIONS, separated as PATH is. */
export const directoriesOf = (flag: readonly string[] | undefined, env: Env): readonly string[] =>
  flag ?? (variable(env, 'SPILLWAY_DESTINATIONS') ?? '').split(path.delimiter).filter((directory) => directory !== '');

// Options that several commands have, as commander takes them.
export const config = [
  '--config <file>',
  'the settings: {"config": {...}, "options": {...}}; ${NAME} in a string is replaced by that environment variable',
] as const;
export const proxy = [
  '--proxy',
  'sends through the proxy of HTTPS_PROXY (or HTTP_PROXY), except for the hosts in NO_PROXY',
] as const;
export const input = ['--input <file>', 'the events as NDJSON; - is standard input', '-'] as const;
export const destinations = [
  '--destinations <dir>',
  'a directory with destinations of your own; repeatable (env: SPILLWAY_DESTINATIONS)',
  collect,
] as const;
