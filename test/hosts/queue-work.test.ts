import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { accounts } from '../support/simulators/accounts.ts';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { generateLines, type Simulator } from '../../core/testing/simulators/index.ts';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';
import { startVendorServer, type Answer, type ReceivedItem } from '../support/cli/vendor-server.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const shop = { id: 'shop', destination: 'mailbox', config: testSettings };
const blog = { ...shop, id: 'blog' };
const config = workspace.write('work.json', { connections: [shop, blog] });
let server: Awaited<ReturnType<typeof startVendorServer>> | undefined;
let vendor: Simulator | undefined;
afterEach(async () => {
  await server?.stop();
  await vendor?.close();
  server = vendor = undefined;
});

let stores = 0;
async function serve(answer?: (letters: readonly ReceivedItem[]) => Answer) {
  const store = createStore(workspace, `store-${++stores}`);
  server = await startVendorServer(answer);
  const args = ['work', '--config', config, '--origin', `mailbox=${server.origin}`];
  return { ...store, server, args, work: (...flags: string[]) => store.run(...args, ...flags) };
}

describe('spillway work', () => {
  test('delivers what waits for each connection, once, and remembers it as done', async () => {
    const { enqueue, work, backlog, server: mail } = await serve();
    await enqueue('shop', config, eventLines(120));
    await enqueue('blog', config, eventLines(30, 201));
    const { code, stdout, stderr } = await work('--until-idle', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      connections: [
        { connection: 'shop', destination: 'mailbox', delivered: 120, skipped: 0, dead: 0, waiting: 0 },
        { connection: 'blog', destination: 'mailbox', delivered: 30, skipped: 0, dead: 0, waiting: 0 },
      ],
      requests: 15,
      retries: 0,
      seconds: expect.any(Number),
    });
    expect(new Set(mail.received.map(({ id }) => id)).size).toBe(150);
    expect(mail.received).toHaveLength(150);
    expect(await backlog('shop')).toMatchObject({ waiting: 0, done: 120 });
    expect(await work('--until-idle')).toMatchObject({ code: 0 });
    expect(mail.received).toHaveLength(150);
  });

  test('the summary for people says what became of each connection', async () => {
    const { enqueue, work } = await serve();
    await enqueue('shop', config, eventLines(3));
    const { stdout, stderr } = await work('--until-idle');
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^shop \(mailbox\): 3 delivered, 0 skipped, 0 dead letters, 0 waiting\nblog \(mailbox\): 0 delivered/,
    );
    expect(await work('--until-idle', '--quiet')).toMatchObject({ stderr: '' });
  });

  test('what failed for a while goes again; what is refused becomes a dead letter, and the exit code 1', async () => {
    let failures = 0;
    const { enqueue, work, dead } = await serve((batch) => {
      if (batch.some(({ name }) => name === 'Refused')) return { status: 400 };
      failures += 1;
      return { status: failures < 3 ? 503 : 200 };
    });
    await enqueue('shop', config, `${eventLine('m-1', 'Refused')}\n`);
    await enqueue('blog', config, eventLines(10));
    const { code, stdout } = await work('--until-idle', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      connections: [
        { connection: 'shop', delivered: 0, dead: 1 },
        { connection: 'blog', delivered: 10, dead: 0 },
      ],
    });
    expect(await dead()).toMatchObject([{ connection: 'shop', id: 'm-1', outcome: 'rejected', attempts: 1 }]);
  });

  test('refused credentials pause the connection: its events stay, and the exit code is 77', async () => {
    const { enqueue, work, backlog, server: mail } = await serve(() => ({ status: 401 }));
    await enqueue('shop', config, eventLines(50));
    const { code, stdout } = await work('--until-idle', '--json');
    expect(code).toBe(77);
    expect(JSON.parse(stdout)).toMatchObject({ connections: [{ waiting: 50, dead: 0, paused: 'unauthorized' }, {}] });
    expect(mail.batches).toBeLessThan(10);
    expect(await backlog('shop')).toMatchObject({ waiting: 50, dead: 0 });
  });

  test('a store that another process has taken over ends it with 74, all connections, and nothing more is sent', async () => {
    let isTaken = false;
    const {
      enqueue,
      work,
      store,
      server: mail,
    } = await serve((batch) => {
      if (batch.some(({ name }) => name === 'Slow')) return { afterMs: 1_500 };
      // Somebody removes the sockets, and another process finds no owner.
      for (const name of readdirSync(store)) if (name.endsWith('.sock')) rmSync(path.join(store, name));
      if (!isTaken) execFileSync(process.execPath, ['--import', 'tsx', 'test/support/queue/drain.ts', store]);
      isTaken = true;
      return {};
    });
    await enqueue('blog', config, `${eventLine('s-1', 'Slow')}\n`);
    await enqueue('shop', config, eventLines(300));
    const { code, stderr } = await work('--quiet');
    expect(code).toBe(74);
    expect(stderr).toMatch(/another process has taken the queue store over. Stop this one/);
    expect(mail.received.length).toBeLessThan(200);
  });

  test('a slow connection holds no other one back', async () => {
    let slowAnswered = false;
    let receivedBefore = 0;
    const {
      enqueue,
      work,
      server: mail,
    } = await serve((batch) => {
      if (!batch.some(({ name }) => name === 'Slow')) return {};
      setTimeout(() => {
        slowAnswered = true;
        receivedBefore = mail.received.length;
      }, 1_500);
      return { afterMs: 1_500 };
    });
    await enqueue('shop', config, eventLine('slow', 'Slow'));
    await enqueue('blog', config, eventLines(500));
    expect(await work('--until-idle')).toMatchObject({ code: 0 });
    expect(slowAnswered).toBe(true);
    expect(receivedBefore).toBe(501);
  });

  test('F-97 says which connections of the store the file does not name, ends with 1, and leaves their events alone', async () => {
    const { enqueue, run, args, backlog } = await serve();
    await enqueue(
      'other',
      workspace.write('other.json', { destination: 'mailbox', config: testSettings }),
      eventLines(2),
    );
    const { code, stderr } = await run(...args, '--until-idle', '--quiet');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'spillway: 2 events wait for other, which the config file does not name\n',
    });
    expect(await backlog('other')).toMatchObject({ waiting: 2 });
  });

  test('events that wait for another destination under this id are not sent', async () => {
    const { enqueue, run, backlog } = await serve();
    await enqueue('shop', config, eventLines(2));
    const adjust = accounts.find(({ slug }) => slug === 'adjust');
    const moved = workspace.write('moved.json', {
      connections: [{ id: 'shop', destination: 'adjust', config: adjust?.config }],
    });
    expect(await run('work', '--config', moved, '--until-idle')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('shop: 2 events wait; they were enqueued for mailbox, not for adjust'),
    });
    expect(await backlog('shop')).toMatchObject({ destination: 'mailbox', waiting: 2 });
  });

  test('a connection that is refused holds no other one back: exit 78, after the others are served', async () => {
    const { enqueue, run, backlog, server: mail } = await serve();
    await enqueue('shop', config, eventLines(20));
    await enqueue('blog', config, eventLines(30, 101));
    const adjust = accounts.find(({ slug }) => slug === 'adjust');
    const moved = workspace.write('half-moved.json', {
      connections: [{ id: 'shop', destination: 'adjust', config: adjust?.config }, blog],
    });
    const origin = `mailbox=${mail.origin}`;
    const { code, stdout, stderr } = await run('work', '--config', moved, '--until-idle', '--json', '--origin', origin);
    expect(code).toBe(78);
    expect(JSON.parse(stdout)).toMatchObject({ connections: [{ connection: 'blog', delivered: 30 }] });
    expect(stderr).toContain('shop: 20 events wait; they were enqueued for mailbox, not for adjust');
    expect(await backlog('shop')).toMatchObject({ waiting: 20 });
  });

  test('F-95 one whose events were put for another destination is held and told, and the others are served; with --strict, none', async () => {
    const { store, enqueue, run, backlog, server: mail } = await serve();
    await enqueue('shop', config, eventLines(3));
    await enqueue('blog', config, eventLines(30, 101));
    const adjust = accounts.find(({ slug }) => slug === 'adjust');
    const moved = workspace.write('moved-beside.json', {
      connections: [{ id: 'shop', destination: 'adjust', config: adjust?.config }, blog],
    });
    const args = ['work', '--config', moved, '--origin', `mailbox=${mail.origin}`];
    const said = 'shop: 3 events wait; they were enqueued for mailbox, not for adjust';
    const strict = await run(...args, '--strict');
    expect(strict).toMatchObject({ code: 78, stderr: expect.stringContaining(said) });
    expect(mail.received).toHaveLength(0);
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = box.run(...args, '--store', store);
    for (let left = 1_000; mail.received.length < 30 && left > 0; left -= 1)
      await new Promise((resolve) => void setTimeout(resolve, 5));
    expect(await backlog('shop')).toMatchObject({
      destination: 'mailbox',
      state: 'held',
      reason: { cause: 'settings' },
      waiting: 3,
    });
    box.send('SIGTERM');
    expect(await ran).toMatchObject({ code: 143, stderr: expect.stringContaining(said) });
    expect(await run(...args, '--until-idle')).toMatchObject({ code: 78, stderr: expect.stringContaining(said) });
    expect(await backlog('shop')).toMatchObject({ destination: 'mailbox', waiting: 3 });
    expect(mail.received).toHaveLength(30);
  });

  test.each([
    ['settings', { ...shop, config: { ...testSettings, apiKey: 7 } }, 'connections.0.config.apiKey'],
    [
      'a variable that is not set',
      { ...shop, config: { ...testSettings, apiKey: '${NO_SUCH}' } },
      'NO_SUCH is not set',
    ],
    ['a destination that nobody knows', { ...shop, destination: 'pigeons' }, 'connections.0.destination'],
  ])('F-95 one connection with %s is held and named, and the others are served', async (_, broken, where) => {
    const { store, enqueue, run, backlog, server: mail } = await serve();
    await enqueue('shop', config, eventLines(3));
    await enqueue('blog', config, eventLines(30, 101));
    const file = workspace.write('one-broken.json', { connections: [broken, blog] });
    const args = ['work', '--config', file, '--origin', `mailbox=${mail.origin}`];
    const strict = await run(...args, '--until-idle', '--strict');
    expect(strict).toMatchObject({ code: 78, stderr: expect.stringContaining(where) });
    expect(mail.received).toHaveLength(0);
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = box.run(...args, '--store', store, '--json');
    while (mail.received.length < 30) await new Promise((resolve) => void setTimeout(resolve, 5));
    expect(await backlog('shop')).toMatchObject({ state: 'held', reason: { cause: 'settings' }, waiting: 3 });
    box.send('SIGTERM');
    expect(await ran).toMatchObject({
      code: 143,
      stderr: expect.stringContaining('shop is held: its settings are invalid'),
    });
    const ended = await run(...args, '--until-idle');
    expect(ended).toMatchObject({ code: 78, stderr: expect.stringContaining(where) });
    expect(ended.stderr).not.toContain('does not name');
  });

  test('F-95 where none can be worked on, it ends with 78', async () => {
    const { run } = await serve();
    const file = workspace.write('all-broken.json', {
      connections: [
        { ...shop, config: {} },
        { ...blog, config: {} },
      ],
    });
    const { code, stderr } = await run('work', '--config', file, '--until-idle');
    expect(code).toBe(78);
    expect(stderr).toMatch(/connections\.0\.config\.apiKey[^]*connections\.1\.config\.apiKey/);
  });

  test('keeps the order of every Adjust device across many puts', async () => {
    const adjust = accounts.find(({ slug }) => slug === 'adjust');
    if (adjust === undefined) throw new Error('no account at Adjust');
    const store = createStore(workspace, `store-${++stores}`);
    vendor = await adjust.start({ seed: 5, faults: { rate: 0.2, weights: { 'error-500': 1, 'throttled-429': 1 } } });
    const file = workspace.write('phones.json', {
      connections: [{ id: 'phones', destination: 'adjust', config: adjust.config }],
    });
    const lines = [...generateLines({ count: 120, mix: adjust.mix, phones: 10, startTime: Date.now() - 600_000 })];
    for (let from = 0; from < 120; from += 20)
      await store.enqueue('phones', file, lines.slice(from, from + 20).join(''));
    expect(await store.run('work', '--config', file, '--until-idle', '--origin', vendor.origin)).toMatchObject({
      code: 0,
    });
    expect(vendor.ledger.distinct()).toBe(120);
    expect(vendor.ledger.duplicates()).toBe(0);
    expect(vendor.ledger.orderViolations()).toBe(0);
  }, 60_000);

  test.each([
    ['nothing=http://127.0.0.1:1', 'no connection has the destination "nothing"'],
    ['mailbox=ftp://127.0.0.1', 'origin'],
  ])('--origin %s is a usage error', async (origin, why) => {
    const { run } = await serve();
    const { code, stderr } = await run('work', '--config', config, '--origin', origin);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});

