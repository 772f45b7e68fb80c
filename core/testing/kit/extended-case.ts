import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isObject } from '../../api/index.ts';
import { changeAt } from './case-events.ts';

/**
 * Reads a JSON file of a folder's contract. One with `extends` is the case of that name with changes: its own members
 * are merged into the other's, member by member, where a list or a text replaces the other's; then `with` sets and
 * `without` removes single paths. Its title and its `base` are its own. Throws an error that names the file, and the
 * path or the name that is wrong.
 */
export function readCase(directory: string, file: string): unknown {
  return extended(directory, file, []);
}

function extended(directory: string, file: string, seen: readonly string[]): unknown {
  const json = parsed(directory, file);
  if (!isObject(json) || !Object.hasOwn(json, 'extends')) return json;
  const { extends: name, with: changes, without, ...own } = json;
  const chain = [...seen, path.basename(file, '.json')];
  if (typeof name !== 'string') throw new Error(`${file}: extends: must be the name of a case`);
  if (chain.includes(name)) throw new Error(`${file}: extends: a circle: ${[...chain, name].join(' -> ')}`);
  const base = path.join(path.dirname(file), `${name}.json`);
  if (!existsSync(path.join(directory, base))) throw new Error(`${file}: extends: there is no ${base}`);
  const { title: _, base: __, ...inherited } = extended(directory, base, chain) as Plain;
  if (Object.hasOwn(inherited, 'todo')) throw new Error(`${file}: extends: ${base} is still to be written`);
  const whole = merged(inherited, own);
  try {
    changeAt(whole, (changes ?? {}) as Plain, (without ?? []) as readonly string[], `the extended case ${name}`);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return whole;
}

type Plain = Readonly<Record<string, unknown>>;

function merged(base: unknown, own: unknown): unknown {
  if (!isObject(base) || !isObject(own)) return own;
  const members = new Map<string, unknown>(Object.entries(base));
  for (const [name, value] of Object.entries(own))
    members.set(name, members.has(name) ? merged(members.get(name), value) : value);
  return Object.fromEntries(members);
}

function parsed(directory: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(path.join(directory, file), 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
