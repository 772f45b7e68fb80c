import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { createRuntime, type AnyDestination, type CdpEvent, type Connection } from '../../../core/index.ts';
import { openStore } from '../../../core/queue/index.ts';
import { everyFault, generate, mixes, type Ledger, type Simulator } from '../../../core/testing/simulators/index.ts';
import { accounts, ledgerKey, type Account } from '../../support/simulators/accounts.ts';
import { spillway, type Child } from '../kill/child.ts';
import { startLossyFront } from './lossy-front.ts';
import { startSdk, type SdkClient, type SdkName } from './clients.ts';

export interface SdkRunOptions {
  /** For the store and the config; made, and not removed. */
  readonly folder: string;
  readonly destinations: readonly AnyDestination[];
  /** Of each SDK. */
  readonly events: number;
  /** How many of them each SDK is given a second. */
  readonly perSecond: number;
  /** How often the service is killed and started again while they are sent. */
  readonly kills: number;
  /** Share of the vendors' answers that are faulty. */
  readonly faultRate: number;
  /** Share of the service's answers that do not reach the SDKs. */
  readonly lossRate: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

/** What became of the events at one vendor that the SDKs said they had sent. */
export interface SdkJudgement {
  readonly slug: string;
  readonly sent: number;
  /** In the vendor's ledger. */
  readonly delivered: number;
  readonly skipped: number;
  readonly dead: number;
  /** None of these. */
  readonly lost: number;
  /** Events that are in the store more often than once. */
  readonly keptTwice: number;
  readonly waiting: number;
  /** Commits of an event beyond the first: an answer or a process was lost in between. */
  readonly duplicates: number;
}

export interface SdkReport {
  readonly vendors: readonly SdkJudgement[];
  /** By SDK: what it gave up, and said so. */
  readonly gaveUp: Readonly<Record<SdkName, number>>;
  readonly killed: number;
  /** Answers of the service that did not reach an SDK. */
  readonly lostAnswers: number;
  /** What the last process said at its end. */
  readonly exitCode: number | null;
}

const sdkNames = ['segment', 'rudderstack'] as const satisfies readonly SdkName[];
const slugs = ['rokt', 'adroll'];
const timeoutMs = 1_000;
const options = {
  retry: { attempts: 6, baseMs: 1, capMs: 20, retryAfterCapMs: 20, budget: false },
  pace: { timeoutMs },
};

/** Both SDKs send to a service that is killed meanwhile, whose vendors fail; then their ledgers and the store are read. */
export async function runSdks(run: SdkRunOptions): Promise<SdkReport> {
  const { folder, destinations, events, perSecond, kills, seed, log = () => undefined } = run;
  mkdirSync(folder, { recursive: true });
  const used = accounts.filter(({ slug }) => slugs.includes(slug));
  const vendors = new Map(await Promise.all(used.map(async (one) => [one, await startVendor(one, run)] as const)));
  const origins = [...vendors].flatMap(([{ slug }, { origin }]) => ['--origin', `${slug}=${origin}`]);
  const config = path.join(folder, 'serve.json');
  const connections = used.map(({ slug, config: account }) => ({
    id: slug,
    destination: slug,
    config: account,
    options,
  }));
  const sources = sdkNames.map((id) => ({ id, writeKey: `key-of-${id}`, connections: slugs }));
  writeFileSync(config, JSON.stringify({ connections, sources }));
  const store = path.join(folder, 'store');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = async (): Promise<Child> => {
    const child = spillway(['serve', '--config', config, '--store', store, '--port', String(port), ...origins]);
    await untilReady(url, child);
    return child;
  };

  let service = await start();
  const front = await startLossyFront(port, { rate: run.lossRate, seed });
  const clients = sdkNames.map((name) => startSdk[name](front.url, `key-of-${name}`));
  const taken = clients.map(() => [] as CdpEvent[]);
  let killed = 0;
  const streams = clients.map((_, n) => eventsOf(events, seed + n));
  const startedAt = performance.now();
  for (let count = 1; count <= events; count += 1) {
    for (const [n, client] of clients.entries()) give(client, streams[n] as Iterator<CdpEvent>, taken[n] as CdpEvent[]);
    // A machine that is behind lets the SDKs and the vendors, which are in this process, go on all the same.
    if (count % 10 === 0) await pause(Math.max(1, (count * 1_000) / perSecond - (performance.now() - startedAt)));
    if (count !== Math.floor((events * (killed + 1)) / (kills + 1)) || killed === kills) continue;
    service.process.kill('SIGKILL');
    await service.ended;
    killed += 1;
    log(
      `killed after ${count} of ${events} events of each SDK; sent so far: ${clients.map(({ sent }) => sent.size).join(', ')}`,
    );
    service = await start();
  }
  await Promise.all(clients.map((client) => client.ended()));
  log(`the SDKs have ended after ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  front.close();
  while ((await waitingAt(url)) > 0) await pause(200);
  service.process.kill('SIGTERM');
  const { code } = await service.ended;

  const isSent = new Set(clients.flatMap(({ sent }) => [...sent]));
  const sent = taken.flat().filter(({ messageId }) => isSent.has(messageId ?? ''));
  const [segment, rudderstack] = clients.map(({ failed }) => failed.size) as [number, number];
  const judged = await judge(store, { vendors, destinations, sent, gaveUp: segment + rudderstack });
  await Promise.all([...vendors.values()].map((vendor) => vendor.close()));
  return { vendors: judged, gaveUp: { segment, rudderstack }, killed, lostAnswers: front.lost(), exitCode: code };
}

const startVendor = (account: Account, { faultRate, seed }: SdkRunOptions) =>
  account.start({
    faults: {
      rate: faultRate,
      weights: { ...everyFault, slow: 0.02, hang: 0.02 },
      retryAfterSeconds: 0,
      slowMs: timeoutMs * 2,
    },
    seed,
    latencyMs: 5,
  });

/** One in two for the web, so that AdRoll has a use for it. Vendors take no event that is older than some days. */
const eventsOf = (count: number, seed: number): Iterator<CdpEvent> =>
  generate({
    count,
    seed,
    mix: { ...mixes.orders, 'web-order': 3 },
    startTime: Date.now() - 3_600_000,
    stepMs: 20,
  });

function give(client: SdkClient, stream: Iterator<CdpEvent>, taken: CdpEvent[]): void {
  const { value: event } = stream.next() as { readonly value: CdpEvent };
  taken.push(event);
  client.take(event);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}

/** Throws where the process ends instead. */
async function untilReady(url: string, { ended }: Child): Promise<void> {
  let end: string | undefined;
  void ended.then(({ code, stderr }) => (end = `it ended with ${code}: ${stderr}`));
  while (end === undefined) {
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    await ready?.text();
    if (ready?.status === 200) return;
    await pause(50);
  }
  throw new Error(end);
}

async function waitingAt(url: string): Promise<number> {
  const answer = await fetch(`${url}/v1/connections`);
  const { connections } = (await answer.json()) as {
    readonly connections: readonly { readonly waiting: number | null }[];
  };
  return connections.reduce((sum, { waiting }) => sum + (waiting ?? 0), 0);
}

interface Evidence {
  readonly vendors: ReadonlyMap<Account, Simulator>;
  readonly destinations: readonly AnyDestination[];
  readonly sent: readonly CdpEvent[];
  /** Of these the service may have kept some: the answer was lost. */
  readonly gaveUp: number;
}

async function judge(
  directory: string,
  { vendors, destinations, sent, gaveUp }: Evidence,
): Promise<readonly SdkJudgement[]> {
  const store = await openStore({ path: directory });
  const runtime = createRuntime({ destinations });
  const judged: SdkJudgement[] = [];
  for (const [account, { ledger }] of vendors) {
    const opened = runtime.open(account.slug, account.config);
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const letters: string[] = [];
    for await (const { id } of store.dead(account.slug)) letters.push(id);
    const dead = new Set(letters);
    const [backlog] = (await store.status(account.slug)).connections;
    const { waiting = 0, done = 0 } = backlog ?? {};
    const sums = { delivered: 0, skipped: 0, dead: 0, lost: 0 };
    for (const event of sent) sums[stateOf(event, account, opened.connection, ledger, dead)] += 1;
    judged.push({
      slug: account.slug,
      sent: sent.length,
      ...sums,
      // Every messageId that the store took is there once, whatever became of it.
      keptTwice: Math.max(0, waiting + done + letters.length - sent.length - gaveUp),
      waiting,
      duplicates: ledger.duplicates(),
    });
  }
  await runtime.close();
  await store.close();
  return judged;
}

function stateOf(
  event: CdpEvent,
  account: Account,
  connection: Connection,
  ledger: Ledger,
  dead: ReadonlySet<string>,
): 'delivered' | 'skipped' | 'dead' | 'lost' {
  if (ledger.timesCommitted(ledgerKey(account, event)) > 0) return 'delivered';
  if (dead.has(event.messageId ?? '')) return 'dead';
  return connection.routeOf(event).kind === 'skipped' ? 'skipped' : 'lost';
}

export const isKept = ({ vendors, exitCode }: SdkReport): boolean =>
  exitCode === 0 &&
  vendors.every(({ sent, lost, keptTwice, waiting }) => sent > 0 && lost === 0 && keptTwice === 0 && waiting === 0);
