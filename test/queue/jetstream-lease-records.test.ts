// Tests core/queue/jetstream/lease-records.ts: what processes tell each other of the messages that they have out.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { parseBrokerUrl } from '../../core/queue/jetstream/broker-url.ts';
import { connectBroker, type Broker as Connection } from '../../core/queue/jetstream/connect.ts';
import { LeaseRecords } from '../../core/queue/jetstream/lease-records.ts';
import type { PackLease } from '../../core/queue/jetstream/pack-lease.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { describeWith } from '../support/needed-program.ts';

const token = '0123456789abcdef0123';
const message = (seq: number, deliveryCount = 1): JsMsg =>
  ({ seq, time: new Date(1_000 + seq), info: { deliveryCount } }) as JsMsg;
const leaseOf = (one: JsMsg): PackLease => ({ message: one }) as PackLease;

describeWith('nats-server', 'the records of leases', () => {
  let broker: Broker;
  let bucket: string;
  let dead: Set<string>;
  let open: { readonly records: LeaseRecords; readonly connection: Connection }[];
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());
  beforeEach(() => {
    bucket = `b${randomUUID().slice(0, 8)}`;
    dead = new Set();
    open = [];
  });
  afterEach(async () => {
    for (const { records, connection } of open) {
      await records.close();
      await connection.connection.close();
    }
  });

  const recordsOf = async (by: string): Promise<LeaseRecords> => {
    const connection = await connectBroker(parseBrokerUrl(`nats://${broker.at}`), {});
    const records = new LeaseRecords({
      bucket: await connection.buckets.create(bucket),
      broker: connection,
      by,
      isAlive: (process) => !dead.has(process),
      onDefect: (error) => {
        // A process that was killed in a test has no connection any more.
        if (!connection.connection.isClosed()) throw error;
      },
    });
    await records.open();
    open.push({ records, connection });
    return records;
  };

  it('name a message that another process works on, until that one is gone or the broker gave it anew', async () => {
    const [one, two] = [await recordsOf('one'), await recordsOf('two')];
    one.tell(token, 1, () => [leaseOf(message(7, 2))]);
    while (!two.isOutElsewhere(token, 1, message(7, 2))) await sleep(20);
    expect(two.isOutElsewhere(token, 1, message(7, 1))).toBe(true);
    // Its lease is over.
    expect(two.isOutElsewhere(token, 1, message(7, 3))).toBe(false);
    expect(two.isOutElsewhere(token, 1, message(8))).toBe(false);
    expect(two.isOutElsewhere(token, 2, message(7))).toBe(false);
    // Another message has the number, after the broker lost its latest ones.
    expect(two.isOutElsewhere(token, 1, { ...message(7), time: new Date(9) } as JsMsg)).toBe(false);
    dead.add('one');
    expect(two.isOutElsewhere(token, 1, message(7))).toBe(false);
  });

  it('say of a process that is gone what it may have sent, until its connection is worked on no more', async () => {
    const [one, two] = [await recordsOf('one'), await recordsOf('two')];
    const stop = one.tell(token, 1, () => [leaseOf(message(7))]);
    while (!two.isOutElsewhere(token, 1, message(7))) await sleep(20);
    dead.add('one');
    expect([7, 8].map((seq) => two.mayHaveBeenOut(token, 1, 3, message(seq), 1))).toEqual([true, false]);
    await stop();
    while (two.mayHaveBeenOut(token, 1, 3, message(7), 1)) await sleep(20);
  });

  it('count beyond what such a process could tell before its broker was killed, too', async () => {
    const one = await recordsOf('one');
    one.tell(token, 1, () => [leaseOf(message(7))]);
    one.took(token, 1, 'any', 9);
    const two = await recordsOf('two');
    while (!two.isOutElsewhere(token, 1, message(7))) await sleep(20);
    dead.add('one');
    await open[0]!.connection.connection.close();
    expect(two.mayHaveBeenOut(token, 1, 'any', message(9), 100)).toBe(false);
    await broker.kill();
    await broker.start();
    const three = await recordsOf('three');
    // It took 9, and had told so.
    expect(three.mayHaveBeenOut(token, 1, 'any', message(9), 100)).toBe(true);
    const beyond = Array.from({ length: 60 }, (_, at) => three.mayHaveBeenOut(token, 1, 'any', message(10 + at), 100));
    // A process has no more than 4,000 events out.
    expect(beyond.filter(Boolean)).toHaveLength(40);
    open.shift();
  });

  it('are waited for when the broker comes back, but not of those that are gone', async () => {
    const [one, two] = [await recordsOf('one'), await recordsOf('two')];
    one.tell(token, 1, () => [leaseOf(message(7))]);
    two.tell(token, 1, () => [leaseOf(message(8))]);
    while (!two.isOutElsewhere(token, 1, message(7)) || !one.isOutElsewhere(token, 1, message(8))) await sleep(20);
    await broker.kill();
    await broker.start();
    const isBack = async (): Promise<boolean> => {
      await open[1]!.connection.connection.flush();
      return true;
    };
    while (!(await isBack().catch(() => false))) await sleep(20);
    await two.renewed(token, 1);
    expect(two.isOutElsewhere(token, 1, message(7))).toBe(true);
    dead.add('one');
    const since = performance.now();
    await two.renewed(token, 1);
    expect(performance.now() - since).toBeLessThan(1_000);
  });
});
