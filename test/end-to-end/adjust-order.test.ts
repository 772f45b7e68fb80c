import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from '@jest/globals';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace } from '../support/cli/workspace.ts';
import { messageOf, oneDevice, withMessage } from '../support/destinations/one-device.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);

it('F-70 ADJUST-31 ADJUST-35 ADJUST-73 the events of a device of which each shares an identifier with the next keep their order in a store, over the end of one `work` and the start of the next', async () => {
  const start = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
  const arrived: string[] = [];
  let onFailure = (): void => undefined;
  const failed = new Promise<void>((resolve) => {
    onFailure = resolve;
  });
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const id = messageOf(new URLSearchParams(body));
      const fails = id === 'm-1' && !arrived.includes('m-1');
      arrived.push(id);
      response.writeHead(fails ? 500 : 200).end(fails ? '' : 'OK');
      if (fails) onFailure();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { store, enqueue, run, backlog } = createStore(workspace, 'store');
    const file = workspace.write('adjust.json', {
      connections: [{ id: 'shop', destination: 'adjust', config: withMessage }],
    });
    const origin = `adjust=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const lines = oneDevice(start).map((event) => `${JSON.stringify(event)}\n`);
    expect(await enqueue('shop', file, lines.join(''))).toMatchObject({ code: 0 });

    const first = fakeTerminal();
    const working = first.run('work', '--store', store, '--config', file, '--origin', origin);
    await failed;
    first.send('SIGTERM');
    await working;
    expect(arrived).not.toContain('m-2');
    expect(await backlog('shop')).toMatchObject({ dead: 0 });

    expect(await run('work', '--config', file, '--origin', origin, '--until-idle')).toMatchObject({ code: 0 });
    expect(await backlog('shop')).toMatchObject({ waiting: 0, dead: 0, done: 4 });
    expect(arrived).toEqual(['m-1', 'm-1', 'm-2', 'm-3', 'm-4']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}, 60_000);
