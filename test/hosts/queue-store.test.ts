import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, eventLines, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', { destination: 'mailbox', config: testSettings });
const work = workspace.write('work.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});
const commands = [
  ['queue', 'status'],
  ['dead', 'list'],
  ['dead', 'requeue'],
  ['work', '--config', work, '--until-idle'],
  ['enqueue', 'shop', '--config', config],
];

describe('a store that cannot be had', () => {
  test('F-96 answers through the program that has it, whatever that is; a second worker gets 75, and who it is', async () => {
    const { store, run } = createStore(workspace, 'busy');
    const queue = await openQueue({ path: store });
    for (const command of commands) {
      const { code, stderr } = await run(...command, '--wait', '0.1');
      if (command[0] === 'work') {
        expect([code, stderr]).toEqual([75, expect.stringContaining('has the queue store open already')]);
        expect(stderr).toContain('end spillway work or serve with SIGTERM');
        expect(stderr).toContain('--wait SECONDS');
      } else expect([command, code]).toEqual([command, 0]);
    }
    expect((await run('queue', 'status')).stdout).toContain(
      `no spillway work is running; process ${process.pid} has the store`,
    );
    await queue.close();
    expect(await run('queue', 'status')).toMatchObject({ code: 0 });
  });

  test('F-96 is waited for, for as long as --wait says: also by a worker', async () => {
    const { store, run } = createStore(workspace, 'awaited');
    const queue = await openQueue({ path: store });
    const since = performance.now();
    const waits = run('work', '--config', work, '--until-idle', '--wait', '20');
    setTimeout(() => void queue.close(), 1_500);
    expect(await waits).toMatchObject({ code: 0 });
    expect(performance.now() - since).toBeGreaterThan(1_500);
  });

  test('F-96 --wait takes seconds', async () => {
    const { run } = createStore(workspace, 'any');
    expect(await run('queue', 'status', '--wait', 'long')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Expected a number of seconds'),
    });
  });

  test('is refused when it is damaged: exit 74, with its path and what to do; and salvage finds what is intact', async () => {
    const { store, run, enqueue } = createStore(workspace, 'damaged');
    await enqueue(
      'shop',
      config,
      `${eventLines(200)}${eventLine('m-201', 'Ignored')}\n${eventLine('m-202', 'Broken')}\n`,
    );
    const data = path.join(store, 'events.mdb');
    // Both meta pages, and with them every way into the tree.
    const bytes = readFileSync(data);
    writeFileSync(data, bytes.fill(0x55, 0, 8192));
    for (const command of commands) {
      const { code, stderr } = await run(...command);
      expect([command, code]).toEqual([command, 74]);
      expect(stderr).toContain(store);
      expect(stderr).toContain(`spillway queue salvage --store ${store} --out FILE`);
    }
    const out = workspace.at('salvaged.ndjson');
    const { code, stderr } = await run('queue', 'salvage', '--out', out);
    expect(code).toBe(0);
    expect(stderr).toContain('found 200 waiting events, 1 settled events, 1 dead letters;');
    const records = workspace
      .read('salvaged.ndjson')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; connection: string; id: string; event: object });
    expect(records).toHaveLength(202);
    expect(records[0]).toMatchObject({
      kind: 'waiting',
      connection: 'shop',
      id: 'm-1',
      acceptedAt: expect.stringMatching(/^\d{4}-/),
      event: { type: 'track', event: 'Letter Sent', messageId: 'm-1' },
    });
    expect(statSync(out).mode & 0o077).toBe(0);
    expect(await run('queue', 'salvage', '--out', out)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('EEXIST'),
    });
  });

  test('a torn file is damage, too', async () => {
    const { store, run, enqueue } = createStore(workspace, 'torn');
    await enqueue('shop', config, eventLines(500));
    truncateSync(path.join(store, 'events.mdb'), 20_000);
    expect(await run('queue', 'status')).toMatchObject({ code: 74 });
  });

  test('salvage leaves no file behind where it found no store, so that the corrected command finds none', async () => {
    const { run, enqueue } = createStore(workspace, 'right');
    await enqueue('shop', config, eventLines(1));
    const out = workspace.at('typo.ndjson');
    expect(await createStore(workspace, 'wrong').run('queue', 'salvage', '--out', out)).toMatchObject({ code: 2 });
    expect(await run('queue', 'salvage', '--out', out)).toMatchObject({ code: 0 });
  });

  test('one damaged record is told of by work, exit 74, with where its bytes are; the others are delivered', async () => {
    const { store, run, enqueue } = createStore(workspace, 'one-record');
    await enqueue('shop', config, eventLines(3));
    const data = path.join(store, 'events.mdb');
    const bytes = readFileSync(data);
    const at = bytes.lastIndexOf('"messageId":"m-2"') + 14;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(data, bytes);
    const mail = await startVendorServer();
    const { code, stderr } = await run('work', '--config', work, '--until-idle', '--origin', mail.origin);
    await mail.stop();
    expect(code).toBe(74);
    expect(stderr).toContain('shop (mailbox): 2 delivered');
    const where = `what is left of them is in ${path.join(store, 'quarantine')}`;
    expect(stderr).toContain(`spillway: 1 damaged records were set aside; ${where}`);
    expect((await run('queue', 'status')).stdout).toContain(where);
  });

  test('a replay that does not fit is exit 75, and says what makes room', async () => {
    const { run, enqueue } = createStore(workspace, 'small');
    await enqueue('shop', config, eventLines(40));
    const mail = await startVendorServer();
    await run('work', '--config', work, '--until-idle', '--origin', mail.origin);
    await mail.stop();
    const again = ['replay', 'shop', '--config', work, '--from', '2020-01-01'];
    await enqueue('shop', config, '', '--max-bytes', '9kB');
    const { code, stderr } = await run(...again);
    expect(code).toBe(75);
    expect(stderr).toContain('spillway work makes room as it delivers, sooner with a smaller --keep');
    expect((await run('queue', 'status')).stdout).toContain(' of 9000 bytes');
    await enqueue('shop', config, '', '--max-bytes', '90kB');
    expect(await run(...again)).toMatchObject({
      code: 0,
      stdout: '40 requeued\n',
    });
  });

  test('a folder with other things in it is none, and stays as it is', async () => {
    const store = path.dirname(config);
    const { code, stderr } = await createStore(workspace, 'any').run('queue', 'status');
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no store at')]);
    const foreign = await createStore(workspace, 'other').run('queue', 'salvage', '--out', workspace.at('nothing'));
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no such folder') });
    const { spillway } = await import('../support/cli/fake-terminal.ts');
    expect(await spillway(['queue', 'status', '--store', store])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('this is not a queue store'),
    });
  });
});
