// Tests core/metrics/metrics.ts and what it is made of.
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it, test } from '@jest/globals';
import type { CdpEvent, Signal } from '../../core/index.ts';
import { createMetrics, type MetricsOptions, type ObservedConnection } from '../../core/metrics/index.ts';
import { loadPromClient } from '../../core/metrics/prom-client.ts';
import { ClaimStore } from '../../core/queue/claim-store.ts';
import { answersOfAllKinds, inTurn, yes, type Seen } from '../support/runtime/scripted-vendor.ts';
import { acme, testConnection, track, tracks } from '../support/runtime/test-connection.ts';
import { testWorker } from '../support/queue/test-worker.ts';

const lone = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const unwanted = (id: string): CdpEvent => ({ ...track(id), integrations: { 'Acme Ads': false } });

/** The samples of a metric, as a scrape has them: `{labels} value`. */
const samples = async (register: Registry, name: string): Promise<string[]> =>
  (await register.metrics())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length).trim())
    .toSorted();

const total = async (register: Registry, name: string, part = ''): Promise<number> =>
  (await samples(register, name))
    .filter((line) => line.includes(part))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

const settled = (connection: string, more: Partial<Signal> = {}): Signal =>
  ({ kind: 'event_settled', slug: 'acme', connection, outcome: 'delivered', latencyMs: 0, ...more }) as Signal;

describe('the metrics of calls', () => {
  it('count events by outcome and reason, requests by class of status, retries and notes', async () => {
    const { onSignal, register } = createMetrics();
    const script = inTurn({ status: 503 }, yes, { status: 400 }, { fault: 'reset' });
    const { deliver } = testConnection({
      destination: acme({}, lone),
      script,
      connection: { id: 'shop-1', onAmbiguous: 'report', pace: { concurrency: 1 } },
      runtime: { onSignal },
    });
    await deliver([track('a')]);
    await deliver([track('b'), track('c'), unwanted('d')]);
    const of = 'destination="acme",connection="shop-1"';
    expect(await samples(register, 'spillway_events_total')).toEqual([
      `{${of},via="call",outcome="delivered",reason=""} 1`,
      `{${of},via="call",outcome="rejected",reason="vendor_rejected"} 1`,
      `{${of},via="call",outcome="skipped",reason="integration_disabled"} 1`,
      `{${of},via="call",outcome="unknown",reason="ambiguous_delivery"} 1`,
    ]);
    expect(await samples(register, 'spillway_requests_total')).toEqual([
      `{${of},status_class="2xx"} 1`,
      `{${of},status_class="4xx"} 1`,
      `{${of},status_class="5xx"} 1`,
      `{${of},status_class="network"} 1`,
    ]);
    expect(await samples(register, 'spillway_retries_total')).toEqual([`{${of},reason="vendor_unavailable"} 1`]);
    expect(await samples(register, 'spillway_request_duration_seconds_count')).toEqual([
      '{destination="acme",connection="shop-1"} 4',
    ]);
    onSignal({ kind: 'event_noted', slug: 'acme', connection: 'shop-1', code: 'dropped', field: 'properties.x' });
    onSignal({ kind: 'defect', slug: 'acme', connection: 'shop-1', where: 'transform', error: 'no' });
    expect(await samples(register, 'spillway_notes_total')).toEqual([`{${of},code="dropped"} 1`]);
    expect(await samples(register, 'spillway_defects_total')).toEqual([`{${of}} 1`]);
  });

  it('measure how long events took, by outcome, in seconds', async () => {
    const { onSignal, register } = createMetrics();
    for (const latencyMs of [20, 400, 480]) onSignal(settled('shop-1', { latencyMs }));
    const latency = 'spillway_event_latency_seconds';
    const of = 'destination="acme",via="call",outcome="delivered"';
    expect(await samples(register, `${latency}_bucket`)).toEqual(
      expect.arrayContaining([`{le="0.01",${of}} 0`, `{le="0.05",${of}} 1`, `{le="0.5",${of}} 3`]),
    );
    expect(await samples(register, `${latency}_sum`)).toEqual([`{${of}} 0.9`]);
  });

  it('grow from scrape to scrape, and hold nothing of an event', async () => {
    const { onSignal, register } = createMetrics();
    const { deliver } = testConnection({ runtime: { onSignal } });
    for (const sum of [1, 2, 2]) {
      if (sum !== (await total(register, 'spillway_events_total'))) await deliver([track(`m-secret-${sum}`)]);
      expect(await total(register, 'spillway_events_total')).toBe(sum);
    }
    expect(await register.metrics()).not.toMatch(/m-secret|Order Completed|a-1/);
  });

  it('name so many connections by their id, and the others together', async () => {
    const { onSignal, register } = createMetrics({ maxConnectionsLabelled: 2 });
    for (const id of ['a', 'b', 'c', 'd', 'a', 'c']) onSignal(settled(id));
    const events = await samples(register, 'spillway_events_total');
    expect(events.map((line) => line.replace(/destination="acme",|,via.*\}/g, ''))).toEqual([
      '{connection="a" 2',
      '{connection="b" 1',
      '{connection="other" 3',
    ]);
  });

  it('keep a connection apart from one of its id at another destination', async () => {
    const { onSignal, register } = createMetrics();
    for (const slug of ['acme', 'acme', 'beta']) onSignal(settled('shop', { slug }));
    expect(await total(register, 'spillway_events_total', 'destination="acme"')).toBe(2);
    expect(await total(register, 'spillway_events_total', 'destination="beta"')).toBe(1);
  });

  it('have a gap in conservation that is 0, until core has lost or doubled an outcome', async () => {
    const { onSignal, register } = createMetrics();
    expect(await samples(register, 'spillway_conservation_gap')).toEqual(['0']);
    onSignal({ kind: 'conservation_broken', slug: 'acme', connection: 'a', in: 5, out: 3 });
    onSignal({ kind: 'conservation_broken', slug: 'acme', connection: 'a', in: 5, out: 6 });
    expect(await samples(register, 'spillway_conservation_gap')).toEqual(['3']);
  });
});

