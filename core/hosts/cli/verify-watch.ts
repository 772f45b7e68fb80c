import { spawn } from 'node:child_process';
import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { exitCode } from './exit-codes.ts';
import { print, type Terminal } from './terminal.ts';

/** Editors write a file in several steps. */
const settledMs = 150;

/**
 * Verifies the folders, and a folder again whenever a file in it changes, until a signal. Each run is a process of its
 * own, because a module that has been loaded stays as it was; a folder that cannot be loaded is a failed check of its
 * run, and the next change runs it again.
 */
export async function watchFolders(
  directories: readonly string[],
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const changed = new Set(directories);
  const watchers: FSWatcher[] = [];
  let wake = (): void => undefined;
  let running: AbortController | undefined;
  let stopped = false;
  for (const directory of directories) {
    let timer: NodeJS.Timeout | undefined;
    const onChange = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        changed.add(directory);
        wake();
      }, settledMs);
    };
    watchers.push(watch(path.resolve(directory), { recursive: true }, onChange));
  }
  const forget = terminal.onSignal(() => {
    stopped = true;
    running?.abort();
    wake();
  });
  try {
    while (!stopped) {
      const [directory] = changed;
      if (directory === undefined) {
        await print(terminal.stdout, 'waiting for changes\n');
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (changed.size > 0 || stopped) resolve();
        });
        continue;
      }
      changed.delete(directory);
      running = new AbortController();
      const began = performance.now();
      await verifyInChild(directory, args, terminal, running.signal);
      await print(terminal.stdout, `${directory}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
    }
  } finally {
    forget();
    for (const watcher of watchers) watcher.close();
  }
  return exitCode.ok;
}

function verifyInChild(
  directory: string,
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const [, program = ''] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, 'verify', directory, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: terminal.env as NodeJS.ProcessEnv,
    signal,
  });
  child.stdout.pipe(terminal.stdout, { end: false });
  child.stderr.pipe(terminal.stderr, { end: false });
  return new Promise((resolve) => {
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}
