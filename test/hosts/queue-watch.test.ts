// Tests core/hosts/cli/queue/work-log.ts, core/hosts/cli/queue/hold-text.ts and core/hosts/cli/queue/status.ts.
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { createWorkLog } from '../../core/hosts/cli/queue/work-log.ts';
import { openStore, type HoldChange, type WorkerState } from '../../core/queue/index.ts';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';
import { startVendorServer, type Answer, type ReceivedItem } from '../support/cli/vendor-server.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('work.json', {
  connections: [
    { id: 'shop', destination: 'mailbox', config: testSettings },
    { id: 'blog', destination: 'mailbox', config: testSettings },
  ],
});
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

let leave: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const one of leave) await one();
  leave = [];
});

let stores = 0;
/** A `work` under way, before a vendor that answers so. */
async function working(answer: (letters: readonly ReceivedItem[]) => Answer, ...flags: string[]) {
  const store = createStore(workspace, `store-${++stores}`);
  await store.enqueue('shop', config, eventLines(30));
  const server = await startVendorServer(answer);
  const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
  const origin = ['--origin', `mailbox=${server.origin}`];
  const ran = box.run('work', '--store', store.store, '--config', config, ...origin, ...flags);
  leave.push(async () => {
    box.send('SIGTERM');
    await ran;
    await server.stop();
  });
  const stderr = (): string => box.told().stderr;
  const says = async (text: string | RegExp): Promise<void> => {
    while (stderr().search(text) === -1) await pause(10);
  };
  const status = async () => {
    const { stdout } = await store.run('queue', 'status', '--json');
    return JSON.parse(stdout) as Status;
  };
  return { ...store, server, box, ran, stderr, says, status };
}

interface Status {
  readonly worker: { readonly pid: number; readonly startedAt: string } | null;
  readonly bytesOnDisk: number;
  readonly freeBytes: number;
  readonly connections: readonly ({ readonly connection: string; readonly state: string } & Record<string, unknown>)[];
}
const of = ({ connections }: Status, id: string) => connections.find(({ connection }) => connection === id);

describe('a running work', () => {
  test('F-92 says once that the credentials are refused, and queue status says so, until when, and what was last', async () => {
    const { says, stderr, status, run } = await working(() => ({ status: 401 }), '--quiet');
    await says('shop is held');
    expect(stderr()).toMatch(
      /^spillway: shop is held: the vendor refuses the credentials \(unauthorized\); next try at \S+Z\n$/,
    );
    const now = await status();
    expect(now).toMatchObject({ worker: { pid: process.pid, startedAt: time } });
    expect(now.bytesOnDisk).toBeGreaterThan(10_000);
    expect(now.freeBytes).toBeGreaterThan(0);
    expect(of(now, 'shop')).toMatchObject({
      state: 'held',
      reason: { cause: 'suspended', code: 'unauthorized' },
      since: time,
      until: time,
      lastDelivered: null,
      lastError: { at: time, outcome: 'suspended', code: 'unauthorized', status: 401 },
      perSecond: 0,
      etaMs: null,
      waiting: 30,
      deadByReason: {},
    });
    const { stdout } = await run('queue', 'status');
    expect(stdout).toMatch(/^\d+ bytes on disk, \d+ free$/m);
    expect(stdout).toMatch(/^spillway work is running as process \d+ since \S+Z$/m);
    expect(stdout).toMatch(
      /^shop: held since \S+Z: the vendor refuses the credentials \(unauthorized\); next try at \S+Z; 0 events\/s; no estimate; last delivered never; last error suspended: unauthorized \(HTTP 401\) at \S+Z$/m,
    );
  });

  test('F-92 says when a vendor that was down is tried again, when it goes on, and nothing in between', async () => {
    let down = true;
    const { says, stderr, status } = await working(() => ({ status: down ? 503 : 200 }), '--quiet');
    await says('shop is held');
    expect(of(await status(), 'shop')).toMatchObject({
      state: 'held',
      reason: { cause: 'unreachable', code: 'vendor_unavailable' },
      lastError: { outcome: 'deferred', code: 'vendor_unavailable', status: 503 },
    });
    await pause(5_000);
    down = false;
    await says('continues');
    const [held, resumed, ...more] = stderr().trimEnd().split('\n');
    expect(held).toMatch(/^spillway: shop is held: the vendor cannot be reached, .* \(vendor_unavailable\); next try/);
    expect(resumed).toMatch(/^spillway: shop continues after \d+ s$/);
    expect(more).toEqual([]);
    while (of(await status(), 'shop')?.['waiting'] !== 0) await pause(50);
    const after = of(await status(), 'shop');
    expect(after).toMatchObject({ state: 'idle', reason: null, until: null, lastDelivered: time, etaMs: 0 });
    expect(after?.['perSecond']).toBeGreaterThan(0);
  });

  test('F-92 --log json says the same to machines, a line each, and its remarks, too', async () => {
    const { says, stderr, box, ran } = await working(() => ({ status: 401 }), '--log', 'json', '--quiet');
    await says('"held"');
    box.send('SIGTERM');
    expect(await ran).toMatchObject({ code: 143 });
    expect(
      stderr()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      { time, event: 'held', connection: 'shop', cause: 'suspended', reason: 'unauthorized', until: time },
      { time, event: 'remark', message: 'stopped by SIGTERM: 30 events stay in the queue' },
    ]);
  });

  test('F-92 says nothing while all goes well', async () => {
    const { stderr, server: mail } = await working(() => ({}), '--quiet');
    while (mail.received.length < 30) await pause(10);
    await pause(300);
    expect(stderr()).toBe('');
  });

  test('F-92 counts dead letters by their reason, with a worker and without', async () => {
    const { enqueue, status, box, ran, run } = await working(() => ({}), '--quiet');
    await enqueue('blog', config, `${eventLine('a', 'Broken')}\n42\n${eventLine('b', 'Broken')}\n`);
    const counts = of(await status(), 'blog')?.['deadByReason'] as Record<string, number>;
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(3);
    box.send('SIGTERM');
    await ran;
    const without = await status();
    expect(without.worker).toBeNull();
    expect(of(without, 'blog')).toMatchObject({
      state: 'unattended',
      deadByReason: counts,
      perSecond: null,
      etaMs: null,
    });
    expect((await run('queue', 'status')).stdout).toMatch(/^blog: dead letters by reason: internal_error 2, /m);
  });

  test('F-92 on a terminal its lines stand above the board', async () => {
    const store = createStore(workspace, `store-${++stores}`);
    await store.enqueue('shop', config, eventLines(30));
    const server = await startVendorServer(() => ({ status: 401 }));
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations, TERM: 'xterm' });
    Object.assign(box.terminal.stderr, { isTTY: true, columns: 200 });
    const ran = box.run('work', '--store', store.store, '--config', config, '--origin', `mailbox=${server.origin}`);
    leave.push(() => server.stop());
    while (!box.told().stderr.includes('shop is held')) await pause(20);
    box.send('SIGTERM');
    expect(await ran).toMatchObject({ code: 143 });
  });

  test('F-92 --log takes no other form', async () => {
    const { run } = createStore(workspace, 'none');
    expect(await run('work', '--config', config, '--log', 'xml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--log: unknown form "xml"; expected one of: text, json'),
    });
  });
});

