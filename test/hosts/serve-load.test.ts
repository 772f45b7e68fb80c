// Tests core/hosts/cli/serve/run-service.ts under load: settings that change, and signals to a process of its own.
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { runReloads } from '../proofs/reload/run.ts';
import { startServing, startServingProcess, type Serving } from '../support/cli/serving.ts';
import { createStore } from '../support/cli/store.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, testSettings } from '../support/cli/workspace.ts';
import { letter } from '../support/service/service-under-test.ts';

// Processes start, and each compiles the program.
jest.setTimeout(90_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('service.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});
let vendor: Awaited<ReturnType<typeof startVendorServer>> | undefined;
afterEach(() => vendor?.stop());
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

test('settings that change under load lose no event, mix no two settings, and close no socket', async () => {
  const report = await runReloads({ reloads: 15, clients: 3, seed: 1, serve: startServing });
  expect(report).toMatchObject({ lost: 0, twice: 0, mixed: 0, wrong: 0, closedSockets: 0, exitCode: 0 });
  expect(report.pairs).toBeGreaterThan(5);
  expect(Math.min(report.delivered, report.kept)).toBeGreaterThan(100);
});

describe('A signal to the process', () => {
  const start = async (...args: string[]): Promise<Serving> =>
    startServingProcess(['--config', config, '--origin', `mailbox=${vendor?.origin}`, ...args]);

  test('SIGTERM under load: every request that was taken is answered, and it ends with 0', async () => {
    vendor = await startVendorServer(() => ({ afterMs: 50 }));
    const { ask, send, ended } = await start('--store', workspace.at('loaded'));
    let [answered, number] = [0, 0];
    const ends = new Set<unknown>();
    async function client(route: string): Promise<void> {
      while (true) {
        try {
          const response = await ask('POST', `/v1/connections/shop/${route}`, [letter(`m-${(number += 1)}`)]);
          await response.arrayBuffer();
          expect([200, 202]).toContain(response.status);
          answered += 1;
        } catch (error) {
          ends.add(((error as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? error);
          return;
        }
      }
    }
    const clients = Array.from({ length: 20 }, (_, n) => client(n % 2 === 0 ? 'deliver' : 'events'));
    await pause(1_500);
    const before = answered;
    expect(before).toBeGreaterThan(50);
    send('SIGTERM');
    await Promise.all(clients);
    // Only whoever came later was turned away; nobody's connection broke.
    expect([...ends]).toEqual(['ECONNREFUSED']);
    expect(await ended).toMatchObject({ code: 0 });
  });

  test('a second one ends it at once, and what was kept stays kept', async () => {
    vendor = await startVendorServer(() => ({ afterMs: 60_000 }));
    const { store, backlog } = createStore(workspace, 'second');
    const { ask, send, ended } = await start('--store', store);
    const events = Array.from({ length: 50 }, (_, n) => letter(`m-${n}`));
    expect((await ask('POST', '/v1/connections/shop/events', events)).status).toBe(202);
    while (vendor.batches === 0) await pause(10);
    send('SIGTERM');
    await pause(1_000);
    const since = performance.now();
    send('SIGTERM');
    expect(await ended).toMatchObject({ code: 143 });
    expect(performance.now() - since).toBeLessThan(4_000);
    expect(await backlog('shop')).toMatchObject({ waiting: 50, dead: 0, done: 0 });
  });
});
