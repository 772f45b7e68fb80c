import { existsSync } from 'node:fs';
import path from 'node:path';
import { lineOf } from '../../../core/queue/lmdb/keys.ts';
import { openTables } from '../../../core/queue/lmdb/tables.ts';

/** The lines whose outcomes a store has on disk, also while another process writes to it. */
export async function linesOnDisk(store: string): Promise<Set<number>> {
  const data = path.join(store, 'events.mdb');
  if (!existsSync(path.join(store, 'spillway-queue.json')) || !existsSync(data)) return new Set();
  const tables = openTables(data, { readOnly: true, bytes: 0 });
  const lines = new Set(Array.from(tables.deliveries.getKeys(), lineOf).filter((line) => line > 0));
  await tables.root.close();
  return lines;
}
