import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from '@jest/globals';
import { createRuntime, type AnyDestination, type CdpEvent, type Outcome } from '../../core/index.ts';
import adrollEmail from '../../destinations/adroll-email/index.ts';
import { toQueued } from '../../core/queue/index.ts';
import rokt from '../../destinations/rokt/index.ts';
import { accounts, type Account } from '../support/simulators/accounts.ts';
import { generate } from '../../core/testing/simulators/index.ts';
import { durable } from '../support/docs/durable.ts';
import { measured } from '../support/docs/metrics.ts';
import { forgetUnsubscribed } from '../support/docs/operations.ts';
import { read, shown } from '../support/docs/pages.ts';
import { deliverAll } from '../support/docs/stream.ts';
import { deliverTraced } from '../support/docs/traces.ts';

function accountAt(slug: string): Account {
  const account = accounts.find((one) => one.slug === slug);
  if (account === undefined) throw new Error(`no account at ${slug}`);
  return account;
}

function openedAt(destination: AnyDestination, origin: string, settings: unknown) {
  const runtime = createRuntime({
    destinations: [destination],
    origins: { [destination.manifest.slug]: origin },
  });
  const opened = runtime.open(destination, settings);
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  return { connection: opened.connection, close: () => runtime.close() };
}

const eventsFor = (account: Account, count: number): CdpEvent[] => [
  ...generate({ count, seed: 1, mix: account.mix, startTime: Date.now() - 60_000 }),
];

describe('docs/embedding.md', () => {
  test.each(['stream', 'operations', 'durable', 'metrics', 'traces'])(
    'shows the code of %s.ts, which the next tests run',
    async (file) => {
      expect(await read('docs/embedding.md')).toContain(await shown(`test/support/docs/${file}.ts`));
    },
  );

  test('streams any number of events, and gives each its outcome once', async () => {
    const account = accountAt('rokt');
    const vendor = await account.start({ seed: 1 });
    const { connection, close } = openedAt(rokt, vendor.origin, account.config);
    const outcomes = new Map<number, Outcome['kind']>();
    const events = eventsFor(account, 300);
    const counts = await deliverAll(connection, events, (index, { kind }) => void outcomes.set(index, kind));
    await close();
    await vendor.close();
    expect(outcomes.size).toBe(300);
    expect(counts.delivered).toBe([...outcomes.values()].filter((kind) => kind === 'delivered').length);
    expect(counts.delivered).toBeGreaterThan(100);
  });

  test('calls a vendor for its unsubscribers', async () => {
    const account = accountAt('adroll-email');
    const vendor = await account.start({ seed: 1 });
    const more = { origins: { 'adroll-email': vendor.origin } };
    const forgotten: string[] = [];
    const { connection, close } = openedAt(adrollEmail, vendor.origin, account.config);
    const recorded = await connection.call('record-unsubscribers', { body: ['jane.doe@example.com'] });
    expect(recorded).toMatchObject({ kind: 'done' });
    await close();
    const since = '2026-01-01T00:00:00';
    expect(await forgetUnsubscribed(account.config, since, (address) => forgotten.push(address), more)).toBe('done');
    expect(forgotten).toEqual(['jane.doe@example.com']);
    const mistyped = { ...account.config, auth: { kind: 'token', token: 'mistyped' } };
    await expect(forgetUnsubscribed(mistyped, since, () => undefined, more)).rejects.toThrow(/refused the credentials/);
    await vendor.close();
  });

  test('measures what it delivers, and names every metric', async () => {
    const account = accountAt('rokt');
    const vendor = await account.start({ seed: 1 });
    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-docs-'));
    const host = await measured(folder, account.config, { origins: { rokt: vendor.origin } });
    const events = eventsFor(account, 50).map((event, n) => toQueued(host.connection, event, `m-${n}`));
    const put = events.filter(({ outcome }) => outcome === undefined);
    await host.store.put([{ connection: 'shop-rokt', events }]);
    host.worker.wake();
    await host.worker.idle();
    const text = await host.scrape();
    const counted = [...text.matchAll(/^spillway_events_total\{.*via="queue".*\} (\d+)$/gm)].map(([, n]) => Number(n));
    expect(counted.reduce((sum, n) => sum + n, 0)).toBe(put.length);
    expect(text).toMatch(/^spillway_queue_waiting\{destination="rokt",connection="shop-rokt"\} 0$/m);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
    const registered = [...text.matchAll(/^# TYPE (spillway_\w+)/gm)].map(([, name]) => name);
    expect(registered.length).toBeGreaterThan(15);
    const named = [...(await read('docs/embedding.md')).matchAll(/^\| `(spillway_\w+)`/gm)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(registered));
    await host.close();
    await vendor.close();
    await rm(folder, { recursive: true });
  });

  test('traces what it sends as a part of the request that brought the event', async () => {
    const account = accountAt('rokt');
    const vendor = await account.start({ seed: 1 });
    const exporter = new InMemorySpanExporter();
    const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer('docs');
    const traceId = 'c'.repeat(32);
    const more = { origins: { rokt: vendor.origin }, tracer };
    const events = eventsFor(account, 50);
    const outcomes = await deliverTraced(account.config, events, `00-${traceId}-${'d'.repeat(16)}-01`, more);
    expect(outcomes.some(({ kind }) => kind === 'delivered')).toBe(true);
    const spans = exporter.getFinishedSpans();
    expect(spans.length).toBeGreaterThan(0);
    for (const { links } of spans) expect(links.map(({ context }) => context.traceId)).toEqual([traceId]);
    await vendor.close();
  });

  test('delivers out of a durable queue', async () => {
    const account = accountAt('rokt');
    const vendor = await account.start({ seed: 1 });
    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-docs-'));
    const host = await durable(folder, account.config, { origins: { rokt: vendor.origin } });
    const withId = (event: CdpEvent): event is CdpEvent & { messageId: string } => typeof event.messageId === 'string';
    for (const event of eventsFor(account, 50).filter(withId)) expect(await host.accept(event)).toBe(true);
    await host.idle();
    const { waiting, done, dead } = (await host.store.status()).connections[0] ?? {};
    expect([waiting, dead]).toEqual([0, 0]);
    expect(done).toBeGreaterThan(40);
    await host.close();
    await vendor.close();
    await rm(folder, { recursive: true });
  });
});
