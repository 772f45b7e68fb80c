// Tests core/hosts/cli/serve/settings-reload.ts and what asks for a reload, in a service that runs in this process.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startServing, type Serving } from '../support/cli/serving.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, testDestinations, testSettings } from '../support/cli/workspace.ts';
import { letter } from '../support/service/service-under-test.ts';

jest.setTimeout(30_000);
const workspace = createWorkspace();
afterAll(workspace.remove);

const connection = (id: string, owner = 'ann'): object => ({
  id,
  destination: 'mailbox',
  config: { ...testSettings, owner },
});
const watched = (ids: readonly string[]): object => ({ connections: ids.map((id) => connection(id)) });
const secret = '2f1c9a60d3b84e57aa';
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

let vendor: Awaited<ReturnType<typeof startVendorServer>>;
let serving: Serving;
let files = 0;
let config: string;
beforeEach(async () => {
  vendor = await startVendorServer();
  config = workspace.write(`service-${++files}.json`, watched(['shop']));
});
afterEach(async () => {
  serving.send('SIGTERM');
  await serving.ended;
  await vendor.stop();
});
const start = async (...args: string[]): Promise<Serving> =>
  (serving = await startServing(['--config', config, '--origin', `mailbox=${vendor.origin}`, ...args]));

const idsOf = async ({ ask }: Serving, headers = {}): Promise<readonly string[]> => {
  const { connections } = (await (await ask('GET', '/v1/connections', undefined, headers)).json()) as {
    connections: { id: string }[];
  };
  return connections.map(({ id }) => id);
};
const lastReload = async ({ ask }: Serving, headers = {}): Promise<unknown> =>
  ((await (await ask('GET', '/readyz', undefined, headers)).json()) as { lastReload?: unknown }).lastReload;

describe('A change of the config is taken up while the service runs', () => {
  test('when the file is written', async () => {
    const running = await start();
    workspace.write(path.basename(config), watched(['shop', 'other']));
    expect(await running.logged('the settings have changed')).toMatchObject({ added: ['other'], unchanged: 1 });
    expect(await idsOf(running)).toEqual(['shop', 'other']);
  });

  test('when another file is renamed over it, again and again', async () => {
    const running = await start();
    for (const ids of [
      ['shop', 'second'],
      ['shop', 'third'],
    ]) {
      const lines = running.log().length;
      renameSync(workspace.write('next.json', watched(ids)), config);
      await running.logged('the settings have changed', lines);
      expect(await idsOf(running)).toEqual(ids);
    }
  });

  test('when a link on the way to it leads elsewhere, as Kubernetes mounts it', async () => {
    const folder = workspace.at(`mount-${files}`);
    for (const [name, ids] of [
      ['a', ['shop']],
      ['b', ['other']],
    ] as const) {
      mkdirSync(path.join(folder, name), { recursive: true });
      writeFileSync(path.join(folder, name, 'service.json'), JSON.stringify(watched(ids)));
    }
    symlinkSync('a', path.join(folder, '..data'));
    config = path.join(folder, 'service.json');
    symlinkSync(path.join('..data', 'service.json'), config);
    const running = await start();
    symlinkSync('b', path.join(folder, '..next'));
    renameSync(path.join(folder, '..next'), path.join(folder, '..data'));
    await running.logged('the settings have changed');
    expect(await idsOf(running)).toEqual(['other']);
  });

  test('after a SIGHUP also where a file that it names has changed, and with it a secret alone', async () => {
    const key = workspace.write('key', 'key-example-1\n');
    workspace.write(path.basename(config), {
      connections: [{ id: 'shop', destination: 'mailbox', config: { apiKey: `\${file:${key}}`, owner: 'ann' } }],
    });
    const running = await start();
    running.send('SIGHUP');
    await running.logged('the settings were read again, and are the same');
    workspace.write('key', 'key-example-2\n');
    running.send('SIGHUP');
    expect(await running.logged('the settings have changed')).toMatchObject({ changed: ['shop'] });
    expect(JSON.stringify(running.log())).not.toContain('key-example');
    expect(running.exits).toEqual([]);
  });
});