describe('beside a running work', () => {
  test('enqueue puts, and it is delivered; the other commands answer, too', async () => {
    const { store, enqueue, args, run, backlog, dead, server: mail } = await serve();
    await enqueue('shop', config, eventLines(10));
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = box.run(...args, '--store', store, '--json');
    while (mail.received.length < 10) await new Promise((resolve) => void setTimeout(resolve, 5));
    const more = `${eventLines(50, 11)}${eventLine('m-61', 'Broken')}\n${eventLine('m-62', 'Broken')}\n`;
    expect(await enqueue('shop', config, more)).toMatchObject({ code: 1 });
    expect((await enqueue('shop', config, more)).stderr).toContain('0 kept, 52 duplicates');
    while (mail.received.length < 60) await new Promise((resolve) => void setTimeout(resolve, 5));
    expect((await dead()).map(({ id }) => id)).toEqual(['m-61', 'm-62']);
    expect(await run('dead', 'drop', 'm-61', '--yes')).toMatchObject({ code: 0, stdout: '1 dropped\n' });
    expect(await run('dead', 'requeue', 'm-62')).toMatchObject({ code: 0, stdout: '1 requeued\n' });
    while ((await backlog('shop'))?.waiting !== 0) await new Promise((resolve) => void setTimeout(resolve, 20));
    expect(await dead()).toMatchObject([{ id: 'm-62', attempts: 1 }]);
    const again = ['replay', 'shop', '--config', config, '--from', '2020-01-01'];
    expect(await run(...again)).toMatchObject({ code: 0, stdout: '60 requeued\n' });
    while (mail.received.length < 120) await new Promise((resolve) => void setTimeout(resolve, 5));
    // Another worker is not what helps.
    expect(await run(...args, '--until-idle', '--wait', '0')).toMatchObject({ code: 75 });
    box.send('SIGTERM');
    const { code, stdout } = await ran;
    expect(code).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({ connections: [{ delivered: 120, dead: 1, waiting: 0 }, {}] });
    expect(await backlog('shop')).toMatchObject({ waiting: 0, dead: 1 });
  });

  test('enqueue with other settings looks at what waits, and is refused where that would move to other lanes', async () => {
    const { store, enqueue, args, server: mail } = await serve(() => ({ status: 503 }));
    await enqueue('shop', config, eventLines(10));
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = box.run(...args, '--store', store);
    while (mail.batches === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    const renewed = workspace.write('renewed.json', {
      destination: 'mailbox',
      config: { ...testSettings, apiKey: 'key-example-2' },
    });
    expect(await enqueue('shop', renewed, eventLines(1, 11))).toMatchObject({ code: 0 });
    const moving = workspace.write('moving.json', {
      destination: 'mailbox',
      config: testSettings,
      options: { mapping: { set: { event: 'Certified' } } },
    });
    expect(await enqueue('shop', moving, eventLines(1, 12))).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('shop: 11 events wait; these settings would move them to other lanes'),
    });
    expect(await enqueue('shop', config, eventLines(1, 12))).toMatchObject({ code: 0 });
    expect(await enqueue('shop', config, '', '--max-bytes', '5GB', '--wait', '0')).toMatchObject({
      code: 75,
      stderr: expect.stringContaining('keeps the limit of 1073741824 bytes that it has'),
    });
    box.send('SIGTERM');
    await ran;
  });
});

