// Tests core/hosts/cli/queue/purge.ts, and core/hosts/cli/queue/work.ts beside connections it does not know.
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const single = workspace.write('mailbox.json', { destination: 'mailbox', config: testSettings });
const named = workspace.write('work.json', {
  connections: [
    { id: 'shop', destination: 'mailbox', config: testSettings },
    { id: 'held', destination: 'mailbox', config: { owner: 'ann' } },
  ],
});
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

let leave: (() => Promise<void>) | undefined;
afterEach(async () => {
  await leave?.();
  leave = undefined;
});

let stores = 0;
/** Of `renamed`, one event waits, one is done, two are dead letters; a `work` beside it names others, if any. */
async function standing(beside: boolean) {
  const store = createStore(workspace, `store-${++stores}`);
  const all = [
    eventLine('m-1'),
    eventLine('m-2', 'Ignored'),
    eventLine('m-3', 'Broken'),
    eventLine('m-4', 'Broken'),
  ].join('\n');
  await store.enqueue('renamed', single, all);
  await store.enqueue('held', single, eventLines(1));
  if (beside) {
    const server = await startVendorServer(() => ({}));
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const origin = ['--origin', `mailbox=${server.origin}`];
    const ran = box.run('work', '--store', store.store, '--config', named, ...origin, '--quiet');
    leave = async () => {
      box.send('SIGTERM');
      await ran;
      await server.stop();
    };
    while ((await store.backlog('held'))?.state !== 'held') await pause(20);
  }
  return { ...store, all };
}

describe('a connection that nobody works on', () => {
  test('F-97 stands in queue status as a stranger, beside a worker that does not name it', async () => {
    const { run, backlog } = await standing(true);
    expect(await backlog('renamed')).toMatchObject({ state: 'stranger', reason: null, waiting: 1, dead: 2 });
    const { stdout } = await run('queue', 'status');
    expect(stdout).toContain(
      'renamed: stranger: the running spillway work does not deliver for it; name it in the file of that, or drop it with spillway queue purge\n',
    );
    expect(stdout).not.toContain('held: stranger');
  });

  test('F-97 without a worker, nobody is a stranger', async () => {
    const { run, backlog } = await standing(false);
    expect(await backlog('renamed')).toMatchObject({ state: 'unattended' });
    expect((await run('queue', 'status')).stdout).not.toContain('stranger');
  });

  test('F-97 is said to whom it is enqueued for, beside a worker', async () => {
    const { enqueue, backlog } = await standing(true);
    const said =
      'spillway: the running spillway work does not deliver for renamed: its events wait until the file of spillway work names it\n';
    expect(await enqueue('renamed', single, eventLines(1, 11), '--quiet')).toMatchObject({ code: 0, stderr: said });
    expect(await enqueue('shop', named, eventLines(1, 11), '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expect(await backlog('renamed')).toMatchObject({ waiting: 2 });
  });

  test('F-97 is said when it is new in a store, and no file of many connections names it', async () => {
    const { enqueue } = await standing(false);
    expect(await enqueue('renamde', single, eventLines(1), '--quiet')).toMatchObject({
      code: 0,
      stderr: 'spillway: renamde is a new connection id in this store, which has: held, renamed\n',
    });
    expect(await enqueue('renamde', single, eventLines(1, 2), '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expect(await enqueue('shop', named, eventLines(1), '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expect(await enqueue('psot', named, eventLines(1), '--quiet')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('work.json has no connection "psot"'),
    });
  });

  test.each([
    ['without a worker', false],
    ['beside a worker', true],
  ])('F-97 goes with queue purge, %s, once that is meant, and nothing of another does', async (_, beside) => {
    const { run, enqueue, backlog, dead, all } = await standing(beside);
    expect(await run('queue', 'purge', 'renamed')).toEqual({
      code: 0,
      stdout:
        'renamed: 1 waiting events, 2 dead letters and 1 events kept for replay would be dropped for good; confirm with --yes\n',
      stderr: '',
    });
    expect(await backlog('renamed')).toMatchObject({ waiting: 1, dead: 2, done: 1 });
    expect(await run('queue', 'purge', 'renamed', '--yes')).toEqual({
      code: 0,
      stdout: 'renamed: 4 dropped\n',
      stderr: '',
    });
    expect(await backlog('renamed')).toMatchObject({ destination: null, waiting: 0, dead: 0, done: 0 });
    expect(await backlog('held')).toMatchObject({ destination: 'mailbox', waiting: 1 });
    expect(await dead()).toEqual([]);
    expect((await enqueue('renamed', single, all, '--json')).stdout).toContain('"accepted":4,"duplicates":0');
  });

  test('F-97 is no stranger where the running worker names it, though it cannot be worked on', async () => {
    const { run, backlog } = await standing(true);
    for (const id of ['shop', 'held'])
      expect([id, await run('queue', 'purge', id, '--yes')]).toMatchObject([
        id,
        { code: id === 'shop' ? 2 : 78, stdout: '', stderr: expect.stringContaining(id) },
      ]);
    expect(await backlog('held')).toMatchObject({ waiting: 1 });
    expect(await run('queue', 'purge', 'nobody')).toMatchObject({
      code: 2,
      stderr: 'spillway: the store has no connection "nobody"; expected one of: held, renamed\n',
    });
  });
});
