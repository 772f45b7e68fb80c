import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CdpEvent, Outcome } from '../../../core/index.ts';
import { openStore, settingsOf, toQueued, type DeliveryStore } from '../../../core/queue/index.ts';
import { createService, listen } from '../../../core/service/index.ts';
import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { startHttpClients, type HttpClients } from '../http-clients.ts';
import { atMost, type Row } from '../report.ts';
import { cpuPerEvent, interleave, spreadOf, type Contender } from '../rounds.ts';
import { startSink } from '../sink.ts';
import { subjectOf } from '../subjects.ts';

/** Of its CPU to that of the same work behind bare `node:http`. */
const most = 1.25;

const subject = subjectOf('Rokt, 100 a request');
const shop = { id: 'shop', destination: 'rokt', config: subject.config };
const fast = { pace: { rokt: { rate: { permits: 1e9, perMs: 1_000, cost: 'item' } } } } as const;

/**
 * The service beside bare `node:http`: one that parses and answers the same JSON, and one that does the work as well.
 * Clients and the vendor are other processes, on another core.
 */
export async function service(effort: Effort): Promise<readonly Row[]> {
  const clients = startHttpClients();
  const rows = [...(await deliveries(effort, clients)), ...(await durable(effort, clients))];
  clients.stop();
  return rows;
}

async function deliveries(effort: Effort, clients: HttpClients): Promise<readonly Row[]> {
  const sink = await startSink(subject);
  const { connection, runtime } = connect(subject, { origin: sink.origin });
  const server = createService({
    destinations: [subject.destination],
    runtime: { origins: { rokt: sink.origin }, ...fast },
  });
  await server.apply([shop]);
  const listening = await listen(server, { port: 0 });
  const outcomesOf = (events: readonly CdpEvent[]): readonly object[] =>
    events.map(({ messageId: eventId }) => ({ kind: 'delivered', eventId, attempts: 1 }));
  const parses = await bare(async (request) => [200, outcomesOf(await eventsOf(request))]);
  const delivers = await bare(async (request): Promise<[number, readonly Outcome[]]> => [
    200,
    await connection.deliver(await eventsOf(request)),
  ]);
  const of = { events: effort.events, status: 200, subject: subject.name };
  const ours = { origin: `http://127.0.0.1:${listening.port}`, path: '/v1/connections/shop/deliver', ...of };
  const rows = await compared('/deliver', effort, clients, [
    ['node:http, deliver()', { ...of, origin: delivers.origin, path: '/', form: 'json' }],
    ['node:http, parse and answer alone', { ...of, origin: parses.origin, path: '/', form: 'json' }],
    ['service, a JSON array of 100', { ...ours, form: 'json' }],
    ['service, 100 lines of NDJSON', { ...ours, form: 'ndjson' }],
  ]);
  await listening.close(0);
  await server.close(0);
  await runtime.close();
  parses.stop();
  delivers.stop();
  sink.stop();
  return rows;
}

/** The vendor refuses the credentials, so that nothing is delivered meanwhile. */
async function durable(effort: Effort, clients: HttpClients): Promise<readonly Row[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-service-'));
  const sink = await startSink({ ...subject, yes: { status: 401, body: '' } });
  const { connection, runtime } = connect(subject, { origin: sink.origin });
  const plain = await openStore({ path: path.join(folder, 'plain') });
  const own = await openStore({ path: path.join(folder, 'own') });
  const server = createService({
    destinations: [subject.destination],
    runtime: { origins: { rokt: sink.origin }, ...fast },
    store: own,
  });
  await server.apply([shop]);
  const listening = await listen(server, { port: 0 });
  const parses = await bare(async (request) => {
    const events = await eventsOf(request);
    return [202, { accepted: events.length, duplicates: 0, settled: 0 }];
  });
  const puts = await bare(async (request) => [202, await put(plain, connection, await eventsOf(request))]);
  const of = { events: effort.events, status: 202, subject: subject.name };
  const ours = { ...of, origin: `http://127.0.0.1:${listening.port}` };
  const rows = await compared('/events', effort, clients, [
    ['node:http, put()', { ...of, origin: puts.origin, path: '/', form: 'json' }],
    ['node:http, parse and answer alone', { ...of, origin: parses.origin, path: '/', form: 'json' }],
    ['service, /v1/connections/{id}/events, JSON', { ...ours, path: '/v1/connections/shop/events', form: 'json' }],
    ['service, /v1/connections/{id}/events, NDJSON', { ...ours, path: '/v1/connections/shop/events', form: 'ndjson' }],
    ['service, /v1/events, JSON', { ...ours, path: '/v1/events', form: 'json' }],
  ]);
  await listening.close(0);
  await server.close(0);
  await Promise.all([runtime.close(), plain.close(), own.close()]);
  parses.stop();
  puts.stop();
  sink.stop();
  await rm(folder, { recursive: true });
  return rows;
}

type Load = Parameters<HttpClients['send']>[0];

/** Each beside the first. */
async function compared(
  route: string,
  effort: Effort,
  clients: HttpClients,
  loads: readonly (readonly [name: string, load: Load])[],
): Promise<readonly Row[]> {
  const seconds = new Map<string, number[]>();
  const contenders = loads.map(([name, load]): Contender => {
    const taken: number[] = [];
    seconds.set(name, taken);
    return { name, run: async () => void taken.push(await clients.send(load)) };
  });
  const measured = await interleave(contenders, cpuPerEvent(effort.events), effort);
  return measured.flatMap(({ name, ratio, ...spread }): Row[] => {
    const perSecond = (seconds.get(name) ?? []).slice(-effort.rounds).map((taken) => effort.events / taken);
    const aim = name.endsWith('JSON') || name.includes('JSON array') ? { aim: atMost(1 / ratio, most, 'x') } : {};
    const what = `${route}: ${name}`;
    return [
      { what, ...spread, unit: 'CPU us/event', ratio, ...aim },
      { what, ...spreadOf(perSecond), unit: 'events/s' },
    ];
  });
}

async function put(
  store: DeliveryStore,
  connection: Parameters<typeof toQueued>[0],
  events: readonly CdpEvent[],
): Promise<object> {
  const acceptedAt = Date.now();
  const queued = events.map((event) => toQueued(connection, event, event.messageId ?? randomUUID(), acceptedAt));
  const settings = { id: 'shop', destination: 'rokt', settings: settingsOf('') };
  const [result] = await store.put([{ connection: settings, events: queued }]);
  return { ...result, settled: 0 };
}

/** The least that a service in Node can be. */
async function bare(answer: (request: IncomingMessage) => Promise<readonly [status: number, content: object]>) {
  const listener: RequestListener = (request, response) =>
    void answer(request).then(([status, content]) => {
      const body = JSON.stringify(content);
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function eventsOf(request: IncomingMessage): Promise<readonly CdpEvent[]> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()) as readonly CdpEvent[]));
  });
}
