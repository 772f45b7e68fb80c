import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { accounts } from '../support/simulators/accounts.ts';
import { generateLines } from '../../core/testing/simulators/index.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', { destination: 'mailbox', config: testSettings });
const adjust = accounts.find(({ slug }) => slug === 'adjust');
const phones = workspace.write('phones.json', { destination: 'adjust', config: adjust?.config });

let stores = 0;
/** Two dead letters of `shop`, one of `blog`, each for a defect of the mailbox, and one event that waits. */
async function storeOfDead() {
  const store = createStore(workspace, `store-${++stores}`);
  const broken = (id: string, email: string) =>
    JSON.stringify({ type: 'track', event: 'Broken', messageId: id, properties: { email } });
  await store.enqueue(
    'shop',
    config,
    [broken('m-1', 'ann@example.com'), eventLine('m-2'), broken('m-3', 'bob@example.com')].join('\n'),
  );
  await store.enqueue('blog', config, `${broken('d-1', 'cid@example.com')}\n42\n`);
  return store;
}

describe('spillway dead list', () => {
  test('shows which dead letters there are and why, and nothing of what stands in them', async () => {
    const { run } = await storeOfDead();
    const { code, stdout } = await run('dead', 'list');
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(
      'CONNECTION  SEQ  ID                                       WHY                       ATTEMPTS  TIME',
    );
    expect(stdout).toMatch(/^shop +\d+ +m-1 +rejected: internal_error +0 +\d{4}-\d\d-\d\dT/m);
    expect(stdout).toMatch(/^blog +\d+ +line:2:[0-9a-f]{32} +rejected: invalid_value +0 /m);
    const json = await run('dead', 'list', '--json');
    expect(stdout + json.stdout).not.toContain('example.com');
  });

  test('--connection, --reason and --since choose among them', async () => {
    const { dead, run } = await storeOfDead();
    const ids = async (...flags: string[]): Promise<string[]> => (await dead(...flags)).map(({ id }) => id).sort();
    expect(await ids('--connection', 'shop')).toEqual(['m-1', 'm-3']);
    expect(await ids('--reason', 'internal_error')).toEqual(['d-1', 'm-1', 'm-3']);
    expect(await ids('--since', '2100-01-01')).toEqual([]);
    expect(await ids('--since', '2020-01-01T00:00:00Z', '--connection', 'blog', '--reason', 'internal_error')).toEqual([
      'd-1',
    ]);
    expect(await run('dead', 'list', '--connection', 'nobody')).toMatchObject({
      code: 2,
      stderr: 'spillway: the store has no connection "nobody"; expected one of: blog, shop\n',
    });
    expect(await run('dead', 'list', '--reason', 'tired')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected one of: unsupported_event'),
    });
    expect(await run('dead', 'list', '--since', '2026-01-01T10:00')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('with a zone'),
    });
  });

  test('says so when there are none', async () => {
    const store = createStore(workspace, `store-${++stores}`);
    await store.enqueue('shop', config, eventLine('m-1'));
    expect(await store.run('dead', 'list')).toMatchObject({ code: 0, stdout: 'no dead letters\n' });
  });
});

describe('spillway dead show', () => {
  test('prints a dead letter with its event, by id or by number', async () => {
    const { run, dead } = await storeOfDead();
    const { code, stdout } = await run('dead', 'show', 'm-3');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      connection: 'shop',
      id: 'm-3',
      event: { type: 'track', messageId: 'm-3', properties: { email: 'bob@example.com' } },
      outcome: 'rejected',
      reason: { code: 'internal_error' },
      attempts: 0,
      configHash: '',
    });
    const [first] = await dead('--connection', 'blog');
    const byNumber = await run('dead', 'show', String(first?.seq), '--connection', 'blog');
    expect(JSON.parse(byNumber.stdout)).toMatchObject({ id: 'd-1' });
  });

  test('a name that no dead letter has is a usage error', async () => {
    const { run } = await storeOfDead();
    expect(await run('dead', 'show', 'm-2')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('no dead letter has this id'),
    });
  });
});

describe('spillway dead export', () => {
  test('prints all of them as NDJSON, or their events alone, which enqueue takes', async () => {
    const { run } = await storeOfDead();
    const whole = await run('dead', 'export', '--connection', 'shop');
    expect(
      whole.stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(['m-1', 'm-3']);
    const events = await run('dead', 'export', '--events', '--reason', 'internal_error');
    const other = createStore(workspace, `store-${++stores}`);
    expect(await other.enqueue('copy', config, events.stdout)).toMatchObject({
      stderr: expect.stringContaining('3 kept'),
    });
  });
});

describe('spillway dead requeue', () => {
  test('puts the chosen ones back into the queue; --dry-run only counts them', async () => {
    const { run, backlog, dead } = await storeOfDead();
    expect(await run('dead', 'requeue', '--connection', 'shop', '--dry-run')).toMatchObject({
      code: 0,
      stdout: '2 would be requeued\n',
    });
    expect(await backlog('shop')).toMatchObject({ waiting: 1, dead: 2 });
    expect(await run('dead', 'requeue', 'm-3')).toMatchObject({ code: 0, stdout: '1 requeued\n', stderr: '' });
    expect(await backlog('shop')).toMatchObject({ waiting: 2, dead: 1 });
    expect(await run('dead', 'requeue', '--reason', 'internal_error')).toMatchObject({ stdout: '2 requeued\n' });
    expect(await dead()).toMatchObject([{ connection: 'blog', reason: { code: 'invalid_value' } }]);
    expect(await run('dead', 'requeue', 'm-3')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no dead letter'),
    });
  });
});