describe('a signal', () => {
  /** Works on 300 letters; the signal comes when some batches have arrived. */
  async function interrupted(
    afterMs: number,
    flags: string[],
    during: (box: ReturnType<typeof fakeTerminal>) => void | Promise<void>,
  ) {
    const there = await serve(() => ({ afterMs }));
    await there.enqueue('shop', config, eventLines(300));
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = box.run(...there.args, '--store', there.store, '--json', ...flags);
    while (there.server.batches < 4) await new Promise((resolve) => void setTimeout(resolve, 5));
    await during(box);
    return { ...there, box, ...(await ran) };
  }

  test('ends with what is in flight settled, the rest in the queue, and nothing is sent twice after it', async () => {
    const {
      code,
      stdout,
      stderr,
      backlog,
      work,
      box,
      server: mail,
    } = await interrupted(300, [], ({ send }) => send('SIGTERM'));
    const [{ delivered, waiting }] = (JSON.parse(stdout) as { connections: [{ delivered: number; waiting: number }] })
      .connections;
    expect(code).toBe(143);
    expect(delivered).toBe(mail.received.length);
    expect(delivered).toBeGreaterThan(0);
    expect(waiting).toBe(300 - delivered);
    expect(waiting).toBeGreaterThan(0);
    expect(stderr).toBe(`spillway: stopped by SIGTERM: ${waiting} events stay in the queue\n`);
    expect(box).toMatchObject({ exits: [], listening: 0 });
    expect(await backlog('shop')).toMatchObject({ waiting, done: delivered });
    expect(await work('--until-idle')).toMatchObject({ code: 0 });
    expect(mail.received).toHaveLength(300);
    expect(new Set(mail.received.map(({ id }) => id)).size).toBe(300);
  });

  test('that comes while old events are pruned does not wait for that', async () => {
    const { store, args, run } = await serve();
    const queue = await openQueue({ path: store });
    const skipped = { kind: 'skipped', eventId: '', reason: { code: 'unmapped_event', message: 'No.' } } as const;
    for (let put = 0; put < 20_000; put += 10_000)
      await queue.put(
        'shop',
        Array.from({ length: 10_000 }, (_, n) => ({
          id: `old-${put + n}`,
          event: { type: 'track', event: 'Letter Sent' },
          acceptedAt: 0,
          outcome: skipped,
        })),
      );
    await queue.close();
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = box.run(...args, '--store', store, '--keep', '0', '--quiet');
    while (box.listening === 0) await new Promise((resolve) => void setTimeout(resolve, 1));
    box.send('SIGTERM');
    expect(await ran).toMatchObject({
      code: 143,
      stderr: 'spillway: stopped by SIGTERM: 0 events stay in the queue\n',
    });
    const { stdout } = await run('queue', 'status', '--json');
    const [{ done }] = (JSON.parse(stdout) as { connections: [{ done: number }] }).connections;
    expect(done).toBeGreaterThan(5_000);
  });

  test('ends the process when --grace is over, though the vendor has not answered', async () => {
    const { box, stderr } = await interrupted(1_500, ['--grace', '200'], ({ send }) => send('SIGTERM'));
    expect(box.exits).toEqual([143]);
    expect(stderr).toContain('200 ms after SIGTERM, the vendor has not answered yet');
  });

  test('that comes a second time ends the process at once', async () => {
    const { box } = await interrupted(1_000, [], async ({ send }) => {
      send('SIGINT');
      await new Promise((resolve) => void setTimeout(resolve, 300));
      send('SIGINT');
    });
    expect(box.exits).toEqual([130]);
  });
});
