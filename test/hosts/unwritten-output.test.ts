// Tests core/hosts/cli/terminal.ts: what print() could not write becomes an exit code.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { run } from '../../core/hosts/cli/program.ts';
import { startAdrollEmail, type AdrollEmailSimulator } from '../../core/testing/simulators/index.ts';
import { createStore } from '../support/cli/store.ts';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
const config = workspace.write('mailbox.json', { destination: undefined, config: testSettings });
const workFile = workspace.write('work.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});
const input = workspace.write('events.ndjson', eventLines(1));
const email = workspace.write('email.json', {
  config: {
    advertisableEid: 'ADVERTISABLE0000000001',
    auth: { kind: 'basic', username: 'simulated-user', password: 'simulated-password', apikey: 'simulated-client-id' },
  },
});
const queue = createStore(workspace, 'store');
let emailVendor: AdrollEmailSimulator;
beforeAll(async () => {
  emailVendor = await startAdrollEmail({
    advertisableEid: 'ADVERTISABLE0000000001',
    apikey: 'simulated-client-id',
    basic: { username: 'simulated-user', password: 'simulated-password' },
  });
  await queue.enqueue('shop', workFile, '42\n');
});
let server: Awaited<ReturnType<typeof startVendorServer>> | undefined;
afterEach(() => server?.stop());
afterAll(async () => {
  await emailVendor.close();
  workspace.remove();
});

/** Runs a command whose standard output fails with this errno. */
async function runInto(errno: string, args: readonly string[], stdin = '') {
  server = await startVendorServer();
  const { terminal, told } = fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations });
  const broken = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('broken'), { code: errno })),
  }).on('error', () => {});
  const origins = { ORIGIN: server.origin, WORK: `mailbox=${server.origin}`, EMAIL: emailVendor.origin };
  const filled = args.map((arg) => origins[arg as keyof typeof origins] ?? arg);
  const code = await run(filled, { ...terminal, stdout: broken });
  return { code, stderr: told().stderr };
}

const shows: readonly (readonly string[])[] = [
  ['--help'],
  ['--version'],
  ['list'],
  ['list', '--json'],
  ['schema', 'mailbox'],
  ['schema', 'mailbox', '--sample'],
  ['validate', 'mailbox', '--config', config],
  ['preview', 'mailbox', '--config', config, '--input', input],
  ['preview', 'mailbox', '--config', config, '--input', input, '--json'],
  ['check', 'adroll-email', '--config', email, '--origin', 'EMAIL'],
  ['call', 'adroll-email', '--list'],
  ['events'],
  ['events', '--all'],
  ['queue', 'status', '--store', queue.store],
  ['queue', 'status', '--store', queue.store, '--json'],
  ['dead', 'list', '--store', queue.store],
  ['dead', 'list', '--store', queue.store, '--json'],
];
const does: readonly (readonly string[])[] = [
  ['deliver', 'mailbox', '--config', config, '--input', input, '--origin', 'ORIGIN', '--json'],
  ['call', 'adroll-email', 'get-settings', '--config', email, '--origin', 'EMAIL'],
  ['enqueue', 'shop', '--store', queue.store, '--config', workFile, '--input', input, '--json'],
  ['work', '--store', queue.store, '--config', workFile, '--origin', 'WORK', '--until-idle', '--json'],
];

describe('F-30 a full disk on standard output', () => {
  test.each([...shows, ...does])('%s %s %s %s is told, and exits 1', async (...args) => {
    const { code, stderr } = await runInto('ENOSPC', args);
    expect(stderr).toContain('spillway: the output could not be written (ENOSPC)\n');
    expect(code).toBe(1);
  });

  test('changes no exit code that says more', async () => {
    const args = ['preview', 'mailbox', '--config', config, '--json'];
    expect(await runInto('ENOSPC', args, '{oops\n')).toMatchObject({ code: 65 });
  });

  test.each([['list'], ['--help'], ['events', '--all']])('of a process: %s', async (...args) => {
    const full = openSync('/dev/full', 'w');
    const main = path.join('core', 'hosts', 'cli', 'main.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
    const [code] = (await once(child, 'close')) as [number];
    expect([code, stderr]).toEqual([1, 'spillway: the output could not be written (ENOSPC)\n']);
  });
});

describe('F-30 a reader of standard output that goes away', () => {
  test.each(shows)('has seen enough of %s %s %s %s', async (...args) => {
    expect(await runInto('EPIPE', args)).toMatchObject({ code: 0, stderr: '' });
  });

  test.each(does)('has lost what %s %s %s %s did', async (...args) => {
    const { code, stderr } = await runInto('EPIPE', args);
    expect(stderr).toContain('the output could not be written (EPIPE)');
    expect(code).toBe(1);
  });
});
