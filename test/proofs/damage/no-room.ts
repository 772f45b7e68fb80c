import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import type { Random } from '../../../core/testing/simulators/random.ts';
import type { Programs } from './programs.ts';
import type { TakenOut } from './take-out.ts';
import { copyStore } from '../../support/queue/copy-store.ts';

/** What became of a store that ran out of room. */
export interface Ran {
  readonly room: number;
  /** Events whose put was confirmed before it was full. */
  readonly confirmed: number;
  readonly lost: number;
  readonly wrong: readonly string[];
}

/** A way of having no room. */
export interface Shortage {
  readonly name: string;
  /** Whether this machine has it. */
  readonly isPossible: () => boolean;
  /** Runs a producer into it, in a folder that is not there yet, and says where its store is. */
  run(programs: Programs, folder: string, bytes: number): Promise<Produced>;
}
interface Produced {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const works = (file: string, ...args: string[]): boolean => spawnSync(file, args, { stdio: 'ignore' }).status === 0;

/** LMDB's map has no size that the store could be given: files and disks are what is small here. */
export const shortages: readonly Shortage[] = [
  {
    name: 'prlimit --fsize',
    isPossible: () => works('prlimit', '--version'),
    run: (programs, folder, bytes) =>
      programs.run('produce', [folder, 'full'], { before: ['prlimit', `--fsize=${bytes}`] }),
  },
  {
    name: 'a full tmpfs',
    isPossible: () => process.getuid?.() === 0 && works('mount', '--version'),
    async run(programs, folder, bytes) {
      const disk = `${folder}-disk`;
      mkdirSync(disk);
      if (!works('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', disk))
        return { code: 'not mounted', stdout: '', stderr: 'this process may not mount a tmpfs' };
      try {
        const produced = await programs.run('produce', [`${disk}/store`, 'full']);
        // Taking it out needs room.
        copyStore(`${disk}/store`, folder);
        return produced;
      } finally {
        spawnSync('umount', [disk]);
        rmSync(disk, { recursive: true });
      }
    },
  },
];

/** Puts and settles until there is no room, and looks for everything that was confirmed. */
export async function runOut(programs: Programs, shortage: Shortage, folder: string, random: Random): Promise<Ran> {
  const room = 4096 * (200 + random.below(600));
  const { code, stdout, stderr } = await shortage.run(programs, folder, room);
  const lines = stdout.trim().split('\n');
  const confirmed = lines.filter((line) => line.startsWith('put ')).map((line) => line.slice(4));
  if (code !== 0 || lines.at(-1)?.trim() !== 'full')
    return { room, confirmed: confirmed.length, lost: 0, wrong: [`not QueueFull, but ${code}: ${stderr}`] };
  const out = await programs.run('take-out', [folder, 'c']);
  if (out.code !== 0)
    return { room, confirmed: confirmed.length, lost: confirmed.length, wrong: [`cannot be opened: ${out.stderr}`] };
  const { events } = JSON.parse(out.stdout) as TakenOut;
  const there = new Set(events.map(([id]) => id));
  const lost = confirmed.filter((id) => !there.has(id)).length;
  rmSync(folder, { recursive: true });
  return { room, confirmed: confirmed.length, lost, wrong: lost === 0 ? [] : [`${lost} confirmed events are gone`] };
}
