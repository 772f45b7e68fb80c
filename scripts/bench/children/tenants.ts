/** Very many connections of one destination in one process; prints what they cost. */
import { setImmediate as turn } from 'node:timers/promises';
import { Agent } from 'undici';
import { createRuntime, type CdpEvent, type Connection, type Outcome, type Runtime } from '../../../core/index.ts';
import { linesFor, subjectOf } from '../subjects.ts';

export interface TenantsRun {
  readonly openMs: number;
  /** From the first event handed over to the last outcome. */
  readonly firstMs: number;
  readonly delivered: number;
  /** Events whose outcome is unknown: the vendor may have them. */
  readonly ambiguous: number;
  /** Afterwards, with every connection still open, over what the process had before the first. */
  readonly idleHeapBytes: number;
  readonly idleRssMb: number;
  /** The longest time for which the event loop did nothing else while the connections were opened. */
  readonly longestBlockMs: number;
}

const [mode = 'deliver', count = '5000', origin = ''] = process.argv.slice(2);
const tenants = Number(count);
const subject = subjectOf('Rokt, 1 a request');
const { destination, config, floor } = subject;
const { slug } = destination.manifest;
/** A host reads its tenants in pages, and gives the loop its turn between them. */
const page = 50;

const result = mode === 'floor' ? await byHand() : await ours();
console.log(JSON.stringify(result));
process.exit();

async function ours(): Promise<TenantsRun> {
  const lines = mode === 'deliver' ? linesFor(subject, tenants) : [];
  const runtime = createRuntime({
    destinations: [destination],
    ...(origin === '' ? {} : { origins: { [slug]: origin } }),
  });
  open(runtime, 0);
  const heapBefore = await sweptHeap();
  const connections: Connection[] = [];
  const startedAt = performance.now();
  let longestBlockMs = 0;
  while (connections.length < tenants) {
    const turnAt = performance.now();
    for (let n = 0; n < page && connections.length < tenants; n += 1)
      connections.push(open(runtime, connections.length + 1));
    longestBlockMs = Math.max(longestBlockMs, performance.now() - turnAt);
    await turn();
  }
  const openedAt = performance.now();
  const outcomes = await Promise.all(
    lines.map((line, index) => (connections[index] as Connection).deliver([JSON.parse(line) as CdpEvent])),
  );
  const firstMs = performance.now() - openedAt;
  const settled = outcomes.flat();
  return {
    openMs: openedAt - startedAt,
    firstMs,
    delivered: settled.filter(({ kind }) => kind === 'delivered').length,
    ambiguous: settled.filter(isAmbiguous).length,
    ...(await idle(heapBefore)),
    longestBlockMs,
  };
}

function open(runtime: Runtime, tenant: number): Connection {
  const opened = runtime.open(slug, { ...config, apiKey: `key-of-tenant-${tenant}` }, { id: `tenant-${tenant}` });
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  return opened.connection;
}

function isAmbiguous(outcome: Outcome): boolean {
  if (outcome.kind === 'unknown') return true;
  return outcome.kind === 'deferred' && outcome.reason.code === 'ambiguous_delivery';
}

/** The same requests by hand, through one Agent with as many sockets as a runtime has. */
async function byHand(): Promise<TenantsRun> {
  const lines = linesFor(subject, tenants);
  const heapBefore = await sweptHeap();
  const agent = new Agent({ connections: 256, pipelining: 1 });
  const startedAt = performance.now();
  await Promise.all(
    lines.map(
      (line) =>
        new Promise<void>((done, failed) => {
          agent.dispatch(
            {
              origin,
              path: floor.path,
              method: 'POST',
              headers: floor.headers,
              body: floor.bodyOf([line]),
            },
            {
              onRequestStart: () => undefined,
              onResponseStart: () => undefined,
              onResponseData: () => undefined,
              onResponseEnd: () => done(),
              onResponseError: (_controller, error) => failed(error),
            },
          );
        }),
    ),
  );
  const firstMs = performance.now() - startedAt;
  return { openMs: 0, firstMs, delivered: tenants, ambiguous: 0, ...(await idle(heapBefore)), longestBlockMs: 0 };
}

async function idle(heapBefore: number): Promise<Pick<TenantsRun, 'idleHeapBytes' | 'idleRssMb'>> {
  const idleHeapBytes = (await sweptHeap()) - heapBefore;
  return { idleHeapBytes, idleRssMb: process.memoryUsage().rss / 2 ** 20 };
}

async function sweptHeap(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
  return process.memoryUsage().heapUsed;
}
