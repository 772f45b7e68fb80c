// Tests core/hosts/cli/queue/work.ts and core/hosts/cli/queue/enqueue.ts, as processes.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { itNeeds, prlimit } from '../support/machine.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { linesOnDisk } from '../support/queue/delivery-lines.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

// Processes start, and each compiles the program.
jest.setTimeout(90_000);
const root = fileURLToPath(new URL('../..', import.meta.url));
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('work.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});
let server: Awaited<ReturnType<typeof startVendorServer>> | undefined;
afterEach(() => server?.stop());

/** The CLI as a process of its own. */
const start = (...args: readonly string[]) => startWith('ignore', ...args);

function startWith(stdin: 'ignore' | 'pipe', ...args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', path.join('core', 'hosts', 'cli', 'main.ts'), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', SPILLWAY_DESTINATIONS: testDestinations },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }) as const);
  return {
    child,
    exited,
    told: () => ({ stdout, stderr }),
    running: () => child.exitCode === null && child.signalCode === null,
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const twice = (ids: readonly string[]): string[] => ids.filter((id, index) => ids.indexOf(id) < index);

describe('spillway work as a process', () => {
  test('a second SIGTERM ends it at once while the vendor hangs; what was in flight is still queued', async () => {
    const { store, enqueue, backlog, run } = createStore(workspace, 'hanging');
    await enqueue('shop', config, eventLines(200));
    let hangs = true;
    const mail = (server = await startVendorServer(() => ({ afterMs: hangs ? 60_000 : 0, status: hangs ? 503 : 200 })));
    const args = ['work', '--store', store, '--config', config, '--origin', `mailbox=${mail.origin}`];
    const { child, exited, running } = start(...args, '--grace', '30000');
    while (mail.batches < 4) await pause(10);
    child.kill('SIGTERM');
    await pause(1_000);
    expect(running()).toBe(true);
    const since = performance.now();
    child.kill('SIGTERM');
    expect(await exited).toMatchObject({ code: 143 });
    expect(performance.now() - since).toBeLessThan(4_000);
    expect(await backlog('shop')).toMatchObject({ waiting: 200, dead: 0, done: 0 });
    hangs = false;
    expect(await run(...args.slice(0, 1), ...args.slice(3), '--until-idle')).toMatchObject({ code: 0 });
    expect(new Set(mail.received.map(({ id }) => id)).size).toBe(200);
    expect(twice(mail.received.map(({ id }) => id))).toEqual([]);
  });

  test('SIGTERM while it writes down what came back: that is on disk, and nothing goes out twice', async () => {
    const { store, enqueue, backlog, run } = createStore(workspace, 'flushing');
    await enqueue('shop', config, eventLines(6_000));
    const mail = (server = await startVendorServer());
    const args = ['--config', config, '--origin', `mailbox=${mail.origin}`, '--json'];
    for (let stop = 0; stop < 2; stop += 1) {
      const before = mail.received.length;
      const { child, exited } = start('work', '--store', store, ...args);
      // Its slices are answered at once, so that at every moment one of them is on its way to the disk.
      while (mail.received.length < before + 300 + 170 * stop) await pause(1);
      child.kill('SIGTERM');
      const { code, stdout, stderr } = await exited;
      const [{ delivered }] = (JSON.parse(stdout) as { connections: [{ delivered: number }] }).connections;
      expect([code, stderr]).toEqual([143, expect.stringMatching(/^spillway: stopped by SIGTERM: \d+ events stay/)]);
      expect(delivered).toBe(mail.received.length - before);
      expect(await backlog('shop')).toMatchObject({ waiting: 6_000 - mail.received.length });
    }
    expect(mail.received.length).toBeLessThan(6_000);
    expect(await run('work', ...args, '--until-idle')).toMatchObject({ code: 0 });
    expect(mail.received).toHaveLength(6_000);
    expect(new Set(mail.received.map(({ id }) => id)).size).toBe(6_000);
  });
});

describe('spillway work beside a full disk', () => {
  itNeeds(prlimit)(
    'F-92 says so in a line, with the room there is, and queue status says why nothing leaves',
    async () => {
      const { store, enqueue, backlog } = createStore(workspace, 'full-disk');
      await enqueue('shop', config, eventLines(3_000));
      const mail = (server = await startVendorServer());
      // The file cannot grow, and what is settled needs pages that are not in it yet.
      const size = statSync(path.join(store, 'events.mdb')).size;
      const { child, exited, told } = start(
        'work',
        '--store',
        store,
        '--config',
        config,
        '--origin',
        `mailbox=${mail.origin}`,
      );
      await promisify(execFile)('prlimit', [`--pid=${child.pid}`, `--fsize=${size + 4_096}:`]);
      while (!/the disk is full/.test(told().stderr)) await pause(20);
      expect(told().stderr).toContain(`bytes free at ${store}\n`);
      expect(told().stderr).toMatch(/^spillway: the disk is full: \d+ bytes free at /m);
      while ((await backlog('shop'))?.state !== 'held') await pause(50);
      expect(await backlog('shop')).toMatchObject({ reason: { cause: 'disk', code: 'internal_error' } });
      await promisify(execFile)('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited:']);
      while (!/the disk accepts writes again/.test(told().stderr)) await pause(20);
      while ((await backlog('shop'))?.waiting !== 0) await pause(50);
      child.kill('SIGTERM');
      expect((await exited).stderr.match(/the disk is full/g)).toHaveLength(1);
    },
  );
});

