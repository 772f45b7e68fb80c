// Tests core/hosts/cli/queue/disk.ts, with a disk that is full.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, expect, jest } from '@jest/globals';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { itNeeds, prlimit } from '../support/machine.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, testDestinations, testSettings } from '../support/cli/workspace.ts';

jest.setTimeout(90_000);
const root = path.join(import.meta.dirname, '..', '..');
const workspace = createWorkspace();
let stopMail: (() => Promise<void>) | undefined;
afterAll(async () => {
  await stopMail?.();
  workspace.remove();
});
const config = workspace.write('work.json', {
  connections: [
    { id: 'c', destination: 'mailbox', config: testSettings },
    { id: 'blog', destination: 'mailbox', config: testSettings },
  ],
});
const mebibyte = 2 ** 20;
const env = { ...process.env, NODE_OPTIONS: '', TSX_DISABLE_CACHE: '1', SPILLWAY_DESTINATIONS: testDestinations };
/** No file of the process may be larger. */
const limited = (bytes: number, ...args: readonly string[]): string[] => [
  `--fsize=${bytes}`,
  process.execPath,
  '--import',
  'tsx',
  ...args,
];

itNeeds(prlimit)(
  'F-91 F-92 beside a full disk a running work says so in one line, sends nothing, and says nothing of LMDB',
  async () => {
    const { store, run } = createStore(workspace, 'store');
    const fill = path.join('test', 'support', 'queue', 'work-in-little-room.ts');
    const filled = spawnSync('prlimit', limited(4 * mebibyte, fill, 'fill', store, workspace.at('log')), {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    expect({ code: filled.status, stderr: filled.stderr }).toEqual({ code: 0, stderr: '' });
    const mail = await startVendorServer(() => ({}));
    stopMail = mail.stop;
    const main = path.join('core', 'hosts', 'cli', 'main.ts');
    const args = ['work', '--store', store, '--config', config, '--origin', `mailbox=${mail.origin}`, '--quiet'];
    const child = spawn('prlimit', limited(4 * mebibyte, main, ...args), {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let told = '';
    for (const output of [child.stdout, child.stderr])
      output.setEncoding('utf8').on('data', (text: string) => (told += text));
    while (!told.includes('the disk is full')) await new Promise((resolve) => void setTimeout(resolve, 50));
    // It is asked again, after 1 s and 2 s.
    await new Promise((resolve) => void setTimeout(resolve, 4_000));
    const status = await run('queue', 'status');
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number];
    // Two words of LMDB's own, written by its C code, which nothing in the process can keep it from.
    const lines = told
      .trimEnd()
      .split('\n')
      .filter((line) => !/^mdb_page_spill (?:flushing )?error 5$/.test(line));
    expect(lines).toEqual([
      expect.stringMatching(/^spillway: the disk is full: \d+ bytes free at /),
      expect.stringMatching(/^spillway: stopped by SIGTERM: \d+ events stay in the queue$/),
    ]);
    expect(lines[0]?.endsWith(` at ${store}`)).toBe(true);
    expect(code).toBe(143);
    expect(mail.received).toEqual([]);
    expect(status.stdout).toMatch(
      /^c: held since \S+Z: the disk is full, and nothing is sent whose outcome cannot be recorded/m,
    );
  },
);
