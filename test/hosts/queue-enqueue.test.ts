import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { accounts } from '../support/simulators/accounts.ts';
import { generateLines } from '../../core/testing/simulators/index.ts';
import { fakeTerminal, spillway } from '../support/cli/fake-terminal.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', { destination: 'mailbox', config: testSettings });
const adjust = accounts.find(({ slug }) => slug === 'adjust');
const workFile = workspace.write('work.json', {
  connections: [
    { id: 'shop', destination: 'mailbox', config: testSettings },
    { id: 'phones', destination: 'adjust', config: adjust?.config },
  ],
});
let stores = 0;
const freshStore = () => createStore(workspace, `store-${++stores}`);

describe('spillway enqueue', () => {
  test('keeps every event, and says how many; the same file again is a no-op', async () => {
    const { enqueue, backlog } = freshStore();
    expect(await enqueue('shop', config, eventLines(1_200))).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'shop (mailbox): 1200 kept, 0 duplicates\n',
    });
    expect(await backlog('shop')).toMatchObject({ destination: 'mailbox', waiting: 1_200, done: 0, dead: 0 });
    const again = await enqueue('shop', config, eventLines(1_201), '--json');
    expect(JSON.parse(again.stdout)).toEqual({
      connection: 'shop',
      destination: 'mailbox',
      in: 1_201,
      accepted: 1,
      duplicates: 1_200,
      skipped: 0,
      rejected: 0,
      reasons: {},
      unreadable: 0,
    });
    expect(await backlog('shop')).toMatchObject({ waiting: 1_201 });
  });

  test('F-50 two ids beyond 2^53 that are one number to JavaScript are two events', async () => {
    const { enqueue, backlog } = freshStore();
    const line = (id: string): string => `{"type":"track","event":"Letter Sent","messageId":${id}}\n`;
    const { stderr } = await enqueue('shop', config, line('9007199254740992') + line('9007199254740993'));
    expect(stderr).toContain('2 kept, 0 duplicates');
    expect(await backlog('shop')).toMatchObject({ waiting: 2, dead: 0 });
  });

  test('an event without messageId is known by its line and content, so that its file can be put again', async () => {
    const { enqueue, backlog } = freshStore();
    const line = JSON.stringify({ type: 'track', event: 'Letter Sent' });
    await enqueue('shop', config, `${line}\n${line}\n`);
    expect((await enqueue('shop', config, `${line}\n${line}\n`)).stderr).toContain('0 kept, 2 duplicates');
    expect(await backlog('shop')).toMatchObject({ waiting: 2 });
  });

  test.each([['null'], ['0000'], [' '], [true]])(
    'F-52 a messageId that is none, such as %j, is no event that is here already',
    async (messageId) => {
      const { enqueue, backlog } = freshStore();
      const event = (name: string): string => JSON.stringify({ type: 'track', event: name, messageId });
      const lines = `${event('One')}\n${event('Another')}\n`;
      expect((await enqueue('shop', config, lines)).stderr).toContain('2 kept, 0 duplicates');
      expect((await enqueue('shop', config, lines)).stderr).toContain('0 kept, 2 duplicates');
      expect(await backlog('shop')).toMatchObject({ waiting: 2 });
    },
  );

  test('a messageId longer than a key may be is as good as any', async () => {
    const { enqueue, backlog } = freshStore();
    const long = `${'x'.repeat(9_000)}`;
    await enqueue('shop', config, `${eventLine(`${long}1`)}\n${eventLine(`${long}2`)}\n`);
    expect((await enqueue('shop', config, eventLine(`${long}1`))).stderr).toContain('0 kept, 1 duplicates');
    expect(await backlog('shop')).toMatchObject({ waiting: 2 });
  });

  test('what is skipped or rejected on the way in is settled at once', async () => {
    const { enqueue, backlog, dead } = freshStore();
    const input = [eventLine('m-1'), eventLine('m-2', 'Ignored'), eventLine('m-3', 'Broken'), '42'].join('\n');
    const { code, stderr } = await enqueue('shop', config, input);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'shop (mailbox): 4 kept, 0 duplicates, 1 settled as skipped, 2 as rejected ' +
        '(unmapped_event 1, internal_error 1, invalid_value 1)\n',
    });
    expect(await backlog('shop')).toMatchObject({ waiting: 1, done: 1, dead: 2 });
    expect((await dead()).map(({ id, outcome, attempts }) => [id, outcome, attempts])).toEqual([
      ['m-3', 'rejected', 0],
      [expect.stringMatching(/^line:4:[0-9a-f]{32}$/), 'rejected', 0],
    ]);
  });

  test('a line that cannot be read is told by its number, never by its text, and the run goes on', async () => {
    const { enqueue, backlog } = freshStore();
    const input = `${eventLine('m-1')}\n\n{"email":"ann@example.com"\n${eventLine('m-2')}\n`;
    const { code, stderr } = await enqueue('shop', config, input, '--quiet');
    expect({ code, stderr }).toEqual({ code: 65, stderr: 'spillway: line 3: The line is not valid JSON\n' });
    expect(await backlog('shop')).toMatchObject({ waiting: 2 });
  });

  test('a full queue ends it with exit 75 and the line to go on from, and what was confirmed is kept', async () => {
    const { enqueue, backlog } = freshStore();
    const input = `oops\n${eventLines(4_000)}`;
    const { code, stdout, stderr } = await enqueue('shop', config, input, '--max-bytes', '200kB', '--json');
    const { accepted, stopped } = JSON.parse(stdout) as { accepted: number; stopped: { nextLine: number } };
    expect(code).toBe(75);
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(4_000);
    expect(stopped).toEqual({ by: 'full', nextLine: accepted + 2 });
    expect(stderr).toContain(
      `the queue is full: continue from line ${accepted + 2}; everything before it is in the queue\n`,
    );
    expect(stderr).toContain(
      `of 200000 bytes are in use: ${accepted} waiting events, 0 kept for replay, 0 dead letters;`,
    );
    expect(await backlog('shop')).toMatchObject({ waiting: accepted });
  });

  test('a signal ends it at a line it names; everything before it is kept', async () => {
    const { store, backlog } = freshStore();
    const stdin = new PassThrough();
    const box = fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = box.run('enqueue', 'shop', '--store', store, '--config', config, '--json');
    stdin.write(`${eventLines(1_200)}{"type":"tra`);
    while (box.listening === 0) await new Promise((resolve) => void setTimeout(resolve, 1));
    await new Promise((resolve) => void setTimeout(resolve, 100));
    box.send('SIGTERM');
    const { code, stdout, stderr } = await ran;
    expect(code).toBe(143);
    const { accepted, stopped } = JSON.parse(stdout) as { accepted: number; stopped: object };
    // How far it came by then, the machine decides.
    expect(accepted).toBeGreaterThan(0);
    expect(stopped).toEqual({ by: 'SIGTERM', nextLine: accepted + 1 });
    expect(stderr).toBe(
      `spillway: stopped by SIGTERM: continue from line ${accepted + 1}; everything before it is in the queue\n`,
    );
    expect(await backlog('shop')).toMatchObject({ waiting: accepted });
  });

  test('F-97 --max-bytes below one batch holds what fits, and below what holds anything it is refused', async () => {
    const { enqueue, backlog } = freshStore();
    const { code, stdout } = await enqueue('shop', config, eventLines(499), '--max-bytes', '20kB', '--json');
    const { accepted } = JSON.parse(stdout) as { accepted: number };
    expect([code, accepted > 50]).toEqual([75, true]);
    expect(await backlog('shop')).toMatchObject({ waiting: accepted });
    expect(await enqueue('shop', config, eventLines(1), '--max-bytes', '8000')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the minimum is 8192'),
    });
  });

  test('F-94 an open pipe that says nothing more is told when the queue is full, without waiting for its end', async () => {
    const { store } = freshStore();
    const stdin = new PassThrough();
    const box = fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = box.run('enqueue', 'shop', '--store', store, '--config', config, '--json', '--max-bytes', '70kB');
    stdin.write(eventLines(499));
    const { code, stdout } = await ran;
    const { accepted, stopped } = JSON.parse(stdout) as { accepted: number; stopped: object };
    expect([code, stopped]).toEqual([75, { by: 'full', nextLine: accepted + 1 }]);
    expect(accepted).toBeGreaterThan(0);
  });

  test('F-94 shows on a terminal how far it is, and nothing of it elsewhere or with --quiet', async () => {
    for (const [isTTY, flags, shown] of [
      [true, [], true],
      [true, ['--quiet'], false],
      [false, [], false],
    ] as const) {
      const { store } = freshStore();
      const stdin = new PassThrough();
      const box = fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations, TERM: 'xterm' });
      Object.assign(box.terminal.stderr, { isTTY });
      const ran = box.run('enqueue', 'shop', '--store', store, '--config', config, ...flags);
      stdin.write(eventLines(700));
      const isShown = () => /500 kept {2}[\d,]+\/s/.test(box.told().stderr);
      const wait = () => new Promise((resolve) => void setTimeout(resolve, 600));
      await wait();
      // A busy machine takes longer than that to keep the first 500.
      for (let left = 30; shown && !isShown() && left > 0; left -= 1) await wait();
      stdin.end(eventLines(1, 701));
      expect(await ran).toMatchObject({ code: 0 });
      expect(isShown()).toBe(shown);
    }
  });

  test('takes the work file, too, and the connection out of it by its id', async () => {
    const { enqueue, backlog } = freshStore();
    const lines = [...generateLines({ count: 50, mix: adjust?.mix ?? {}, startTime: Date.now() - 60_000 })].join('');
    expect(await enqueue('phones', workFile, lines)).toMatchObject({ code: 0 });
    expect(await enqueue('shop', workFile, eventLines(2))).toMatchObject({ code: 0 });
    expect(await backlog('phones')).toMatchObject({ destination: 'adjust', waiting: 50 });
    expect(await backlog('shop')).toMatchObject({ destination: 'mailbox', waiting: 2 });
    expect(await enqueue('nobody', workFile, '')).toMatchObject({
      code: 2,
      stderr: `spillway: ${workFile} has no connection "nobody"\n`,
    });
  });

  test('the destination comes from the file or the flag, and they must not disagree', async () => {
    const { enqueue, backlog } = freshStore();
    const without = workspace.write('without.json', { config: testSettings });
    expect(await enqueue('shop', without, eventLines(1))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('names no destination; pass --destination'),
    });
    expect(await enqueue('shop', without, eventLines(1), '--destination', 'mailbox')).toMatchObject({ code: 0 });
    expect(await backlog('shop')).toMatchObject({ destination: 'mailbox', waiting: 1 });
    expect(await enqueue('shop', config, eventLines(1), '--destination', 'adjust')).toMatchObject({ code: 2 });
  });

  test('another destination under the same id is refused while events wait for the first one', async () => {
    const { enqueue, backlog } = freshStore();
    const phones = workspace.write('phones.json', { destination: 'adjust', config: adjust?.config });
    await enqueue('shop', config, eventLines(3));
    const { code, stderr } = await enqueue('shop', phones, eventLines(1));
    expect({ code, stderr }).toEqual({
      code: 78,
      stderr: expect.stringContaining('shop: 3 events wait; they were enqueued for mailbox, not for adjust\n'),
    });
    expect(stderr).toContain('spillway work --until-idle');
    expect(await backlog('shop')).toMatchObject({ destination: 'mailbox', waiting: 3 });
  });

  test('settings that would put waiting events in other lanes are refused', async () => {
    const { enqueue, backlog } = freshStore();
    const entry = { destination: 'adjust', config: adjust?.config };
    const before = workspace.write('before.json', entry);
    const after = workspace.write('after.json', { ...entry, config: { ...entry.config, appToken: 'another12345' } });
    const lines = [...generateLines({ count: 9, mix: adjust?.mix ?? {}, startTime: Date.now() - 60_000 })].join('');
    await enqueue('phones', before, lines);
    expect(await enqueue('phones', after, lines)).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('phones: 9 events wait; these settings would move them to other lanes'),
    });
    expect(await enqueue('phones', before, lines)).toMatchObject({ code: 0 });
    expect(await backlog('phones')).toMatchObject({ waiting: 9 });
  });

  const owned = (name: string, changes: object): string =>
    workspace.write(name, { destination: 'mailbox', config: { ...testSettings, ...changes } });

  test('settings that would move a single event are refused, wherever it waits, until it has left with them', async () => {
    const { enqueue, run, backlog } = freshStore();
    const moved = owned('moved.json', { owner: 'bob' });
    await enqueue('shop', config, `${eventLines(700)}${eventLine('m-701', 'Certified')}\n`);
    expect(await enqueue('shop', moved, eventLines(1, 800))).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('shop: 701 events wait; these settings would move them to other lanes'),
    });
    const mail = await startVendorServer();
    const file = workspace.write('moved-work.json', {
      connections: [{ id: 'shop', destination: 'mailbox', config: { ...testSettings, owner: 'bob' } }],
    });
    expect(await run('work', '--config', file, '--until-idle', '--origin', mail.origin)).toMatchObject({ code: 0 });
    await mail.stop();
    expect(mail.received).toHaveLength(701);
    expect(await enqueue('shop', moved, eventLines(1, 800))).toMatchObject({ code: 0 });
    expect(await backlog('shop')).toMatchObject({ waiting: 1, done: 701 });
  });

  test('settings that move none are taken, and those from before are then other ones', async () => {
    const { enqueue, backlog } = freshStore();
    await enqueue('shop', config, `${eventLine('m-1', 'Certified')}\n`);
    const renewed = owned('renewed.json', { apiKey: 'key-example-2' });
    expect(await enqueue('shop', renewed, `${eventLine('m-2', 'Certified')}\n`)).toMatchObject({ code: 0 });
    expect(await enqueue('shop', config, `${eventLine('m-3', 'Certified')}\n`)).toMatchObject({ code: 0 });
    expect(await enqueue('shop', owned('moved.json', { owner: 'bob' }), eventLines(1))).toMatchObject({ code: 78 });
    expect(await backlog('shop')).toMatchObject({ waiting: 3 });
  });

  test('what is replayed in the lanes it once had is looked at again before more is put', async () => {
    const { enqueue, run } = freshStore();
    const moved = owned('moved.json', { owner: 'bob' });
    await enqueue('shop', config, `${eventLine('m-1', 'Certified')}\n`);
    const mail = await startVendorServer();
    await run('work', '--config', workFile, '--until-idle', '--origin', `mailbox=${mail.origin}`);
    await mail.stop();
    expect(await enqueue('shop', moved, '')).toMatchObject({ code: 0 });
    expect(await enqueue('shop', moved, `${eventLine('m-2', 'Ignored')}\n`)).toMatchObject({ code: 0 });
    expect(await run('replay', 'shop', '--config', moved, '--from', '2020-01-01', '--force')).toMatchObject({
      code: 0,
    });
    expect(await enqueue('shop', moved, eventLines(1, 3))).toMatchObject({ code: 78 });
  });

  test.each([
    ['{"connections": [{"id": "a", "destination": "mailbox", "config": {}, "extra": 1}]}', 'connections.0'],
    ['{"connections": []}', 'connections'],
    ['{"connections": [{"id": "..", "destination": "mailbox"}]}', 'connections.0.id: must not be "." or ".."'],
    ['{"connections": [{"id": "a", "destination": "mailbox", "config": {}}]}', 'connections.0.config.apiKey'],
    [
      '{"connections": [{"id": "a", "destination": "mailbox"}, {"id": "a", "destination": "mailbox"}]}',
      'connections.1.id',
    ],
    [
      '{"connections": [{"id": "a", "destination": "mailbox", "config": {"apiKey": "${NO_SUCH}", "owner": "x"}}]}',
      'connections.0.config.apiKey: the environment variable NO_SUCH is not set',
    ],
  ])('%s is no work file: %s', async (text, path) => {
    const { enqueue } = freshStore();
    const { code, stderr } = await enqueue('a', workspace.write('wrong.json', text), '');
    expect(code).toBe(78);
    expect(stderr).toContain(`  ${path}`);
  });

  test('without a store to name it is a usage error; SPILLWAY_STORE stands for --store', async () => {
    expect(await spillway(['enqueue', 'shop', '--config', config])).toMatchObject({
      code: 2,
      stderr: 'spillway: --store is missing: name a directory or a broker (nats://HOST), or set SPILLWAY_STORE\n',
    });
    const { store, backlog } = freshStore();
    await spillway(['enqueue', 'shop', '--config', config], eventLines(1), { SPILLWAY_STORE: store });
    expect(await backlog('shop')).toMatchObject({ waiting: 1 });
  });
});
