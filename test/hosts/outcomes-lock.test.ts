// What `deliver --outcomes` must not write over: its own input, the store, and the outcomes of another run.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { isInside } from '../../core/hosts/cli/is-inside.ts';
import { processOf } from '../../core/hosts/cli/lock-process.ts';
import { lockOutcomes } from '../../core/hosts/cli/outcomes-lock.ts';
import { fakeTerminal, spillway } from '../support/cli/fake-terminal.ts';
import { linesOnDisk } from '../support/queue/delivery-lines.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

jest.setTimeout(60_000);
const root = fileURLToPath(new URL('../..', import.meta.url));
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', { config: testSettings });
const input = workspace.write('input.ndjson', eventLines(2));
let server: Awaited<ReturnType<typeof startVendorServer>>;
beforeEach(async () => {
  server = await startVendorServer();
});
afterEach(() => server.stop());

const deliverArgs = (...flags: string[]): string[] =>
  ['deliver', 'mailbox', '--config', config, '--origin', server.origin].concat(flags);

/** The CLI as a process, with files as its standard input and output. */
function start(args: readonly string[], files: { readonly stdin?: string; readonly appendTo?: string } = {}) {
  const stdin = files.stdin === undefined ? 'pipe' : openSync(files.stdin, 'r');
  const stdout = files.appendTo === undefined ? 'ignore' : openSync(files.appendTo, 'a');
  const main = path.join('core', 'hosts', 'cli', 'main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', SPILLWAY_DESTINATIONS: testDestinations },
    stdio: [stdin, stdout, 'pipe'],
  });
  for (const fd of [stdin, stdout]) if (typeof fd === 'number') closeSync(fd);
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  return { child, exited };
}

describe('F-30 the input is never written over', () => {
  test('deliver --outcomes F < F is refused, and F stays', async () => {
    const { exited } = start(deliverArgs('--outcomes', input), { stdin: input });
    expect(await exited).toEqual({
      code: 2,
      stderr: `spillway: the outcomes file ${input} is the input file, and would overwrite it; name another file\n`,
    });
    expect(workspace.read('input.ndjson')).toBe(eventLines(2));
    expect(server.received).toEqual([]);
  });

  test.each([
    ['deliver --outcomes - --input F >> F', () => deliverArgs('--outcomes', '-', '--input', input), {}],
    ['deliver --outcomes - < F >> F', () => deliverArgs('--outcomes', '-'), { stdin: input }],
    ['preview --input F >> F', () => ['preview', 'mailbox', '--config', config, '--input', input], {}],
  ])('%s is refused, and F stays', async (_title, args, files) => {
    const { exited } = start(args(), { ...files, appendTo: input });
    const { code, stderr } = await exited;
    expect([code, stderr]).toEqual([2, expect.stringContaining('standard output goes into the input file')]);
    expect(workspace.read('input.ndjson')).toBe(eventLines(2));
  });

  test('nor is the config file, by standard output', async () => {
    const { exited } = start(deliverArgs('--outcomes', '-', '--input', input), { appendTo: config });
    const { code, stderr } = await exited;
    expect([code, stderr]).toEqual([2, expect.stringContaining('standard output is the config file')]);
    expect(JSON.parse(workspace.read('mailbox.json'))).toEqual({ config: testSettings });
  });

  test('nor a file of the store', async () => {
    const store = workspace.at('deliveries');
    expect(await spillway(deliverArgs('--input', input, '--store', store))).toMatchObject({ code: 0 });
    const data = path.join(store, 'events.mdb');
    const before = await linesOnDisk(store);
    expect(before.size).toBe(2);
    const { code, stderr } = await spillway(deliverArgs('--input', input, '--store', store, '--outcomes', data));
    expect([code, stderr]).toEqual([2, expect.stringContaining('is a file of the store')]);
    expect(await linesOnDisk(store)).toEqual(before);
  });
});

describe('F-30 a directory of the store', () => {
  test.each([
    ['..foo', 'store/..foo', true],
    ['the directory itself', 'store', true],
    ['one above', '.', false],
    ['one beside, with its name first', 'store-2', false],
    ['one beside', '..foo', false],
  ])('%s', (_title, place, expected) => {
    expect(isInside(path.resolve('/data', place), '/data/store')).toBe(expected);
  });
});