describe('the metrics of a queue', () => {
  const queued = async (answers: readonly number[]) => {
    const shop = testWorker({
      destination: acme({}, lone),
      connection: { id: 'acme', onAmbiguous: 'report' },
      script: (_: Seen, position: number) => answersOfAllKinds[answers[position % answers.length] ?? 0] ?? yes,
      runtime: { onSignal: (signal) => metrics.onSignal(signal) },
    });
    const store = new ClaimStore(shop.queue, {
      promises: { atomicPut: true, dedup: 'event' },
      process: { pid: process.pid, host: 'here', startedAt: new Date().toISOString() },
      now: shop.clock.now,
    });
    const metrics = createMetrics({ source: { status: () => store.status() } });
    return { shop, metrics };
  };

  it('add up with the store: what was put is delivered, skipped, dead or waiting, however often it was tried', async () => {
    const answers = fc.array(fc.nat(answersOfAllKinds.length - 1), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(answers, fc.integer({ min: 1, max: 20 }), async (replies, count) => {
        const { shop, metrics } = await queued(replies);
        await shop.put([...tracks(count), unwanted('no')]);
        const working = shop.start({ onSignal: metrics.onSignal });
        await shop.clock.advance(20_000);
        await shop.clock.run(working.stop(60_000));
        const { register } = metrics;
        const log = shop.queue.log('acme');
        expect(await total(register, 'spillway_queue_waiting')).toBe(log.waiting.size);
        expect(await total(register, 'spillway_dead_letters')).toBe(log.dead.length);
        expect(await total(register, 'spillway_events_total', 'outcome="dead"')).toBe(log.dead.length);
        const done = (await total(register, 'spillway_events_total', 'via="queue"')) - log.dead.length;
        expect(done).toBe(log.done.length);
        expect(log.done.length + log.dead.length + log.waiting.size).toBe(count + 1);
        expect(await total(register, 'spillway_events_total', 'via="call"')).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('count a try that failed as a retry, and the event once', async () => {
    const { shop, metrics } = await queued([5, 0]);
    await shop.put([track('a')]);
    await shop.workAll({ onSignal: metrics.onSignal });
    const { register } = metrics;
    expect(await samples(register, 'spillway_retries_total')).toEqual([
      '{destination="acme",connection="acme",reason="vendor_unavailable"} 1',
    ]);
    expect(await total(register, 'spillway_events_total')).toBe(1);
    expect(await total(register, 'spillway_requests_total')).toBe(2);
  });
});

describe('the gauges of a scrape', () => {
  const observed = (id: string, suspensions: number, cause?: string, failing = 0): ObservedConnection => ({
    connection: {
      id,
      slug: 'acme',
      suspended: () => Array.from({ length: suspensions }, () => ({ reason: { code: 'unauthorized', message: 'No' } })),
    },
    worker: { state: () => ({ reason: cause === undefined ? null : { cause }, failing: { events: failing } }) },
  });
  const source = (connections: () => readonly ObservedConnection[]): MetricsOptions => ({ source: { connections } });
  const of = (id: string): string => `{destination="acme",connection="${id}"}`;

  it('say how many events fail at every try, and whether the disk is full', async () => {
    let connections = [observed('a', 0, undefined, 3)];
    const { register } = createMetrics(source(() => connections));
    expect(await samples(register, 'spillway_events_failing')).toEqual([`${of('a')} 3`]);
    expect(await samples(register, 'spillway_disk_full')).toEqual(['0']);
    connections = [observed('a', 0, 'disk')];
    expect(await samples(register, 'spillway_disk_full')).toEqual(['1']);
  });

  it('say what is suspended, and whose circuit is open; a connection that is gone has no value', async () => {
    let connections = [observed('a', 2), observed('b', 0, 'unreachable'), observed('c', 0, 'paced')];
    const { register } = createMetrics(source(() => connections));
    expect(await samples(register, 'spillway_suspended')).toEqual([`${of('a')} 2`, `${of('b')} 0`, `${of('c')} 0`]);
    expect(await samples(register, 'spillway_circuit_open')).toEqual([`${of('a')} 0`, `${of('b')} 1`, `${of('c')} 0`]);
    connections = [observed('b', 0)];
    expect(await samples(register, 'spillway_suspended')).toEqual([`${of('b')} 0`]);
    expect(await samples(register, 'spillway_circuit_open')).toEqual([`${of('b')} 0`]);
  });

  it('add up the connections without a label of their own, and take the oldest of them', async () => {
    const backlog = (connection: string, oldestMs: number) => ({ connection, waiting: 2, oldestMs, dead: 1 });
    const { register } = createMetrics({
      maxConnectionsLabelled: 1,
      source: {
        connections: () => ['a', 'b', 'c'].map((id) => observed(id, 1)),
        status: async () => ({
          connections: [backlog('a', 1_000), backlog('b', 9_000), backlog('c', 5_000)],
          bytes: 10,
          maxBytes: 20,
          quarantined: 3,
        }),
      },
    });
    expect(await samples(register, 'spillway_suspended')).toEqual([`${of('a')} 1`, `${of('other')} 2`]);
    expect(await samples(register, 'spillway_queue_waiting')).toEqual([`${of('a')} 2`, `${of('other')} 4`]);
    expect(await samples(register, 'spillway_queue_oldest_seconds')).toEqual([`${of('a')} 1`, `${of('other')} 9`]);
    expect(await samples(register, 'spillway_store_bytes')).toEqual(['10']);
    expect(await samples(register, 'spillway_store_max_bytes')).toEqual(['20']);
    expect(await samples(register, 'spillway_store_quarantined')).toEqual(['3']);
  });

  it('ask the store once, and name a destination without a connection by what the store knows', async () => {
    let asked = 0;
    const { register } = createMetrics({
      source: {
        async status() {
          asked += 1;
          const registered = { destination: 'beta' };
          const connections = [{ connection: 'x', waiting: 1, oldestMs: 0, dead: 0, registered }];
          return { connections, bytes: 1, maxBytes: 2, quarantined: 0 };
        },
      },
    });
    expect(await samples(register, 'spillway_queue_waiting')).toEqual(['{destination="beta",connection="x"} 1']);
    expect(asked).toBe(1);
  });

  it('are missing while their source fails, and the other metrics are not', async () => {
    let works = true;
    const check = (): void => {
      if (!works) throw new Error('the store is closed');
    };
    const { register, onSignal } = createMetrics({
      source: {
        requestsInFlight: () => (check(), 1),
        connections: () => (check(), [observed('a', 1)]),
        status: () => (check(), Promise.resolve({ connections: [], bytes: 1, maxBytes: 2, quarantined: 0 })),
      },
    });
    onSignal(settled('a'));
    const gauges = ['spillway_in_flight', 'spillway_suspended', 'spillway_store_bytes'];
    const found = async () => Promise.all(gauges.map(async (name) => (await samples(register, name)).length));
    expect(await found()).toEqual([1, 1, 1]);
    works = false;
    expect(await found()).toEqual([0, 0, 0]);
    expect(await total(register, 'spillway_events_total')).toBe(1);
    works = true;
    expect(await found()).toEqual([1, 1, 1]);
  });

  it('of a store that is silent are missing, the others come all the same, and its own again once it speaks', async () => {
    let isSilent = true;
    const status = { connections: [], bytes: 1, maxBytes: 2, quarantined: 0 };
    const { register } = createMetrics({
      source: {
        requestsInFlight: () => 1,
        status: () => (isSilent ? new Promise(() => undefined) : Promise.resolve(status)),
      },
    });
    const text = await register.metrics();
    expect(text).toMatch(/^spillway_in_flight 1$/m);
    expect(text).not.toMatch(/^spillway_store_bytes /m);
    isSilent = false;
    expect(await samples(register, 'spillway_store_bytes')).toEqual(['1']);
  });

  it('count the requests that are in flight', async () => {
    let answer = (): void => undefined;
    const gate = new Promise<void>((resolve) => (answer = resolve));
    const { connection, runtime, vendor } = testConnection({
      destination: acme({}, lone),
      script: async () => {
        await gate;
        return yes;
      },
    });
    const { register } = createMetrics({ source: { requestsInFlight: () => runtime.requestsInFlight() } });
    expect(await samples(register, 'spillway_in_flight')).toEqual(['0']);
    const delivering = connection.deliver(tracks(3));
    while (vendor.total < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(await samples(register, 'spillway_in_flight')).toEqual(['3']);
    answer();
    await delivering;
    expect(await samples(register, 'spillway_in_flight')).toEqual(['0']);
  });

  it('are not there without a source', async () => {
    const { register } = createMetrics();
    expect(await register.metrics()).not.toMatch(/in_flight|suspended|circuit|waiting|dead_letters|store_/);
  });
});

describe('what a host counts by itself', () => {
  it('is how often it read its settings again, each result from the start', async () => {
    const { register, configReloaded } = createMetrics();
    configReloaded('invalid');
    configReloaded('invalid');
    expect(await samples(register, 'spillway_config_reloads_total')).toEqual([
      '{result="applied"} 0',
      '{result="invalid"} 2',
      '{result="needs_restart"} 0',
      '{result="unchanged"} 0',
    ]);
  });

  it('is whether the settings were valid when they were last read', async () => {
    const { register, configReloaded } = createMetrics();
    const valid = async () => samples(register, 'spillway_settings_valid');
    expect(await valid()).toEqual(['1']);
    configReloaded('invalid');
    configReloaded('needs_restart');
    expect(await valid()).toEqual(['0']);
    configReloaded('unchanged');
    expect(await valid()).toEqual(['1']);
  });

  it('is what it answered, by route and class of status', async () => {
    const { register, httpAnswered } = createMetrics();
    for (const status of [200, 202, 404]) httpAnswered('/v1/connections/{id}/deliver', status);
    httpAnswered('/healthz', 999);
    expect(await samples(register, 'spillway_http_requests_total')).toEqual([
      '{route="/healthz",status_class="other"} 1',
      '{route="/v1/connections/{id}/deliver",status_class="2xx"} 2',
      '{route="/v1/connections/{id}/deliver",status_class="4xx"} 1',
    ]);
  });

  it('goes into its own registry, with the metrics of the process where it asks for them', async () => {
    const register = new Registry();
    expect(createMetrics({ register, processMetrics: true }).register).toBe(register);
    expect(await register.metrics()).toMatch(/^process_cpu_seconds_total /m);
    expect(await createMetrics().register.metrics()).not.toMatch(/process_cpu/);
  });
});

describe('prom-client', () => {
  test('is asked for by its install command where it is not there', () => {
    const load = (id: string): never => {
      throw Object.assign(new Error(`Cannot find module '${id}'`), { code: 'MODULE_NOT_FOUND' });
    };
    expect(() => loadPromClient(load)).toThrow(
      'spillway/metrics needs prom-client, which is not installed. Run: npm install prom-client@15.1.3',
    );
  });
});
