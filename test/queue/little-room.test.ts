// Tests core/queue/lmdb/store-directory.ts and core/queue/lmdb/open-queue.ts, where the disk has little room.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { prlimit } from '../support/machine.ts';

const program = path.join(import.meta.dirname, '../support/queue/work-in-little-room.ts');
const unable = prlimit.met ? '' : ` (skipped: ${prlimit.otherwise})`;
const mebibyte = 2 ** 20;

/** No file of the process may be larger. */
function run(bytes: number, ...args: readonly string[]): void {
  const all = [`--fsize=${bytes}`, process.execPath, '--import', 'tsx', program, ...args];
  const { status, stderr } = spawnSync('prlimit', all, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`${args[0] ?? ''}: ${status ?? 'killed'}: ${stderr.slice(-500)}`);
}

(prlimit.met ? it : it.skip).each([
  [4, 'taken'],
  [4.5, 'taken'],
  [5, 'taken'],
  [5, 'refused'],
] as const)(
  `F-91 beside a disk that is full at %d MiB, five restarts send no event more than twice (%s), and all of it leaves once there is room${unable}`,
  async (full, kind) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'queue-room-'));
    const store = path.join(folder, 'store');
    const log = path.join(folder, 'sent');
    try {
      run(4 * mebibyte, 'fill', store, log, kind);
      for (let restart = 0; restart < 5; restart += 1) run(full * mebibyte, 'work', store, log, kind);
      const times = new Map<string, number>();
      const count = (): void => {
        times.clear();
        const sent = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
        for (const id of sent) times.set(id, (times.get(id) ?? 0) + 1);
      };
      count();
      expect(Math.max(0, ...times.values())).toBeLessThanOrEqual(2);
      if (full === 4) expect(times.size).toBe(0);
      run(64 * mebibyte, 'work', store, log, kind);
      count();
      expect(times.size).toBeGreaterThan(400);
      expect(Math.max(...times.values())).toBeLessThanOrEqual(2);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  120_000,
);

(prlimit.met ? it : it.skip).each([
  [6, 'no room'],
  [16, 'kept'],
] as const)(
  `F-91 a store that says it has room for what becomes of 2,000 events takes as many long refusals (a disk full at %d MiB: %s)${unable}`,
  async (full, expected) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'queue-room-'));
    const store = path.join(folder, 'store');
    const log = path.join(folder, 'said');
    try {
      run(4 * mebibyte, 'fill', store, log, 'refused');
      run(full * mebibyte, 'prove', store, log, 'refused');
      expect(readFileSync(log, 'utf8')).toBe(`${expected}\n`);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  60_000,
);