describe('F-30 two runs on one outcomes file', () => {
  const outcomes = workspace.write('o.ndjson', '');
  const lockOf = (file: string): string => path.join(path.dirname(file), `.spillway-${statSync(file).ino}.writer`);
  const lock = lockOf(outcomes);
  const locksOfMachine = (): string[] =>
    readdirSync(tmpdir()).filter((name) =>
      name.endsWith(`-${statSync(outcomes).dev}-${statSync(outcomes).ino}.writer`),
    );
  const held =
    /^spillway: process \d+ \(.*\) writes its outcomes to .*; name another file, or wait for its end; if it is certainly gone, remove .*\.writer\n$/;
  const lockFile = (file: string): (() => void) => {
    const fd = openSync(file, 'a');
    const release = lockOutcomes({ fd, file, realPath: realpathSync(file) });
    return () => {
      release();
      closeSync(fd);
    };
  };

  test('the second is refused by any name of the file, and the first one keeps its outcomes', async () => {
    const stdin = new PassThrough();
    const first = fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations });
    const ended = first.run(...deliverArgs('--outcomes', outcomes));
    stdin.write(eventLines(20));
    while (server.received.length < 20) await new Promise((resolve) => void setTimeout(resolve, 20));
    mkdirSync(workspace.at('elsewhere'));
    const links = ['link.ndjson', 'hard.ndjson', 'elsewhere/hard.ndjson'].map(workspace.at);
    symlinkSync(outcomes, links[0] as string);
    for (const link of links.slice(1)) linkSync(outcomes, link);
    for (const file of [outcomes, ...links]) {
      const { code, stderr } = await spillway(deliverArgs('--outcomes', file), eventLines(5, 100));
      expect([code, stderr]).toEqual([2, expect.stringMatching(held)]);
    }
    const { exited } = start(deliverArgs('--outcomes', outcomes), { stdin: input });
    expect(await exited).toEqual({ code: 2, stderr: expect.stringMatching(held) });
    stdin.end(eventLines(5, 21));
    expect(await ended).toMatchObject({ code: 0 });
    expect(workspace.outcomes('o.ndjson').map(({ line }) => line)).toEqual(
      Array.from({ length: 25 }, (_, at) => at + 1),
    );
    expect([existsSync(lock), locksOfMachine()]).toEqual([false, []]);
  });

  test.each(['moved.ndjson', 'elsewhere/moved.ndjson'])('the second is refused after a move to %s', async (name) => {
    const file = workspace.write('original.ndjson', '');
    const release = lockFile(file);
    renameSync(file, workspace.at(name));
    const { code, stderr } = await spillway(deliverArgs('--outcomes', workspace.at(name)), eventLines(1));
    expect([code, stderr]).toEqual([2, expect.stringMatching(held)]);
    // What stands in its place is another file.
    expect(await spillway(deliverArgs('--outcomes', file), eventLines(1))).toMatchObject({ code: 0 });
    release();
    expect(existsSync(lockOf(workspace.at(name)))).toBe(false);
    expect(await spillway(deliverArgs('--outcomes', workspace.at(name)), eventLines(1))).toMatchObject({ code: 0 });
  });

  test('a file with the longest name has a lock', async () => {
    const file = workspace.at('x'.repeat(255));
    expect(await spillway(deliverArgs('--outcomes', file), eventLines(1))).toMatchObject({ code: 0 });
    const release = lockFile(file);
    expect(await spillway(deliverArgs('--outcomes', file), eventLines(1))).toMatchObject({ code: 2 });
    release();
  });

  test('one after the other is no conflict, whatever ended the first', async () => {
    const wrong = workspace.write('wrong.json', { config: {} });
    expect(await spillway(['deliver', 'mailbox', '--config', wrong, '--outcomes', outcomes])).toMatchObject({
      code: 78,
    });
    const killed = start(deliverArgs('--outcomes', outcomes));
    while (locksOfMachine().length === 0) await new Promise((resolve) => void setTimeout(resolve, 20));
    killed.child.kill('SIGKILL');
    await killed.exited;
    expect([existsSync(lock), locksOfMachine().length]).toEqual([true, 1]);
    expect(await spillway(deliverArgs('--outcomes', outcomes), eventLines(3))).toMatchObject({ code: 0 });
    expect(workspace.outcomes('o.ndjson')).toHaveLength(3);
    expect([existsSync(lock), locksOfMachine()]).toEqual([false, []]);
  });

  const gone = spawnSync('true').pid;
  const here = processOf(process.pid);
  const there = { ...here, pid: gone, startedAt: '1', host: 'elsewhere' };
  const lockWith = (writer: object | string, secondsAgo = 0): void => {
    rmSync(lock, { recursive: true, force: true });
    workspace.write(path.basename(lock), writer);
    const then = Date.now() / 1000 - secondsAgo;
    utimesSync(lock, then, then);
  };
  test.each([
    ['a process that runs', here, 0, 2],
    ['a process that runs, and whose start it does not say', { ...here, startedAt: undefined }, 0, 2],
    ['a process that is gone', { ...here, pid: gone, startedAt: '1' }, 0, 0],
    ['a process that is gone, and whose start it does not say', { ...here, pid: gone, startedAt: '' }, 0, 0],
    ['an earlier process of the same pid', { ...here, startedAt: '1' }, 0, 0],
    ['a process that would have started later', { ...here, startedAt: '9'.repeat(18) }, 0, 0],
    ['a process elsewhere that renews it', there, 30, 2],
    ['a process elsewhere that does not', there, 90, 0],
    ['a process elsewhere, by a clock that goes ahead', there, -3600, 2],
    ['a process before the machine was started again', { ...here, space: 'before' }, 90, 0],
    ['a process of another machine of the same name', { ...here, pid: gone, space: 'another' }, 30, 2],
    ['no process: 0 asks for a group of them', { ...here, pid: 0 }, 0, 0],
    ['no process: -1 asks for all of them', { ...here, pid: -1, startedAt: '' }, 0, 0],
    ['a machine alone', { host: here.host }, 0, 0],
    ['null', 'null', 0, 0],
    ['a writer that a crash left unfinished', '{"pid":1', 0, 0],
  ])('a lock of %s', async (_title, writer, secondsAgo, expected) => {
    lockWith(writer, secondsAgo);
    expect((await spillway(deliverArgs('--outcomes', outcomes), eventLines(1))).code).toBe(expected);
    expect(existsSync(lock)).toBe(expected === 2);
    rmSync(lock, { force: true });
  });

  test.each([
    [
      'of another user',
      () => {
        throw Object.assign(new Error('not yours'), { code: 'EPERM' });
      },
    ],
    ['that the system hides', () => true as const],
  ])('a process %s runs', async (_title, kill) => {
    const asked = jest.spyOn(process, 'kill').mockImplementation(kill);
    lockWith({ ...here, pid: gone, startedAt: '1' });
    const { code, stderr } = await spillway(deliverArgs('--outcomes', outcomes), eventLines(1));
    asked.mockRestore();
    expect([code, stderr]).toEqual([2, expect.stringMatching(held)]);
    rmSync(lock);
  });

  test('a process that has ended is gone before its parent collects it', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 20']);
    const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
    const stat = `/proc/${String(pid).trim()}/stat`;
    while (!readFileSync(stat, 'utf8').includes(') Z ')) await new Promise((resolve) => void setTimeout(resolve, 20));
    lockWith({ ...here, pid: Number(pid), startedAt: '' });
    expect(await spillway(deliverArgs('--outcomes', outcomes), eventLines(1))).toMatchObject({ code: 0 });
    parent.kill();
  });

  test('what cannot be removed from its place is named, with what to do', async () => {
    mkdirSync(lock);
    expect(await spillway(deliverArgs('--outcomes', outcomes), eventLines(1))).toMatchObject({
      code: 2,
      stderr:
        `spillway: cannot lock the outcomes file ${outcomes} (EISDIR); ` + `remove ${lock}, or name another file\n`,
    });
    expect(readdirSync(path.dirname(lock)).filter((name) => name.startsWith(path.basename(lock)))).toEqual([
      path.basename(lock),
    ]);
    rmSync(lock, { recursive: true });
  });

  test('what cannot be read in its place is no lock that a crash left', async () => {
    const socket = createServer().listen(lock);
    await once(socket, 'listening');
    expect(await spillway(deliverArgs('--outcomes', outcomes), eventLines(1))).toMatchObject({
      code: 2,
      stderr: `spillway: cannot lock the outcomes file ${outcomes} (ENXIO); remove ${lock}, or name another file\n`,
    });
    socket.close();
    await once(socket, 'close');
  });

  test('a file that is not in its place any more is named, with what to do', async () => {
    const fd = openSync(workspace.at('removed.ndjson'), 'w');
    rmSync(workspace.at('removed.ndjson'));
    expect(await spillway(deliverArgs('--outcomes', `/proc/self/fd/${fd}`), eventLines(1))).toMatchObject({
      code: 2,
      stderr: `spillway: /proc/self/fd/${fd} is not in its place any more (ENOENT); run again, or name another file\n`,
    });
    closeSync(fd);
  });

  test('a link in its place is taken away, and what it leads to stays', () => {
    const victim = workspace.write('victim.txt', 'precious');
    rmSync(lock, { force: true });
    symlinkSync(victim, lock);
    const release = lockFile(outcomes);
    expect(lstatSync(lock).isSymbolicLink()).toBe(false);
    release();
    expect([workspace.read('victim.txt'), existsSync(lock)]).toEqual(['precious', false]);
  });

  test('a lock that another run has taken over stays when its former owner ends', () => {
    const release = lockFile(outcomes);
    lockWith('');
    const ofMachine = path.join(tmpdir(), locksOfMachine()[0] as string);
    writeFileSync(ofMachine, '');
    const other = lockFile(outcomes);
    release();
    expect([existsSync(lock), existsSync(ofMachine)]).toEqual([true, true]);
    other();
    expect([existsSync(lock), existsSync(ofMachine)]).toEqual([false, false]);
  });

  test('a lock whose directory is gone when the run ends is no failure', () => {
    mkdirSync(workspace.at('gone'));
    const file = workspace.write('gone/o.ndjson', '');
    const release = lockFile(file);
    rmSync(workspace.at('gone'), { recursive: true });
    workspace.write('gone', 'a file where the directory was');
    expect(release).not.toThrow();
  });

  test('of many runs that find the locks of a killed one at the same time, one gets the file', async () => {
    const file = workspace.write('wanted.ndjson', '');
    const { dev, ino } = statSync(file);
    const locks = [lockOf(file), path.join(tmpdir(), `spillway-${process.getuid?.()}-${dev}-${ino}.writer`)];
    const [racers, rounds] = [3, 80];
    /** The round, how many have tried, how many have the file. */
    const shared = new Int32Array(new SharedArrayBuffer(12));
    const racer = `
      const { parentPort, workerData: { file, shared, rounds } } = require('node:worker_threads');
      const { openSync } = require('node:fs');
      const module = ${JSON.stringify(path.join(root, 'core', 'hosts', 'cli', 'outcomes-lock.ts'))};
      import('tsx/esm/api').then(({ tsImport }) => tsImport(module, module)).then(({ lockOutcomes }) => {
        const fd = openSync(file, 'a');
        parentPort.postMessage('ready');
        for (let round = 1; round <= rounds; round += 1) {
          Atomics.wait(shared, 0, round - 1);
          let release;
          try {
            release = lockOutcomes({ fd, file, realPath: file });
            Atomics.add(shared, 2, 1);
          } catch (error) {
            if (!String(error).includes('writes its outcomes to')) throw error;
          }
          const tried = Atomics.add(shared, 1, 1) + 1;
          Atomics.notify(shared, 1);
          for (let now = tried; now < ${racers} * round; now = Atomics.load(shared, 1)) Atomics.wait(shared, 1, now);
          release?.();
        }
        parentPort.postMessage('over');
      });`;
    const threads = Array.from({ length: racers }, () => {
      const workerData = { file: realpathSync(file), shared, rounds };
      return new Worker(racer, { eval: true, workerData });
    });
    await Promise.all(threads.map((thread) => once(thread, 'message')));
    const over = Promise.all(threads.map((thread) => once(thread, 'message')));
    const winners: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      for (const one of locks) writeFileSync(one, JSON.stringify({ ...here, pid: gone, startedAt: '1' }));
      const before = Atomics.load(shared, 2);
      Atomics.store(shared, 0, round);
      Atomics.notify(shared, 0);
      while (Atomics.load(shared, 1) < racers * round) await new Promise((resolve) => void setTimeout(resolve, 1));
      winners.push(Atomics.load(shared, 2) - before);
      while (locks.some((one) => existsSync(one))) await new Promise((resolve) => void setTimeout(resolve, 1));
    }
    await over;
    await Promise.all(threads.map((thread) => thread.terminate()));
    expect(winners).toEqual(winners.map(() => 1));
    expect(readdirSync(path.dirname(file)).filter((name) => name.includes(`-${ino}.writer`))).toEqual([]);
  });

  test('a run that was killed while it replaced a lock holds nobody up, and leaves nothing', async () => {
    lockWith({ ...here, pid: gone, startedAt: '1' });
    const { ino, mtimeNs } = lstatSync(lock, { bigint: true });
    writeFileSync(`${lock}.${ino}-${mtimeNs}`, JSON.stringify({ ...here, pid: gone, startedAt: '2' }));
    expect(await spillway(deliverArgs('--outcomes', outcomes), eventLines(1))).toMatchObject({ code: 0 });
    expect(readdirSync(path.dirname(lock)).filter((name) => name.startsWith(path.basename(lock)))).toEqual([]);
  });

  test('a run that is about to replace a lock has it', async () => {
    lockWith({ ...here, pid: gone, startedAt: '1' });
    const { ino, mtimeNs } = lstatSync(lock, { bigint: true });
    const successor = `${lock}.${ino}-${mtimeNs}`;
    writeFileSync(successor, JSON.stringify(here));
    const { code, stderr } = await spillway(deliverArgs('--outcomes', outcomes), eventLines(1));
    expect([code, stderr]).toEqual([2, expect.stringContaining(`process ${process.pid} (${here.host}) writes its`)]);
    for (const one of [lock, successor]) rmSync(one);
  });
});
