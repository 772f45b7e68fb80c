import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { createRandom } from '../../../core/testing/simulators/random.ts';
import { fill } from './fill.ts';
import { dataOf, judge, type DamageResult } from './judge.ts';
import { damagesOf } from './kinds.ts';
import { runOut, shortages, type Ran } from './no-room.ts';
import { buildPrograms } from './programs.ts';
import { newest, scan } from './scan.ts';
import { deny } from './unwritable.ts';
import { anyText, defineProof, seed, wholeNumber } from '../proof.ts';

export default defineProof({
  name: 'damage',
  proves: 'damaged stores, full disks and missing rights: no wrong byte is accepted, no intact record lost',
  takes: '10 min',
  about:
    'Damages stores on disk in every way there is, at random places, and asks the command line as a user would. Prints what it says, ' +
    'what of an accepted store is wrong or gone, and how many of the records that a scan of its own finds intact `spillway queue ' +
    'salvage` finds. Then disks without room, and users who may not write. Fails when an intact record is missed, a confirmed one ' +
    'gone, or a damaged store accepted with wrong bytes.',
  flags: {
    times: wholeNumber('stores damaged in each way', 20),
    records: wholeNumber('records in each table of a store', 2_000),
    seed,
    only: anyText('only the ways whose name has this in it'),
  },
  async run({ times, records, seed: chosen, only = '' }) {
    const random = createRandom(chosen);
    const root = mkdtempSync(path.join(tmpdir(), 'spillway-damage-'));
    // For the user who may not write.
    chmodSync(root, 0o755);
    const programs = await buildPrograms();
    const sound = path.join(root, 'sound');
    const failures: string[] = [];
    const told = new Map<string, number>();
    const table = (...head: string[]): InstanceType<typeof Table> =>
      new Table({ head, style: { compact: true, head: [], border: [] } });

    function note(kind: string, where: string, wrong: readonly string[]): void {
      for (const what of wrong) {
        failures.push(`${kind}, ${where}: ${what}`);
        console.error(`${kind}, ${where}: ${what}`);
      }
    }

    try {
      await fill(sound, records);
      const file = readFileSync(dataOf(sound));
      const all = newest(scan(file));
      console.log(`seed ${chosen}: ${all.size} records in ${file.length} bytes, ${records} of each table`);
      if (all.size !== 3 * records) note('the scan', 'of the sound file', [`found ${all.size}`]);

      const damages = table(
        'damage',
        'stores',
        'refused',
        'accepted',
        'quarantined',
        'wrong',
        'lost',
        'intact',
        'missed',
      );
      for (const [kind, damage] of Object.entries(damagesOf(file)).filter(([name]) => name.includes(only))) {
        const results: DamageResult[] = [];
        for (let time = 0; time < times; time += 1) {
          const damaged = damage(random);
          const copy = path.join(root, 'copy');
          const result = await judge(programs, { sound, copy, events: 3 * records }, damaged);
          results.push(result);
          note(kind, damaged.where, result.wrong);
          if (result.code !== 0) {
            const message = result.message.replaceAll(/\d+/g, 'N').slice(0, 150);
            told.set(message, (told.get(message) ?? 0) + 1);
          }
        }
        const sum = (figure: 'quarantined' | 'wrongBytes' | 'lost' | 'intact' | 'missed'): number =>
          results.reduce((total, result) => total + result[figure], 0);
        const refused = results.filter(({ code }) => code === 74).length;
        const accepted = results.filter(({ code }) => code === 0).length;
        damages.push([
          kind,
          times,
          refused,
          accepted,
          sum('quarantined'),
          sum('wrongBytes'),
          sum('lost'),
          sum('intact'),
          sum('missed'),
        ]);
        console.error(`${kind}: ${refused} refused, ${accepted} accepted`);
      }
      console.log(damages.toString());
      for (const [message, count] of [...told].sort((a, b) => b[1] - a[1]))
        console.log(`${count} x exit 74: ${message}`);

      const room = table('no room', 'stores', 'confirmed', 'lost');
      for (const shortage of shortages.filter(({ name }) => name.includes(only))) {
        if (!shortage.isPossible()) {
          room.push([shortage.name, 'not possible on this machine', '', '']);
          continue;
        }
        const runs: Ran[] = [];
        for (let time = 0; time < times; time += 1) {
          const ran = await runOut(programs, shortage, path.join(root, 'full'), random);
          runs.push(ran);
          note(shortage.name, `${ran.room} bytes`, ran.wrong);
        }
        const sum = (figure: 'confirmed' | 'lost'): number => runs.reduce((total, ran) => total + ran[figure], 0);
        room.push([shortage.name, times, sum('confirmed'), sum('lost')]);
      }
      console.log(room.toString());

      const denied = await deny(programs, { sound, copy: path.join(root, 'denied') });
      if (denied === undefined)
        console.log('a store that may not be written: not tried, this process cannot be another user');
      for (const { name, code, message, wrong } of denied ?? []) {
        console.log(`${name}: exit ${code}: ${message}`);
        note('not writable', name, wrong);
      }
    } finally {
      await programs.remove();
      rmSync(root, { recursive: true });
    }
    console.log(failures.length === 0 ? 'nothing missed, nothing lost, nothing wrong' : `${failures.length} failures`);
    return failures.length === 0;
  },
});