describe('events that were refused on their way in', () => {
  test('leave after all once the settings are mended; without those, it is said that their order is lost', async () => {
    if (adjust === undefined) throw new Error('no account at Adjust');
    const { enqueue, run, backlog } = createStore(workspace, `store-${++stores}`);
    const tokens = adjust.config['eventTokens'] as Readonly<Record<string, string>>;
    const settings = { ...adjust.config, unmappedEvents: 'reject' };
    const file = (name: string, eventTokens: object): string =>
      workspace.write(name, {
        connections: [
          { id: 'phones', destination: 'adjust', config: { ...settings, eventTokens } },
          { id: 'shop', destination: 'mailbox', config: testSettings },
        ],
      });
    const before = file('before.json', Object.fromEntries(Object.entries(tokens).slice(0, 1)));
    const after = file('after.json', tokens);
    const lines = [...generateLines({ count: 60, mix: adjust.mix, startTime: Date.now() - 60_000 })].join('');
    await enqueue('phones', before, lines);
    const { dead = 0 } = (await backlog('phones')) ?? {};
    expect(dead).toBeGreaterThan(0);
    expect(dead).toBeLessThan(60);
    expect(await run('dead', 'requeue', '--connection', 'phones')).toMatchObject({
      stdout: `${dead} requeued\n`,
      stderr: `spillway: phones: ${dead} of them have no lane, so their order cannot be restored. Pass --config to compute one\n`,
    });
    const vendor = await adjust.start({});
    const origins = ['--origin', `adjust=${vendor.origin}`];
    expect(await run('work', '--config', after, '--until-idle', ...origins)).toMatchObject({ code: 0 });
    await vendor.close();
    expect(vendor.ledger.distinct()).toBe(60);
  });
});

describe('spillway replay', () => {
  const skipped = [eventLine('m-1', 'Ignored'), eventLine('m-2', 'Ignored'), eventLine('m-3')].join('\n');
  const today = new Date(Date.now() - 60_000).toISOString();

  test('puts what was done in that time into the queue once more', async () => {
    const { enqueue, run, backlog } = createStore(workspace, `store-${++stores}`);
    await enqueue('shop', config, skipped);
    const args = ['replay', 'shop', '--config', config];
    expect(await run(...args, '--from', '2020-01-01', '--to', '2020-01-02')).toMatchObject({
      stdout: '0 requeued\n',
    });
    expect(await run(...args, '--from', today)).toMatchObject({ code: 0, stdout: '2 requeued\n' });
    expect(await backlog('shop')).toMatchObject({ waiting: 3 });
    expect(await run(...args, '--from', today, '--to', '2020-01-01')).toMatchObject({
      code: 2,
      stderr: 'spillway: --to is before --from\n',
    });
    expect(await run('replay', 'nobody', '--config', config, '--from', today)).toMatchObject({ code: 2 });
  });

  test('is refused, with the reasons, where a repeat does harm or an order would be lost, unless it is forced', async () => {
    const { enqueue, run } = createStore(workspace, `store-${++stores}`);
    const lines = [...generateLines({ count: 5, mix: adjust?.mix ?? {}, startTime: Date.now() - 60_000 })].join('');
    await enqueue('phones', phones, lines);
    const args = ['replay', 'phones', '--config', phones, '--from', today];
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('phones is not replayed: Adjust counts an event as often as it arrives');
    expect(stderr).toContain('its events must keep their order');
    expect(await run(...args, '--force')).toMatchObject({ code: 0, stdout: '0 requeued\n' });
  });
});

describe('spillway queue status', () => {
  test('shows each connection, and how full the store is', async () => {
    const { run } = await storeOfDead();
    const { code, stdout } = await run('queue', 'status');
    expect(code).toBe(0);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^CONNECTION +DESTINATION +WAITING +OLDEST +DEAD +DONE$/);
    expect(rows[0]).toMatch(/^blog +mailbox +0 +- +2 +0$/);
    expect(rows[1]).toMatch(/^shop +mailbox +1 +\d+ m?s +2 +0$/);
    expect(rows[2]).toMatch(/^\d+ of \d+ bytes \(\d+\.\d %\)$/);
  });

  test('a store that is not there is a usage error, and is not made by looking', async () => {
    const { run, store } = createStore(workspace, 'nowhere');
    for (const command of [
      ['queue', 'status'],
      ['dead', 'list'],
      ['work', '--config', config],
    ])
      expect([command, await run(...command)]).toMatchObject([command, { code: command[0] === 'work' ? 78 : 2 }]);
    expect((await run('queue', 'status')).stderr).toBe(
      `spillway: there is no store at ${store}; spillway enqueue creates one\n`,
    );
  });
});
