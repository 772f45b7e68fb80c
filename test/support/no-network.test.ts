import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Agent, fetch as undiciFetch, Pool, request } from 'undici';

const server = http.createServer((_request, response) => response.end('here'));
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => void server.close(resolve)));
const here = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const blocked = expect.objectContaining({ code: 'ERR_TEST_NETWORK' });

test('a dispatcher that somebody made on the quiet reaches loopback and nothing else', async () => {
  for (const dispatcher of [new Agent(), new Pool(here())]) {
    const { body } = await dispatcher.request({ origin: here(), path: '/', method: 'GET' });
    expect(await body.text()).toBe('here');
    await dispatcher.close();
  }
  const agent = new Agent();
  await expect(agent.request({ origin: 'https://vendor.example.com', path: '/', method: 'POST' })).rejects.toEqual(
    blocked,
  );
  await agent.close();
});

test('a bare socket and a request without a dispatcher of its own are stopped, too', async () => {
  const socket = net.connect(443, 'vendor.example.com');
  expect(await new Promise((resolve) => void socket.once('error', resolve))).toEqual(blocked);
  await expect(request('http://vendor.example.com/')).rejects.toEqual(blocked);
  await expect(undiciFetch('http://vendor.example.com/')).rejects.toMatchObject({ cause: blocked });
});
