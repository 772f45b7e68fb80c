import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { accounts } from '../support/simulators/accounts.ts';
import { fakeTerminal, type Ran } from '../support/cli/fake-terminal.ts';
import { openStore } from '../../core/queue/index.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const adjust = accounts.find(({ slug }) => slug === 'adjust');
const mailbox = { id: 'shop', destination: 'mailbox', config: testSettings };
const before = workspace.write('before.json', { connections: [mailbox] });
const after = workspace.write('after.json', {
  connections: [{ id: 'shop', destination: 'adjust', config: adjust?.config }],
});
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

let leave: (() => Promise<void>) | undefined;
afterEach(async () => {
  await leave?.();
  leave = undefined;
});

let stores = 0;
/** Two dead letters and one done, put for the mailbox under an id that delivers to Adjust now, and a dead letter of that. */
async function moved(beside: boolean) {
  const store = createStore(workspace, `store-${++stores}`);
  const first = [eventLine('dead-1', 'Broken'), eventLine('dead-2', 'Broken'), eventLine('done', 'Ignored')];
  await store.enqueue('shop', before, first.join('\n'));
  await pause(2);
  const changedAt = new Date().toISOString();
  if (beside) {
    const vendor = await adjust?.start({});
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const origin = ['--origin', `adjust=${vendor?.origin}`];
    const ran = box.run('work', '--store', store.store, '--config', after, ...origin, '--quiet');
    leave = async () => {
      box.send('SIGTERM');
      await ran;
      await vendor?.close();
    };
    while ((await store.backlog('shop'))?.state !== 'idle') await pause(20);
  }
  await store.enqueue('shop', after, '42\n');
  const owner = await openStore({ path: store.store, share: true });
  const status = await owner.status('shop');
  const since = status.connections[0]?.registered?.former?.[0]?.until ?? 0;
  await owner.close();
  return { ...store, changedAt, since: new Date(since).toISOString() };
}

const besides = [
  ['without a worker', false],
  ['beside a worker', true],
] as const;

describe.each(besides)('an id that got another destination, %s', (_, beside) => {
  test('F-97 revives no dead letter of the former one, and says which it can', async () => {
    const { run, dead, backlog, since, changedAt } = await moved(beside);
    expect(since >= changedAt).toBe(true);
    const refused = {
      code: 78,
      stdout: '',
      stderr: `spillway: shop delivers to adjust, but some of these dead letters were enqueued for another destination: 2 for mailbox. Nothing was requeued
  to requeue those given up since the change: --connection shop --since ${since}
  to send the others, enqueue them under another connection id (spillway dead export --events, then enqueue); to give them up: spillway dead drop
`,
    };
    expect(await run('dead', 'requeue')).toEqual(refused);
    expect(await run('dead', 'requeue', '--dry-run')).toEqual(refused);
    expect(await run('dead', 'requeue', '--reason', 'internal_error')).toEqual(refused);
    expect(await run('dead', 'requeue', 'dead-1')).toMatchObject({ code: 78 });
    expect(await backlog('shop')).toMatchObject({ destination: 'adjust', waiting: 0, dead: 3 });
    expect(await run('dead', 'requeue', '--connection', 'shop', '--since', since, '--config', after)).toMatchObject({
      code: 0,
      stdout: '1 requeued\n',
    });
    const left = (await dead()).filter(({ id }) => !id.startsWith('line:')).map(({ id }) => id);
    expect(left).toEqual(['dead-1', 'dead-2']);
    expect(await run('dead', 'drop', 'dead-1', '--yes')).toMatchObject({ code: 0 });
  });

  test('F-97 replays nothing that the former one got', async () => {
    const { run, backlog, since, changedAt } = await moved(beside);
    const replay = (...flags: string[]): Promise<Ran> => run('replay', 'shop', '--config', after, ...flags, '--force');
    const refused = {
      code: 78,
      stdout: '',
      stderr: `spillway: shop delivers to adjust, but delivered to mailbox until ${since}. Nothing was replayed
  to replay what was delivered since the change: --from ${since}
`,
    };
    expect(await replay('--from', '2020-01-01')).toEqual(refused);
    expect(await replay('--from', '2020-01-01', '--to', changedAt)).toEqual(refused);
    expect(await backlog('shop')).toMatchObject({ waiting: 0, done: 1 });
    expect(await replay('--from', since)).toMatchObject({ code: 0, stdout: '0 requeued\n' });
  });

  test('F-97 revives and replays with no settings but those of its destination', async () => {
    const { run } = await moved(beside);
    expect(await run('dead', 'requeue', '--config', before)).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(
        'shop: its delivered events and dead letters were enqueued for adjust, not for mailbox',
      ),
    });
    expect(await run('replay', 'shop', '--config', before, '--from', '2020-01-01')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(
        'shop: its delivered events and dead letters were enqueued for adjust, not for mailbox',
      ),
    });
  });

  test('F-97 that has its first destination again revives what that one got', async () => {
    const { run, enqueue, dead } = await moved(beside);
    await leave?.();
    leave = undefined;
    await enqueue('shop', before, eventLine('dead-3', 'Broken'));
    expect(await run('dead', 'requeue', '--reason', 'internal_error')).toMatchObject({
      code: 0,
      stdout: '3 requeued\n',
    });
    expect(await run('dead', 'requeue')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('enqueued for another destination: 1 for adjust'),
    });
    expect(await dead()).toHaveLength(1);
  });
});

test('F-97 beside a worker, enqueue puts nothing for another destination than the one it delivers to', async () => {
  const { run, enqueue } = await moved(true);
  expect(await enqueue('shop', before, eventLines(2))).toMatchObject({
    code: 78,
    stderr: expect.stringContaining(
      'shop: the running spillway work delivers it to adjust, not to mailbox\n  use another connection id',
    ),
  });
  expect((await run('queue', 'status')).stdout).toMatch(/^shop +adjust +0 /m);
});
