import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';

const starters = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'];
const writers =
  'appendFile chmod copyFile cp link mkdir mkdtemp rename rm rmdir symlink truncate unlink writeFile'.split(' ');
const inWords = new Set(['r', 'rs', 'sr', fs.constants.O_RDONLY]);

/** Jest compiles in this same process, and keeps what it compiled. */
const isOfJest = (place: unknown): boolean => String(place).includes('jest-transform-cache');

type Functions = Record<string, (...args: unknown[]) => unknown>;

/** No process starts and no file is written: what tries to throws. Returns what lifts the ban. */
export function forbidProcessesAndWrites(): () => void {
  const lifts: (() => void)[] = [];
  const replace = (module: object, name: string, refuse: (args: readonly unknown[]) => boolean): void => {
    const functions = module as Functions;
    const own = functions[name];
    if (own === undefined) throw new Error(`Node has no ${name}`);
    functions[name] = new Proxy(own, {
      apply(target, self, args: unknown[]) {
        if (!refuse(args) || isOfJest(args[0])) return Reflect.apply(target, self, args);
        throw Object.assign(
          new Error(`a unit test called ${name}(${String(args[0])}): see test/support/unit-tests.ts`),
          {
            code: 'ERR_UNIT_TEST',
          },
        );
      },
    });
    lifts.push(() => (functions[name] = own));
  };
  const always = (): boolean => true;
  const forWriting = ([, flags = 'r']: readonly unknown[]): boolean =>
    !(inWords.has(flags as string | number) || typeof flags === 'function');
  for (const name of starters) replace(childProcess, name, always);
  replace(workerThreads, 'Worker', always);
  for (const name of writers) {
    replace(fs, name, always);
    replace(fs.promises, name, always);
    replace(fs, `${name}Sync`, always);
  }
  replace(fs, 'createWriteStream', always);
  replace(fs, 'open', forWriting);
  replace(fs, 'openSync', forWriting);
  replace(fs.promises, 'open', forWriting);
  syncBuiltinESMExports();
  return () => {
    for (const lift of lifts) lift();
    syncBuiltinESMExports();
  };
}
