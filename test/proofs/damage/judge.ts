import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Damaged } from './kinds.ts';
import { connection, isAsPut } from './fill.ts';
import type { Ended, Programs } from './programs.ts';
import { nameOf, newest, scan, type Kind } from './scan.ts';
import type { TakenOut } from './take-out.ts';
import { copyStore } from '../../support/queue/copy-store.ts';

/** What the product made of one damaged store. */
export interface DamageResult {
  /** Of `spillway queue status`: 0 where the damage does no harm to what is in use, else 74. */
  readonly code: number | string;
  readonly message: string;
  /** Events that came out of an accepted store with other bytes than were put. */
  readonly wrongBytes: number;
  /** Events of an accepted store that neither came out nor went to quarantine. */
  readonly lost: number;
  readonly quarantined: number;
  /** Records that the scan found intact, and those of them that salvage did not. */
  readonly intact: number;
  readonly missed: number;
  /** What should not be, in words. */
  readonly wrong: readonly string[];
}

const dataName = 'events.mdb';
export const dataOf = (store: string): string => path.join(store, dataName);

/** The first line a command wrote, with the name of the store taken out of it. */
export const firstLine = ({ stderr }: Ended, store: string): string =>
  (stderr.split('\n')[0] ?? '').replaceAll(store, 'STORE');

/** Damages a copy of a store with so many events, and asks of it what a user would. */
export async function judge(
  programs: Programs,
  { sound, copy, events }: { readonly sound: string; readonly copy: string; readonly events: number },
  { bytes }: Damaged,
): Promise<DamageResult> {
  copyStore(sound, copy);
  writeFileSync(dataOf(copy), bytes);
  const wrong: string[] = [];
  const { intact, missed } = await salvageAll(programs, copy, bytes);
  if (missed.length > 0) wrong.push(`salvage missed ${missed.slice(0, 3).join('; ')}`);
  const status = await programs.run('main', ['queue', 'status', '--store', copy]);
  let taken: TakenOut = { events: [], quarantined: 0 };
  if (status.code === 0) {
    const out = await programs.run('take-out', [copy, connection]);
    if (out.code === 0) taken = JSON.parse(out.stdout) as TakenOut;
    else wrong.push(`accepted, then the process that took everything out ended with ${out.code}: ${out.stderr}`);
  } else {
    if (status.code !== 74) wrong.push(`exit ${status.code}: ${status.stderr}`);
    if (!status.stderr.includes('spillway queue salvage')) wrong.push('does not say what to do');
    if (!readFileSync(dataOf(copy)).equals(bytes)) wrong.push('was refused, and changed');
  }
  const wrongBytes = taken.events.filter(([id, digest]) => !isAsPut(id, digest)).length;
  const out = new Set(taken.events.map(([id]) => id)).size;
  const lost = status.code === 0 ? events - out - taken.quarantined : 0;
  if (wrongBytes > 0) wrong.push(`${wrongBytes} events with wrong bytes`);
  if (lost !== 0) wrong.push(`${lost} events of an accepted store are gone`);
  rmSync(copy, { recursive: true });
  return {
    code: status.code,
    message: firstLine(status, copy),
    wrongBytes,
    lost,
    quarantined: taken.quarantined,
    intact,
    missed: missed.length,
    wrong,
  };
}

/** Lays what `spillway queue salvage` finds beside what is there. */
async function salvageAll(
  programs: Programs,
  store: string,
  bytes: Buffer,
): Promise<{ readonly intact: number; readonly missed: readonly string[] }> {
  const there = newest(scan(bytes));
  const { code, stdout, stderr } = await programs.run('main', ['queue', 'salvage', '--store', store, '--out', '-']);
  if (code !== 0) return { intact: there.size, missed: [`everything: exit ${code}, ${stderr}`, ...there] };
  const found = new Set<string>();
  for (const line of stdout.split('\n'))
    if (line !== '') found.add(nameOf(JSON.parse(line) as { seq: number; kind: Kind; id: string }));
  return { intact: there.size, missed: [...there].filter((name) => !found.has(name)) };
}