describe('spillway enqueue as a process', () => {
  test('SIGTERM while it writes: it names the first line that is not kept, and goes on from there', async () => {
    const { store, enqueue, backlog } = createStore(workspace, 'stopped');
    const input = workspace.write('many.ndjson', eventLines(60_000));
    const files = ['--store', store, '--config', config, '--input', input, '--json'];
    const { child, exited } = start('enqueue', 'shop', ...files);
    while (!sizeIsOver(path.join(store, 'events.mdb'), 1_000_000)) await pause(2);
    child.kill('SIGTERM');
    const { code, stdout } = await exited;
    const { accepted, stopped } = JSON.parse(stdout) as { accepted: number; stopped?: { nextLine: number } };
    expect([code, stopped?.nextLine]).toEqual([143, accepted + 1]);
    expect(accepted).toBeLessThan(60_000);
    expect(await backlog('shop')).toMatchObject({ waiting: accepted });
    const rest = eventLines(60_000 - accepted, accepted + 1);
    expect((await enqueue('shop', config, rest)).stderr).toContain(`${60_000 - accepted} kept, 0 duplicates`);
  });
});

describe('beside a work that is stopped (SIGSTOP)', () => {
  test('F-96 the other commands answer 75 within seconds, and name the process that does not', async () => {
    const { store, enqueue } = createStore(workspace, 'sleeping');
    const mail = (server = await startVendorServer());
    await enqueue('shop', config, eventLines(1));
    const worker = start('work', '--store', store, '--config', config, '--origin', `mailbox=${mail.origin}`);
    while (mail.received.length === 0) await pause(20);
    worker.child.kill('SIGSTOP');
    const input = workspace.write('asleep.ndjson', eventLines(3));
    for (const args of [
      ['enqueue', 'shop', '--config', config, '--input', input],
      ['queue', 'status'],
      ['dead', 'list'],
    ]) {
      const since = performance.now();
      const { code, stderr } = await spillway([...args, '--store', store, '--wait', '1']);
      expect([code, stderr]).toEqual([
        75,
        expect.stringContaining(`process ${worker.child.pid} has the queue store and has not answered for 2 s`),
      ]);
      expect(performance.now() - since).toBeLessThan(10_000);
    }
    worker.child.kill('SIGCONT');
    expect(await spillway(['enqueue', 'shop', '--config', config, '--input', input, '--store', store])).toMatchObject({
      code: 0,
    });
    worker.child.kill('SIGHUP');
    expect(await worker.exited).toMatchObject({ code: 129, stderr: expect.stringContaining('stopped by SIGHUP') });
  });
});

describe('spillway enqueue from an open pipe', () => {
  test('F-94 keeps after a second what came, however few lines, so that a kill -9 loses none of them', async () => {
    const { store, backlog } = createStore(workspace, 'pipe');
    const { child, exited } = startWith('pipe', 'enqueue', 'shop', '--store', store, '--config', config);
    child.stdin?.write(eventLines(3));
    while (!existsSync(path.join(store, 'events.mdb'))) await pause(20);
    await pause(1_500);
    child.stdin?.write(eventLines(2, 4));
    await pause(2_500);
    child.kill('SIGKILL');
    await exited;
    expect(await backlog('shop')).toMatchObject({ waiting: 5 });
  });

  test('F-94 beside work, its events are delivered while it stays open', async () => {
    const { store, enqueue } = createStore(workspace, 'tail');
    const mail = (server = await startVendorServer());
    await enqueue('shop', config, eventLines(1));
    const worker = start('work', '--store', store, '--config', config, '--origin', `mailbox=${mail.origin}`);
    while (mail.received.length === 0) await pause(20);
    const { child, exited } = startWith('pipe', 'enqueue', 'shop', '--store', store, '--config', config);
    child.stdin?.write(eventLines(2, 2));
    while (mail.received.length < 3) await pause(20);
    child.stdin?.end(eventLines(1, 4));
    expect(await exited).toMatchObject({ code: 0, stderr: 'shop (mailbox): 3 kept, 0 duplicates\n' });
    worker.child.kill('SIGTERM');
    await worker.exited;
  });
});

