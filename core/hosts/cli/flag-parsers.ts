import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import { usage } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

type Env = Terminal['env'];

/** An empty variable counts as unset. */
const variable = (env: Env, name: string): string | undefined => (env[name] === '' ? undefined : env[name]);

/** A whole number of milliseconds. */
export function milliseconds(text: string): number {
  const amount = Number(text);
  if (!/^\d{1,9}$/.test(text) || amount < 1) throw new InvalidArgumentError('Expected a whole number of milliseconds.');
  return amount;
}

/** A number of events, 0 included. */
export function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of events.');
  return Number(text);
}

/** A TCP port; 0 stands for a free one. */
export function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('Expected a port: a whole number up to 65535.');
  return Number(text);
}

/** Seconds, fractions and 0 included, as milliseconds. */
export function seconds(text: string): number {
  if (!/^\d{1,6}(?:\.\d{1,3})?$/.test(text))
    throw new InvalidArgumentError('Expected a number of seconds, such as 30 or 0.5.');
  return Number(text) * 1_000;
}

/** A whole number from 1 to `most`. */
export const upTo =
  (most: number) =>
  (text: string): number => {
    const amount = Number(text);
    if (!/^\d{1,9}$/.test(text) || amount < 1 || amount > most)
      throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
    return amount;
  };

/** Hours, fractions included, as milliseconds. */
export function hours(text: string): number {
  if (!/^\d{1,6}(?:\.\d{1,6})?$/.test(text))
    throw new InvalidArgumentError('Expected a number of hours, such as 24 or 0.5.');
  return Number(text) * 3_600_000;
}

const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/** Bytes, with or without a unit: 500000, 500kB, 2GB. */
export function bytes(text: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,12})(?:\s*([kmgt])?b)?$/i.exec(text) ?? [];
  const size = Number(amount) * 1000 ** (powers[unit.toLowerCase()] ?? 0);
  if (amount === '' || size < 1)
    throw new InvalidArgumentError('Expected a number of bytes, such as 500000, 500MB or 2GB.');
  return size;
}

/** Of a repeatable flag. */
export const collect = (one: string, others: readonly string[] = []): readonly string[] => [...others, one];

/** `--origin`, else SPILLWAY_ORIGIN. */
export const originOf = (flag: string | undefined, env: Env): string | undefined =>
  flag ?? variable(env, 'SPILLWAY_ORIGIN');

/** `--allow-origin`, else SPILLWAY_ALLOW_ORIGIN, separated by spaces. */
export const allowedOriginsOf = (flag: readonly string[] | undefined, env: Env): readonly string[] =>
  flag ?? (variable(env, 'SPILLWAY_ALLOW_ORIGIN') ?? '').split(/\s+/).filter((origin) => origin !== '');

/** `--within`, else SPILLWAY_WITHIN: the time one event may take, in milliseconds. */
export function withinOf(flag: number | undefined, env: Env): number | undefined {
  const text = variable(env, 'SPILLWAY_WITHIN');
  if (flag !== undefined || text === undefined) return flag;
  try {
    return milliseconds(text);
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
  'the settings: {"config": {...}, "options": {...}}, or a work file, with the id of a connection as the slug; ${NAME} or ${NAME:-default} in a string is replaced by that environment variable, ${file:/path} by the text of that file',
] as const;
export const proxy = [
  '--proxy',
  'sends through the proxy of HTTPS_PROXY (or HTTP_PROXY), except for the hosts in NO_PROXY',
] as const;
export const wait = [
  '--wait <seconds>',
  'how long to wait for a store that another process opens, closes, or has, or a broker (default: 20)',
  seconds,
] as const;
export const input = ['--input <file>', 'the events as NDJSON; - is standard input', '-'] as const;
export const allowOrigin = [
  '--allow-origin <url>',
  'an origin that settings may name, for a webhook; repeatable (env: SPILLWAY_ALLOW_ORIGIN)',
  collect,
] as const;
export const destinations = [
  '--destinations <dir>',
  'a directory with destinations of your own; repeatable (env: SPILLWAY_DESTINATIONS)',
  collect,
] as const;