/** What the log prints of these, on standard error. */
async function printed(changes: readonly HoldChange[], form: 'text' | 'json' = 'text'): Promise<string> {
  const box = fakeTerminal('', {});
  const log = createWorkLog(box.terminal.stderr, form, { kind: 'directory', name: '/', path: '/' });
  for (const change of changes) log.change(change);
  await pause(10);
  return box.told().stderr;
}

test('F-83 what our own pace holds is told apart from a pause that the vendor asked for', async () => {
  const held = { kind: 'held', code: 'rate_limited', until: 560_000 } as const;
  expect(
    await printed([
      { ...held, connection: 'own', cause: 'paced' },
      { ...held, connection: 'vendor', cause: 'throttled' },
    ]),
  ).toBe(
    'spillway: own is held: its own pace lets nothing leave yet (rate_limited); next try at 1970-01-01T00:09:20.000Z\n' +
      'spillway: vendor is held: the vendor asked for a pause (rate_limited); next try at 1970-01-01T00:09:20.000Z\n',
  );
});

test('F-92 a full disk is one line, and one when it has room again for all, however many workers say so', async () => {
  const full = [
    { kind: 'disk_full', connection: 'shop' },
    { kind: 'disk_full', connection: 'blog' },
    { kind: 'disk_freed', connection: 'shop' },
    { kind: 'disk_full', connection: 'shop' },
    { kind: 'disk_freed', connection: 'blog' },
    { kind: 'disk_freed', connection: 'shop' },
  ] as const;
  expect(await printed(full)).toMatch(
    /^spillway: the disk is full: \d+ bytes free at \/\nspillway: the disk accepts writes again at \/\n$/,
  );
  const lines = (await printed(full, 'json')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    { time, event: 'disk_full', freeBytes: expect.any(Number), path: '/' },
    { time, event: 'disk_freed', path: '/' },
  ]);
});

describe('a vendor that is out of order in part', () => {
  test('F-92 is told of in a line when it begins, and in one when it is over', async () => {
    expect(
      await printed([
        { kind: 'partial_outage', connection: 'shop', events: 40 },
        { kind: 'partial_outage_over', connection: 'shop', afterMs: 32_000 },
      ]),
    ).toBe(
      'spillway: shop: the vendor is partly down: 40 events fail at every attempt while others succeed; they wait until they are too old\n' +
        'spillway: shop: the vendor is no longer partly down, after 32 s\n',
    );
  });

  test('F-92 stands in queue status, for people and for machines', async () => {
    const { store, run, backlog } = createStore(workspace, `store-${++stores}`);
    mkdirSync(store);
    const worker: WorkerState = {
      state: 'working',
      reason: null,
      since: null,
      until: null,
      lastDelivered: null,
      lastError: null,
      failing: { events: 40, partial: true },
      perSecond: 0,
      etaMs: null,
    };
    const owner = await openStore({ path: store });
    const events = [{ id: 'a', acceptedAt: Date.now(), event: { type: 'track', event: 'x', messageId: 'a' } }] as const;
    await owner.put([{ connection: 'shop', events }]);
    const status = await owner.status();
    const workers = { shop: { destination: 'mailbox', ...worker } };
    jest.spyOn(owner, 'status').mockResolvedValue({ ...status, processes: [{ ...status.processes[0]!, workers }] });
    expect(await backlog('shop')).toMatchObject({ state: 'working', failing: { events: 40, partial: true } });
    expect((await run('queue', 'status')).stdout).toContain(
      '; the vendor is partly down: 40 events fail at every attempt while others succeed; last delivered',
    );
    await owner.close();
  });
});
