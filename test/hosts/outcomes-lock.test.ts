// What `deliver --outcomes` must not write over: its own input, the store, and the outcomes of another run.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { once } from 'node:events';
import { hostname } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { lockOutcomes } from '../../core/hosts/cli/outcomes-lock.ts';
import { fakeTerminal, spillway } from '../support/cli/fake-terminal.ts';
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
    const [journal = ''] = readdirSync(path.join(store, 'deliveries'));
    const data = path.join(store, 'deliveries', journal);
    const before = readFileSync(data);
    const { code, stderr } = await spillway(deliverArgs('--input', input, '--store', store, '--outcomes', data));
    expect([code, stderr]).toEqual([2, expect.stringContaining('is a file of the store')]);
    expect(readFileSync(data).equals(before)).toBe(true);
  });
});

describe('F-30 two runs on one outcomes file', () => {
  const outcomes = workspace.at('o.ndjson');
  const lock = workspace.at('.o.ndjson.writer');
  const held = /^spillway: process \d+ \(.*\) writes its outcomes to .*; name another file, or wait for its end\n$/;

  test('the second is refused by any name of the file, and the first one keeps its outcomes', async () => {
    const stdin = new PassThrough();
    const first = fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations });
    const ended = first.run(...deliverArgs('--outcomes', outcomes));
    stdin.write(eventLines(20));
    while (server.received.length < 20) await new Promise((resolve) => void setTimeout(resolve, 20));
    symlinkSync(outcomes, workspace.at('link.ndjson'));
    for (const file of [outcomes, workspace.at('link.ndjson')]) {
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
    expect(existsSync(lock)).toBe(false);
  });

  test('one after the other is no conflict, whatever ended the first', async () => {
    const wrong = workspace.write('wrong.json', { config: {} });
    expect(await spillway(['deliver', 'mailbox', '--config', wrong, '--outcomes', outcomes])).toMatchObject({
      code: 78,
    });
    const killed = start(deliverArgs('--outcomes', outcomes));
    while (!existsSync(lock)) await new Promise((resolve) => void setTimeout(resolve, 20));
    killed.child.kill('SIGKILL');
    await killed.exited;
    expect(existsSync(lock)).toBe(true);
    expect(await spillway(deliverArgs('--outcomes', outcomes), eventLines(3))).toMatchObject({ code: 0 });
    expect(workspace.outcomes('o.ndjson')).toHaveLength(3);
    expect(existsSync(lock)).toBe(false);
  });

  const gone = spawnSync('true').pid;
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const here = `${hostname()} ${spawnSync('readlink', ['/proc/self/ns/pid'], { encoding: 'utf8' }).stdout.trim()}`;
  test.each([
    ['a process that runs', { pid: process.pid, startedAt: fields[19], host: here }, 0, 2],
    ['a process that is gone', { pid: gone, startedAt: '1', host: here }, 0, 0],
    ['an earlier process of the same pid', { pid: process.pid, startedAt: '1', host: here }, 0, 0],
    ['a process elsewhere that renews it', { pid: gone, startedAt: '1', host: 'elsewhere' }, 30, 2],
    ['a process elsewhere that does not', { pid: gone, startedAt: '1', host: 'elsewhere' }, 90, 0],
  ])('a lock of %s', async (_title, writer, secondsAgo, expected) => {
    workspace.write('.o.ndjson.writer', writer);
    const then = Date.now() / 1000 - secondsAgo;
    utimesSync(lock, then, then);
    expect((await spillway(deliverArgs('--outcomes', outcomes), eventLines(1))).code).toBe(expected);
    expect(existsSync(lock)).toBe(expected === 2);
    workspace.write('.o.ndjson.writer', '');
  });

  test('a link in its place is taken away, and what it leads to stays', () => {
    const victim = workspace.write('victim.txt', 'precious');
    rmSync(lock, { force: true });
    symlinkSync(victim, lock);
    const release = lockOutcomes(outcomes);
    expect(lstatSync(lock).isSymbolicLink()).toBe(false);
    release();
    expect([workspace.read('victim.txt'), existsSync(lock)]).toEqual(['precious', false]);
  });

  test('a lock that another run has taken over stays when its former owner ends', () => {
    const release = lockOutcomes(outcomes);
    workspace.write('.o.ndjson.writer', { pid: gone, startedAt: '1', host: here });
    const other = lockOutcomes(outcomes);
    release();
    expect(existsSync(lock)).toBe(true);
    other();
    expect(existsSync(lock)).toBe(false);
  });

  test('a lock that a crash left unfinished is nobody’s', async () => {
    workspace.write('.o.ndjson.writer', '{"pid":1');
    expect(await spillway(deliverArgs('--outcomes', outcomes), eventLines(1))).toMatchObject({ code: 0 });
  });
});
