import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import type { CdpEvent } from '../../../core/index.ts';
import { openJetStreamStore } from '../../../core/queue/jetstream/index.ts';
import { toQueued, workFor, type QueuedEvent } from '../../../core/queue/index.ts';
import { startBenchBroker, type BenchBroker } from '../broker.ts';
import { childScript } from '../children/child.ts';
import type { Delivered } from '../children/store-worker.ts';
import { connect } from '../connect.ts';
import { inRounds, measured, workAll, type Contender } from '../delivery-rounds.ts';
import type { Effort } from '../effort.ts';
import type { Row } from '../report.ts';
import { spreadOf } from '../rounds.ts';
import { expectAll } from '../runs.ts';
import { startSink } from '../sink.ts';
import { bareClient } from '../stores/bare-client.ts';
import { id, onJetStream, onLmdb } from '../stores/delivery-store.ts';
import type { BenchDelivery } from '../stores/delivery.ts';
import { linesFor, subjectOf, subjects, type Subject } from '../subjects.ts';

const perPut = 500;
/** Callers that put one event each, at once. */
const callers = 50;
const devices = 5_000;
const laneCounts = [1, 8, 64, 256];
const processCounts = [1, 2, 4];
const vendorMs = 20;

interface Size {
  readonly rounds: number;
  readonly events: number;
  readonly single: number;
}

/** The store on a broker beside NATS' own client and the embedded store. Broker and vendor have another core. */
export async function jetstream(effort: Effort): Promise<readonly Row[]> {
  const missing = whatIsMissing();
  if (missing !== undefined) return [{ what: `skipped: ${missing}` }];
  const size = effort.quick ? { rounds: 1, events: 5_000, single: 500 } : { rounds: 5, events: 20_000, single: 5_000 };
  const broker = await startBenchBroker();
  try {
    return [
      ...(await besideOthers(size, broker)),
      ...(await byLanes(size, broker)),
      ...(await byProcesses(size, broker)),
      ...(await adjustWithDelay(size, broker)),
    ];
  } finally {
    await broker.remove();
  }
}

function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux') return 'what a broker costs is read in /proc, which Linux has';
  if (spawnSync('nats-server', ['--version']).error === undefined) return undefined;
  return 'nats-server is not installed; Debian has it as a package';
}

const floorName = 'bare client';

async function besideOthers(size: Size, broker: BenchBroker): Promise<readonly Row[]> {
  const subject = subjects[0] as Subject;
  const contenders: readonly Contender[] = [
    { hasLanes: false, usesBroker: true, kind: bareClient(floorName, subject, broker.url('bare')) },
    { hasLanes: false, usesBroker: true, kind: onJetStream('JetStream', subject, broker.url('plain')) },
    { hasLanes: true, usesBroker: true, kind: onJetStream('JetStream, 64 lanes', subject, broker.url('lanes', 64)) },
    { hasLanes: false, usesBroker: false, kind: onLmdb('LMDB', subject) },
    { hasLanes: true, usesBroker: false, kind: onLmdb('LMDB, in lanes', subject) },
  ].map((contender) => ({ ...contender, name: contender.kind.name }));
  return inRounds(contenders, size, broker, async (contender, store, meter) => [
    await meter('put, 500 a put', size.events, () => putAll(store, contender, size.events)),
    await meter('work, vendor at once', size.events, () => workAll(store)),
    await meter('put and work at once', size.events, async () => {
      const work = store.work();
      await putAll(store, contender, size.events);
      await work.finished();
      await work.stop();
    }),
    await meter(`put, 1 a put, ${callers} callers`, size.single, () => putSingly(store, contender, size.single)),
  ]);
}

async function byLanes(size: Size, broker: BenchBroker): Promise<readonly Row[]> {
  const subject = subjects[0] as Subject;
  const contenders = laneCounts.map((lanes): Contender => {
    const name = `${lanes} lanes`;
    return { name, hasLanes: true, usesBroker: true, kind: onJetStream(name, subject, broker.url(`l${lanes}`, lanes)) };
  });
  return inRounds(contenders, size, broker, async (contender, store, meter) => [
    await meter('lanes, put', size.events, () => putAll(store, contender, size.events)),
    await meter('lanes, work', size.events, () => workAll(store)),
  ]);
}

let pass = 0;

/** Events of ids that nobody has seen. */
function queuedEvents(count: number, hasLanes: boolean): readonly QueuedEvent[] {
  pass += 1;
  const acceptedAt = Date.now();
  return eventsOf(count).map((event, at) => ({
    id: `${pass}-${at}`,
    event,
    acceptedAt,
    ...(hasLanes ? { lanes: [`device-${at % devices}`] } : {}),
  }));
}

const parsed: CdpEvent[] = [];
function eventsOf(count: number): readonly CdpEvent[] {
  if (parsed.length < count)
    parsed.push(...linesFor(subjects[0] as Subject, count - parsed.length).map((line) => JSON.parse(line) as CdpEvent));
  return parsed.slice(0, count);
}