describe('spillway enqueue beside work', () => {
  test('F-96 whose process is killed with -9: it takes the store over and goes on, and nothing is lost', async () => {
    const { store, enqueue, backlog, run } = createStore(workspace, 'beside');
    await enqueue('shop', config, eventLines(1));
    const mail = (server = await startVendorServer());
    const origin = ['--origin', `mailbox=${mail.origin}`];
    const worker = start('work', '--store', store, '--config', config, ...origin);
    while (mail.received.length === 0) await pause(10);
    const input = workspace.write('beside.ndjson', eventLines(30_000, 2));
    const files = ['--store', store, '--config', config, '--input', input];
    const put = start('enqueue', 'shop', ...files);
    while (mail.received.length < 1_000) await pause(5);
    worker.child.kill('SIGKILL');
    await worker.exited;
    // The put whose answer was lost is put again, and may be there already.
    const { code, stderr } = await put.exited;
    const [, kept = '', before = ''] = /: (\d+) kept, (\d+) duplicates\n/.exec(stderr) ?? [];
    expect([code, Number(kept) + Number(before)]).toEqual([0, 30_000]);
    expect(Number(before)).toBeLessThanOrEqual(500);
    const { waiting = 0, done = 0 } = (await backlog('shop')) ?? {};
    expect(waiting + done).toBe(30_001);
    expect((await spillway(['enqueue', 'shop', ...files])).stderr).toContain('0 kept, 30000 duplicates');
    expect(await run('work', '--config', config, '--until-idle', ...origin)).toMatchObject({ code: 0 });
    expect(new Set(mail.received.map(({ id }) => id)).size).toBe(30_001);
  });
});

describe('spillway deliver --store as a process', () => {
  test('killed with -9 three times, it loses nothing, and never sends again what it had written down', async () => {
    const count = 1_200;
    const input = workspace.write('delivery.ndjson', eventLines(count));
    const settings = workspace.write('mailbox.json', { config: testSettings });
    const store = workspace.at('deliveries');
    const mail = (server = await startVendorServer(() => ({ afterMs: 40 })));
    const files = ['--config', settings, '--input', input, '--outcomes', workspace.at('out.ndjson'), '--store', store];
    const args = ['deliver', 'mailbox', ...files, '--origin', mail.origin, '--json'];
    /** What the store knows, and how much the vendor had, after each kill. */
    const kills: { readonly written: ReadonlySet<string>; readonly received: number }[] = [];
    for (let kill = 0; kill < 3; kill += 1) {
      const before = mail.batches;
      const { child, exited } = start(...args);
      const moment = 3 + Math.floor(Math.random() * 20);
      // Not before it has written something down: there would be nothing to forget.
      while (mail.batches < before + moment || (await written(store)).size === 0) await pause(2);
      await pause(Math.random() * 40);
      child.kill('SIGKILL');
      await exited;
      await pause(100);
      kills.push({ written: await written(store), received: mail.received.length });
    }
    const { code, stdout } = await spillway(args);
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ in: count, conserved: true })]);
    expect(workspace.outcomes('out.ndjson').map(({ line, kind }) => [line, kind])).toEqual(
      Array.from({ length: count }, (_, at) => [at + 1, 'delivered']),
    );
    const ids = mail.received.map(({ id }) => id);
    expect(new Set(ids).size).toBe(count);
    for (const { written: known, received } of kills) {
      expect(known.size).toBeGreaterThan(0);
      expect(ids.slice(received).filter((id) => known.has(id))).toEqual([]);
    }
    // Four requests of ten at once, and as many whose outcome was on its way to the disk.
    expect(ids.length - count).toBeLessThanOrEqual(3 * 80);
  });

  /** Ids whose outcome is on disk. */
  const written = async (store: string): Promise<Set<string>> =>
    new Set(Array.from(await linesOnDisk(store), (line) => `m-${line}`));
});

function sizeIsOver(file: string, bytes: number): boolean {
  try {
    return statSync(file).size > bytes;
  } catch {
    return false;
  }
}
