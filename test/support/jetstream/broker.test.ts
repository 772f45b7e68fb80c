// Tests test/support/jetstream/broker.ts: what tests of a store on a broker rely on.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { BrokerOverdue, openJetStreamStore, type SharedDeliveryStore } from '../../../core/queue/jetstream/index.ts';
import { isInstalled } from '../is-installed.ts';
import { describeWith } from '../needed-program.ts';
import { startBroker, startCluster, type Broker } from './broker.ts';

/** A store opens, and takes an event. */
async function put(at: string, replicas: number, id: string): Promise<SharedDeliveryStore> {
  const store = await openJetStreamStore({ url: `nats://${at}?lanes=2&replicas=${replicas}` });
  const event = { type: 'track', event: 'Seen', messageId: id } as const;
  await store.put([{ connection: 'shop', events: [{ id, event, acceptedAt: 0 }] }]);
  return store;
}

const waiting = async (store: SharedDeliveryStore): Promise<number | undefined> =>
  (await store.status('shop')).connections[0]?.waiting;

/** Asks again while the broker does not answer. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof BrokerOverdue) || tries >= 20) throw error;
    }
  }
}

describeWith('nats-server', 'a broker of the tests', () => {
  let brokers: readonly Broker[] = [];
  let stores: SharedDeliveryStore[] = [];
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await Promise.all(brokers.map((broker) => broker.remove()));
    [brokers, stores] = [[], []];
  });

  test('is killed, and starts again at the same place with what it had', async () => {
    const broker = await startBroker();
    brokers = [broker];
    stores = [await put(broker.at, 1, 'm-1')];
    const before = broker.pid;
    await broker.kill();
    expect(() => process.kill(before!, 0)).toThrow('ESRCH');
    await broker.start();
    expect(broker.pid).not.toBe(before);
    const after = await put(broker.at, 1, 'm-2');
    stores.push(after);
    expect(await waiting(after)).toBe(2);
  });

  test('is one of three, of which each can be killed alone', async () => {
    brokers = await startCluster();
    const [first, second, third] = brokers;
    // Without a wait: nobody leads yet.
    stores = [await put(first!.at, 3, 'm-1')];
    await third!.kill();
    const other = await put(second!.at, 3, 'm-2');
    stores.push(other);
    await third!.start();
    // A status is told of a stream without a leader, where a put waits for one.
    await expect(answered(() => waiting(other))).resolves.toBe(2);
    expect(third!.pid).toBeDefined();
  }, 120_000);

  const isEnded = isInstalled('setpriv') ? test : test.skip;
  isEnded('does not outlive a test process that is killed', async () => {
    const script = `
      const { startBroker } = await import('./test/support/jetstream/broker.ts');
      const { pid } = await startBroker();
      console.log(pid);
      process.kill(process.pid, 'SIGKILL');`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args).catch(
      (error: { readonly stdout: string }) => error,
    );
    const stat = `/proc/${stdout.trim()}/stat`;
    expect(stdout).toMatch(/^\d+\n$/);
    const isAlive = (): boolean => existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
    for (let tries = 0; isAlive() && tries < 100; tries += 1) await sleep(50);
    expect(isAlive()).toBe(false);
  });
});