async function putAll(store: BenchDelivery, { hasLanes }: Contender, count: number): Promise<void> {
  const events = queuedEvents(count, hasLanes);
  for (let from = 0; from < count; from += perPut) await store.put(events.slice(from, from + perPut));
}

async function putSingly(store: BenchDelivery, { hasLanes }: Contender, count: number): Promise<void> {
  const events = queuedEvents(count, hasLanes);
  let next = 0;
  const call = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) await store.put([events[at]!]);
  };
  await Promise.all(Array.from({ length: callers }, call));
}

/** Workers in processes of their own, which share the machine's cores with the broker. */
async function byProcesses(size: Size, broker: BenchBroker): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let first: readonly number[] = [];
  const url = broker.url('many', 64);
  const store = await openJetStreamStore({ url, maxBytes: 4 * 1024 ** 3 });
  const put = async (): Promise<void> => {
    const events = queuedEvents(size.events, true);
    for (let from = 0; from < size.events; from += perPut)
      await store.put([{ connection: id, events: events.slice(from, from + perPut) }]);
  };
  for (const count of processCounts) {
    await put();
    const workers = await Promise.all(Array.from({ length: count }, () => startWorker(url)));
    const runs: { readonly perSecond: number; readonly clientUs: number; readonly brokerUs: number }[] = [];
    for (let round = 0; round <= size.rounds; round += 1) {
      if (round > 0) await put();
      const brokerBefore = broker.cpuUs();
      const start = Date.now();
      const done = await Promise.all(workers.map(deliverAll));
      const brokerUs = (broker.cpuUs() - brokerBefore) / size.events;
      const sum = (figure: (one: Delivered) => number): number => done.reduce((all, one) => all + figure(one), 0);
      expectAll(
        sum(({ events }) => events),
        size.events,
      );
      const seconds = (Math.max(...done.map(({ lastAt }) => lastAt)) - start) / 1000;
      if (round > 0)
        runs.push({ perSecond: size.events / seconds, clientUs: sum(({ cpuUs }) => cpuUs) / size.events, brokerUs });
      await store.prune(Date.now() + 60_000);
    }
    for (const worker of workers) worker.disconnect();
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    const speeds = runs.map(({ perSecond }) => perSecond);
    if (first.length === 0) first = speeds;
    const what = `${count} worker ${count === 1 ? 'process' : 'processes'}, 64 lanes, ${cpus().length} cores in all`;
    const ratio = spreadOf(speeds).median / spreadOf(first).median;
    rows.push(
      { what, ...spreadOf(speeds), unit: 'events/s', ratio },
      { what, ...spreadOf(runs.map(({ clientUs }) => clientUs)), unit: 'CPU us/event' },
      { what, ...spreadOf(runs.map(({ brokerUs }) => brokerUs)), unit: 'broker us/event' },
    );
  }
  await store.close();
  return rows;
}

async function startWorker(url: string): Promise<ChildProcess> {
  const child = fork(childScript('store-worker'), [url], { execArgv: [] });
  await once(child, 'message');
  return child;
}

async function deliverAll(worker: ChildProcess): Promise<Delivered> {
  worker.send('work');
  const [delivered] = (await once(worker, 'message')) as [Delivered];
  return delivered;
}

/** One event a request, the order of each device kept, as many requests at once as the folder says. */
async function adjustWithDelay({ events: count }: Size, broker: BenchBroker): Promise<readonly Row[]> {
  const subject = subjectOf('Adjust, 1 a request');
  const { manifest } = subject.destination;
  const sink = await startSink(subject, vendorMs);
  const { connection, runtime } = connect(subject, { origin: sink.origin });
  const store = await openJetStreamStore({ url: broker.url('adjust', 256), maxBytes: 4 * 1024 ** 3 });
  const half = count / 2;
  const lines = linesFor(subject, half, { phones: devices });
  const acceptedAt = Date.now();
  const queued = lines.map((line, at) => toQueued(connection, JSON.parse(line) as CdpEvent, `a-${at}`, acceptedAt));
  for (let from = 0; from < half; from += perPut)
    await store.put([{ connection: id, events: queued.slice(from, from + perPut) }]);
  const worker = store.work(connection, { id, ...workFor(manifest) });
  const { perSecond, clientUs, brokerUs } = await measured(broker, half, () => worker.idle());
  expectAll(worker.counts().delivered, half);
  await worker.stop(0);
  await store.close();
  await runtime.close();
  sink.stop();
  const { concurrency } = manifest.pace;
  const what = `Adjust, ${vendorMs} ms vendor, 256 lanes, ${concurrency} requests at once`;
  return [
    { what, median: perSecond, unit: 'events/s', ratio: perSecond / ((concurrency * 1000) / vendorMs) },
    { what, median: clientUs, unit: 'CPU us/event' },
    { what, median: brokerUs, unit: 'broker us/event' },
  ];
}