describe('Settings that are wrong change nothing', () => {
  test('and are told in the log, by /readyz to who has a token, and by a metric', async () => {
    const tokens = workspace.write('tokens', `gateway deliver read ${secret}\n`);
    chmodSync(tokens, 0o600);
    const running = await start('--token-file', tokens);
    const wrong = { id: 'other', destination: 'mailbox', config: { apiKey: 's3cr3t-value', owner: '${NOT_SET}' } };
    workspace.write(path.basename(config), { connections: [connection('shop', 'bob'), wrong] });
    const line = await running.logged('the settings were read again and are wrong');
    const issues = [{ path: 'connections.1.config.owner', message: 'the environment variable NOT_SET is not set' }];
    expect(line).toMatchObject({ level: 'error', issues });
    expect(JSON.stringify(running.log())).not.toContain('s3cr3t');
    expect(await idsOf(running, bearer(secret))).toEqual(['shop']);
    expect(await lastReload(running, bearer(secret))).toMatchObject({
      result: 'invalid',
      issues,
      restartNeeded: false,
    });
    expect(await lastReload(running)).toBeUndefined();
    expect((await running.ask('GET', '/readyz')).status).toBe(200);
    const metrics = await (await running.ask('GET', '/metrics', undefined, bearer(secret))).text();
    expect(metrics).toMatch(/^spillway_config_reloads_total\{result="invalid"\} 1$/m);
    expect(
      await (await running.ask('POST', '/v1/connections/shop/deliver', letter('m-1'), bearer(secret))).json(),
    ).toMatchObject({ kind: 'delivered' });
  });

  test('until the file is good again', async () => {
    const running = await start();
    workspace.write(path.basename(config), '{"connections": [');
    await running.logged('the settings were read again and are wrong');
    workspace.write(path.basename(config), watched(['other']));
    expect(await running.logged('the settings have changed')).toMatchObject({ added: ['other'], removed: ['shop'] });
    expect(await lastReload(running)).toMatchObject({ result: 'applied', issues: [] });
  });

  test('also where a directory takes its place, or a pipe that nobody writes to', async () => {
    const running = await start();
    rmSync(config);
    mkdirSync(config);
    await running.logged('the settings were read again and are wrong');
    rmSync(config, { recursive: true });
    execFileSync('mkfifo', [config]);
    const lines = running.log().length;
    running.send('SIGHUP');
    await running.logged('the settings were read again and are wrong', lines);
    expect(await idsOf(running)).toEqual(['shop']);
  });

  test('also where the file is gone, and comes back', async () => {
    const running = await start();
    rmSync(config);
    await running.logged('the settings were read again and are wrong');
    expect(await idsOf(running)).toEqual(['shop']);
    workspace.write(path.basename(config), watched(['shop']));
    await running.logged('the settings were read again, and are the same');
  });
});

describe('The token file', () => {
  const write = (text: string): string => {
    const file = workspace.write('rotated', text);
    chmodSync(file, 0o600);
    return file;
  };
  const status = async (token: string): Promise<number> =>
    (await serving.ask('GET', '/v1/connections', undefined, bearer(token))).status;

  test('has others open the service once it changes', async () => {
    const running = await start('--token-file', write(`gateway read ${secret}\n`));
    expect([await status(secret), await status('another-token-1234')]).toEqual([200, 401]);
    write('gateway read another-token-1234\n');
    await running.logged('the settings have changed');
    expect([await status(secret), await status('another-token-1234')]).toEqual([401, 200]);
  });

  test('keeps those before where a line is wrong, and with them the connections', async () => {
    const running = await start('--token-file', write(`gateway read ${secret}\n`));
    workspace.write(path.basename(config), watched(['other']));
    write('gateway read short\n');
    running.send('SIGHUP');
    const line = await running.logged('the settings were read again and are wrong');
    expect(line).toMatchObject({ issues: [{ path: 'line 1 of the token file' }] });
    expect(JSON.stringify(line)).not.toContain('short');
    expect(await idsOf(running, bearer(secret))).toEqual(['shop']);
  });
});

describe('A folder of destinations that has changed', () => {
  test('needs a restart, which the log, /readyz and a metric say, until it is as before', async () => {
    const folder = workspace.at('destinations');
    cpSync(path.join(testDestinations, 'mailbox'), path.join(folder, 'mailbox'), { recursive: true });
    const source = path.join(folder, 'mailbox', 'index.ts');
    const elsewhere = readFileSync(source, 'utf8').replaceAll(
      '../../../../../core',
      path.join(import.meta.dirname, '../../core'),
    );
    writeFileSync(source, elsewhere);
    const running = await start('--destinations', folder);
    running.send('SIGHUP');
    await running.logged('the settings were read again');
    expect(await lastReload(running)).toMatchObject({ result: 'unchanged', restartNeeded: false });
    writeFileSync(path.join(folder, 'mailbox', 'more.ts'), '');
    for (let round = 0; round < 2; round += 1) {
      const lines = running.log().length;
      running.send('SIGHUP');
      await running.logged('the settings were read again', lines);
    }
    expect(await lastReload(running)).toMatchObject({ result: 'unchanged', restartNeeded: true });
    expect(running.log().filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'a folder of destinations has changed: only a restart takes that up' },
    ]);
    const metrics = await (await running.ask('GET', '/metrics')).text();
    expect(metrics).toMatch(/^spillway_config_reloads_total\{result="needs_restart"\} 1$/m);
    rmSync(path.join(folder, 'mailbox', 'more.ts'));
    const lines = running.log().length;
    running.send('SIGHUP');
    await running.logged('the settings were read again', lines);
    expect(await lastReload(running)).toMatchObject({ restartNeeded: false });
  });
});
