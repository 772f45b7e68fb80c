// Tests core/hosts/cli/queue/store.ts, processes.ts, status.ts and move.ts: the commands over a store on NATS.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { fakeTerminal, type Ran } from '../support/cli/fake-terminal.ts';
import { startServing } from '../support/cli/serving.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { describeWith } from '../support/needed-program.ts';
import { letter } from '../support/service/service-under-test.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(90_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('work.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});
const secret = 'secret-password-1';
const password = workspace.write('password', `${secret}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

let broker: Broker;
let streams = 0;
/** Everything that a command has printed. */
let printed = '';

const box = (stdin: string | Buffer = '') => fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations });
const reach = ['--nats-user', 'ann', '--nats-password-file', password];
const newStore = (): string[] => ['--store', `nats://${broker.at}?stream=s${++streams}`, ...reach];

async function run(args: readonly string[], stdin: string | Buffer = ''): Promise<Ran> {
  const ran = await box(stdin).run(...args);
  printed += ran.stdout + ran.stderr;
  return ran;
}

async function backlog(store: readonly string[]) {
  const { stdout } = await run(['queue', 'status', '--json', ...store]);
  // Before a store is made, there is nothing to tell.
  return JSON.parse(stdout || '{"processes":[],"connections":[]}') as {
    readonly processes: readonly { readonly pid: number; readonly workers: Record<string, { state: string }> }[];
    readonly connections: readonly { readonly waiting: number; readonly dead: number; readonly state: string }[];
  };
}

describeWith('nats-server', 'A store on NATS', () => {
  beforeAll(async () => {
    broker = await startBroker({ lines: [`authorization { user: ann, password: "${secret}" }`] });
  });
  afterAll(() => broker.remove());
  // The last of them.
  afterAll(() => expect(printed).not.toContain(secret));

  test('is for the same commands: enqueue, work, status, dead letters, replay', async () => {
    const store = newStore();
    const vendor = await startVendorServer();
    const origin = ['--origin', `mailbox=${vendor.origin}`];
    const input = `${eventLines(250)}${eventLine('broken', 'Broken')}\n`;
    expect(await run(['enqueue', 'shop', '--config', config, ...store], input)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('251 kept, 0 duplicates'),
    });
    expect((await run(['enqueue', 'shop', '--config', config, ...store], input)).stderr).toContain('251 duplicates');
    const since = new Date(Date.now() - 1_000).toISOString();
    expect(await run(['work', '--config', config, '--until-idle', ...origin, ...store])).toMatchObject({
      stderr: expect.stringContaining('250 delivered'),
    });
    expect(new Set(vendor.received.map(({ id }) => id)).size).toBe(250);
    expect((await run(['queue', 'status', ...store])).stdout).toMatch(/^shop +mailbox +0 +- +1 +250 *$/m);
    expect((await run(['dead', 'list', ...store])).stdout).toContain('broken');
    expect((await run(['dead', 'drop', '--yes', ...store])).stdout).toBe('1 dropped\n');
    const replayed = await run(['replay', 'shop', '--config', config, '--from', since, ...store]);
    expect(replayed.stdout).toBe('250 requeued\n');
    expect((await run(['queue', 'purge', 'shop', '--yes', ...store])).code).toBe(0);
    await vendor.stop();
  });

  test('is shared by two work and an enqueue; status has a line for each, and nobody has it alone', async () => {
    const store = newStore();
    const vendor = await startVendorServer();
    const args = ['work', '--config', config, '--origin', `mailbox=${vendor.origin}`, ...store];
    const workers = [box(), box()];
    const results = workers.map((worker) => worker.run(...args));
    while ((await backlog(store)).processes.length < 2) await pause(50);
    expect((await run(['enqueue', 'shop', '--config', config, ...store], eventLines(400))).code).toBe(0);
    while (vendor.received.length < 400) await pause(20);
    const { stdout } = await run(['queue', 'status', ...store]);
    expect(stdout.match(new RegExp(`running as process ${process.pid} on .* since .*: shop `, 'g'))).toHaveLength(2);
    expect(await run(['queue', 'purge', 'shop', '--yes', ...store])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(`spillway work delivers for it (${process.pid} on `),
    });
    for (const worker of workers) worker.send('SIGTERM');
    expect((await Promise.all(results)).map(({ code }) => code)).toEqual([143, 143]);
    expect(new Set(vendor.received.map(({ id }) => id)).size).toBe(400);
    printed += workers.map((worker) => JSON.stringify(worker.told())).join('');
    await vendor.stop();
  });

  test('has a pace for its connections, which are open before it is', async () => {
    const store = newStore();
    const rate = { permits: 4, perMs: 500, cost: 'request' };
    const slow = workspace.write('slow.json', {
      connections: [{ id: 'shop', destination: 'mailbox', config: testSettings, options: { pace: { rate } } }],
    });
    await run(['enqueue', 'shop', '--config', slow, ...store], eventLines(80));
    const times: number[] = [];
    const vendor = await startVendorServer(() => {
      times.push(performance.now());
      return {};
    });
    const origin = ['--origin', `mailbox=${vendor.origin}`];
    await run(['work', '--config', slow, '--until-idle', ...origin, ...store]);
    expect(vendor.received).toHaveLength(80);
    const inHalfASecond = times.map((from) => times.filter((at) => at >= from && at < from + 480).length);
    expect(Math.max(...inHalfASecond)).toBeLessThanOrEqual(4);
    await vendor.stop();
  });

  test('is looked at, and not made, by a command that has nothing to put', async () => {
    const ran = await run(['queue', 'status', ...newStore()]);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no store s') });
  });

  test.each([
    ['by flags', () => ['--store', `nats://${broker.at}`, '--nats-user', 'bob', '--nats-password-file', password]],
    ['by the URL', () => ['--store', `nats://ann:other-${secret}@${broker.at}`]],
  ])('refuses credentials with 78, which came %s', async (_, args) => {
    expect(await run(['queue', 'status', ...args()])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('does not take these credentials'),
    });
  });

  test('takes credentials in the URL, and shows the URL without them', async () => {
    const store = ['--store', `nats://ann:${secret}@${broker.at}?stream=url`];
    expect((await run(['enqueue', 'shop', '--config', config, ...store], eventLines(1))).code).toBe(0);
  });

  test('is unavailable to serve while its broker is away, and takes events again by itself', async () => {
    const own = await startBroker();
    const vendor = await startVendorServer();
    const origin = ['--origin', `mailbox=${vendor.origin}`];
    const store = ['--store', `nats://ann:${secret}@${own.at}?stream=served`];
    const { ask, said, send, ended: end, log } = await startServing(['--config', config, ...origin, ...store]);
    const readiness = async () => ((await (await ask('GET', '/readyz')).json()) as { readonly store: string }).store;
    expect(log()).toMatchObject([{ message: 'serving', store: `nats://${own.at}?stream=served` }]);
    expect((await ask('POST', '/v1/connections/shop/events', letter('before'))).status).toBe(202);
    await own.kill();
    expect(await readiness()).toBe('unavailable');
    const late = ask('POST', '/v1/connections/shop/events', letter('meanwhile'));
    await own.start();
    while ((await readiness()) !== 'writable') await pause(100);
    expect([202, 503]).toContain((await late).status);
    expect((await ask('POST', '/v1/connections/shop/events', letter('after'))).status).toBe(202);
    while (!vendor.received.some(({ id }) => id === 'after')) await pause(20);
    send('SIGTERM');
    expect(await end).toMatchObject({ code: 0 });
    printed += said();
    await vendor.stop();
    await own.remove();
  });

  describe('queue move', () => {
    test('moves what waits and what died from a directory, and all of it is delivered', async () => {
      const { store: directory, enqueue } = createStore(workspace, 'moved');
      await enqueue('shop', config, `${eventLines(950)}${eventLine('broken', 'Broken')}\n`);
      const store = newStore();
      const [, to = ''] = store;
      const moved = await run(['queue', 'move', '--from', directory, '--to', to, ...reach]);
      expect(moved).toMatchObject({ code: 0, stdout: 'shop: 950 waiting events and 1 dead letters moved\n' });
      expect((await backlog(store)).connections).toMatchObject([{ waiting: 950, dead: 1 }]);
      expect((await backlog(['--store', directory])).connections).toMatchObject([{ waiting: 0, dead: 0 }]);
      const vendor = await startVendorServer();
      await run(['work', '--config', config, '--until-idle', '--origin', `mailbox=${vendor.origin}`, ...store]);
      expect(vendor.received.map(({ id }) => id).sort()).toEqual(
        Array.from({ length: 950 }, (_, index) => `m-${index + 1}`).sort(),
      );
      await vendor.stop();
    });

    test('loses nothing and doubles nothing where it is killed again and again', async () => {
      const { store: directory, enqueue } = createStore(workspace, 'killed');
      await enqueue('shop', config, eventLines(1_100));
      const store = newStore();
      const [, to = ''] = store;
      const args = ['queue', 'move', '--from', directory, '--to', to, ...reach];
      for (const failpoint of ['before a page leaves:1', 'before a page leaves:2', 'after a page left:1'])
        expect([failpoint, await ended(args, failpoint)]).toEqual([failpoint, 'SIGKILL']);
      // The target has pages that the source has, too.
      expect((await backlog(['--store', directory])).connections).toMatchObject([{ waiting: 700 }]);
      expect(await run(args)).toMatchObject({ code: 0 });
      const vendor = await startVendorServer();
      await run(['work', '--config', config, '--until-idle', '--origin', `mailbox=${vendor.origin}`, ...store]);
      const ids = vendor.received.map(({ id }) => id);
      expect([new Set(ids).size, ids.length]).toEqual([1_100, 1_100]);
      await vendor.stop();
    });

    test('is refused beside a worker, between one and the same, and for another destination', async () => {
      const { store: directory } = createStore(workspace, 'none');
      mkdirSync(directory);
      expect(await run(['queue', 'move', '--from', directory, '--to', directory])).toMatchObject({ code: 2 });
      const store = newStore();
      const [, from = ''] = store;
      await run(['enqueue', 'shop', '--config', config, ...store], eventLines(1));
      const vendor = await startVendorServer(() => ({ status: 503 }));
      const worker = box();
      const result = worker.run('work', '--config', config, '--origin', `mailbox=${vendor.origin}`, ...store);
      while ((await backlog(store)).processes.length < 1) await pause(50);
      expect(await run(['queue', 'move', '--from', from, '--to', workspace.at('other'), ...reach])).toMatchObject({
        code: 75,
        stderr: expect.stringContaining('delivers from the store of --from'),
      });
      worker.send('SIGTERM');
      await result;
      await vendor.stop();
      expect(await run(['queue', 'move', '--from', from, '--to', workspace.at('other'), ...reach])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('shop: 1 waiting events and 0 dead letters moved'),
      });
    });
  });
});

/** Runs a command in a process of its own, up to a moment. Resolves to the signal that ended it. */
function ended(args: readonly string[], failpoint: string): Promise<NodeJS.Signals | null> {
  const root = path.join(import.meta.dirname, '../..');
  const main = path.join(root, 'core/hosts/cli/main.ts');
  const env = { ...process.env, SPILLWAY_DESTINATIONS: testDestinations, SPILLWAY_FAILPOINT: failpoint };
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], { cwd: root, env, stdio: 'ignore' });
  return new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
}
