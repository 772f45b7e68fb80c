// Tests core/hosts/cli/main.ts, as a process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', { config: testSettings });
let server: Awaited<ReturnType<typeof startVendorServer>> | undefined;
afterEach(() => server?.stop());

/** The CLI as a process of its own. */
function start(...args: string[]) {
  const main = path.join('core', 'hosts', 'cli', 'main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', SPILLWAY_DESTINATIONS: testDestinations },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  child.stdin.on('error', () => {});
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }) as const);
  return { child, exited };
}

describe('the CLI as a process', () => {
  test('exits with the code of what happened', async () => {
    const { child, exited } = start('validate', 'mailbox');
    child.stdin.end();
    await expect(exited).resolves.toMatchObject({ code: 2 });
  }, 30_000);

  test('SIGINT while the input stalls: exits 130 with the outcomes of what was read', async () => {
    server = await startVendorServer();
    const outcomes = workspace.at('int.ndjson');
    const args = ['--config', config, '--origin', server.origin, '--outcomes', outcomes];
    const { child, exited } = start('deliver', 'mailbox', ...args);
    child.stdin.write(eventLines(25));
    while (server.received.length < 25) await new Promise((resolve) => void setTimeout(resolve, 20));
    child.kill('SIGINT');
    const { code, stderr } = await exited;
    expect(code).toBe(130);
    expect(stderr).toContain('stopped by SIGINT: nothing was attempted from line 26 on');
    expect(workspace.outcomes('int.ndjson').map(({ kind }) => kind)).toEqual(
      Array.from({ length: 25 }, () => 'delivered'),
    );
  }, 30_000);

  test('a second signal ends it at once', async () => {
    server = await startVendorServer(() => ({ afterMs: 8_000 }));
    const { child, exited } = start('deliver', 'mailbox', '--config', config, '--origin', server.origin);
    child.stdin.write(eventLines(25));
    while (server.batches === 0) await new Promise((resolve) => void setTimeout(resolve, 20));
    child.kill('SIGTERM');
    await new Promise((resolve) => void setTimeout(resolve, 600));
    const since = performance.now();
    child.kill('SIGTERM');
    await expect(exited).resolves.toMatchObject({ code: 143 });
    expect(performance.now() - since).toBeLessThan(4_000);
  }, 30_000);

  test('a reader of the outcomes that goes away stops the run cleanly', async () => {
    server = await startVendorServer();
    const args = ['--config', config, '--origin', server.origin, '--outcomes', '-'];
    const { child, exited } = start('deliver', 'mailbox', ...args);
    child.stdout.once('data', () => child.stdout.destroy());
    let more = true;
    void exited.then(() => {
      more = false;
    });
    for (let first = 1; more; first += 100) {
      child.stdin.write(eventLines(100, first));
      await new Promise((resolve) => void setTimeout(resolve, 10));
    }
    const { code, stderr } = await exited;
    expect(code).toBe(1);
    expect(stderr).toContain('the reader of the outcomes is gone: nothing was attempted from line');
    expect(stderr).not.toContain('EPIPE');
  }, 30_000);
});
