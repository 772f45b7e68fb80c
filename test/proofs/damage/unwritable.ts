import { chmodSync, chownSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { firstLine, dataOf } from './judge.ts';
import type { Programs } from './programs.ts';
import { copyStore } from '../../support/queue/copy-store.ts';

/** Whoever it is: not the owner of the store. */
const stranger = 65_534;

const cases: Readonly<Record<string, (store: string) => void>> = {
  'the store is another user’s': () => undefined,
  'the folder is read only': (store) => {
    for (const name of ['', ...readdirSync(store)]) chownSync(path.join(store, name), stranger, stranger);
    chmodSync(store, 0o555);
  },
  'the data file is read only': (store) => {
    for (const name of ['', ...readdirSync(store)]) chownSync(path.join(store, name), stranger, stranger);
    chmodSync(dataOf(store), 0o444);
  },
  'the data file may not be read': (store) => {
    for (const name of ['', ...readdirSync(store)]) chownSync(path.join(store, name), stranger, stranger);
    chmodSync(dataOf(store), 0o000);
  },
  'the folder may not be entered': (store) => chmodSync(store, 0o700),
};

export interface Denied {
  readonly name: string;
  readonly code: number | string;
  readonly message: string;
  readonly wrong: readonly string[];
}

/** What a user who may not write gets to hear; `undefined` where this process cannot be another user. */
export async function deny(
  programs: Programs,
  { sound, copy }: { readonly sound: string; readonly copy: string },
): Promise<readonly Denied[] | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const denied: Denied[] = [];
  for (const [name, prepare] of Object.entries(cases)) {
    copyStore(sound, copy);
    chmodSync(copy, 0o755);
    prepare(copy);
    const before = readFileSync(dataOf(copy));
    const status = await programs.run('main', ['queue', 'status', '--store', copy], { uid: stranger });
    const wrong = [
      ...(status.code === 74 ? [] : [`exit ${status.code}: ${status.stderr}`]),
      // Whoever is told that sets a sound store aside.
      ...(status.stderr.includes('is damaged') ? ['is called damaged'] : []),
      ...(readFileSync(dataOf(copy)).equals(before) ? [] : ['the data file was changed']),
    ];
    denied.push({ name, code: status.code, message: firstLine(status, copy), wrong });
    rmSync(copy, { recursive: true });
  }
  return denied;
}
