import { Agent } from 'undici';
import { createRuntime, type AnyDestination, type Signal } from '../../../core/index.ts';
import { makeShopData } from '../../../core/testing/simulators/generator/shop-data.ts';
import { createRandom } from '../../../core/testing/simulators/random.ts';
import type { AdjustOptions, Simulator, SimulatorOptions } from '../../../core/testing/simulators/index.ts';
import type { Account } from '../simulators/accounts.ts';
import { itemOf, type Item } from './backlog.ts';
import { deliverByQueue } from './by-queue.ts';
import { createLeapingClock } from './clock.ts';
import { createReferenceHost } from './reference-host.ts';
import { createHostLog, finalStates, type HostLog, type FinalState } from './host-log.ts';
import { inProcess } from './in-process.ts';
import { judge } from './judge.ts';
import { countOpen } from './open-requests.ts';
import { poolsFor, writeScript, type Script } from './script.ts';
import { createTrouble, type Trouble } from './trouble.ts';
import { deliverByCalls, deliverByStream } from './by-deliver.ts';

export { finalStates };
export const ways = ['stream', 'deliver', 'queue'] as const;
export type Way = (typeof ways)[number];

export interface HostRunOptions {
  readonly account: Account;
  readonly destination: AnyDestination;
  readonly way: Way;
  readonly count: number;
  readonly seed: number;
  /** Over sockets, to a vendor on loopback. Default: a vendor in this process, on a clock that only leaps. */
  readonly loopback?: boolean;
  /** Share of requests that meet a fault. Default 0.3. */
  readonly faultRate?: number;
  /** A second copy does harm there. Default: what the manifest says. */
  readonly harmful?: boolean;
  /** Looked at before the judge is: tests break something here. */
  readonly before?: (hostLog: HostLog, vendor: Simulator) => void;
}

/** What a host's run came to. */
export interface HostReport {
  readonly slug: string;
  readonly way: Way;
  readonly place: 'in process' | 'loopback';
  readonly events: number;
  readonly finalCounts: Readonly<Record<FinalState, number>>;
  readonly requests: number;
  readonly faults: number;
  readonly poisonous: number;
  /** Commits beyond the first of an event. */
  readonly twice: number;
  /** From the end of each refusal of the credentials to the next event delivered, and to the last healthy one that came back suspended, ms. */
  readonly firstAfterMs: number;
  readonly lastAfterMs: number;
  /** Of the clock, of the machine, and of its processor. */
  readonly virtualSeconds: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly disagreements: readonly string[];
}

const start = Date.parse('2026-01-15T12:00:00.000Z');
const latencyMs = 20;
/** On loopback a vendor that never answers is waited for in real time; and yet no answer may be late because the machine is busy. */
const timeoutMs = { loopback: 5_000, inProcess: 10_000 };
const s2sToken = 'simulated-s2s-token';

/** One host, one vendor, one way: in the end all events are let go, and judged beside the vendor's ledger. */
export async function runHost(options: HostRunOptions): Promise<HostReport> {
  const { account, destination, way, count, seed, loopback = false, faultRate = 0.3, before } = options;
  const { slug } = account;
  const begunAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const chance = createRandom(seed + 1);
  const clock = createLeapingClock({
    start: loopback ? Date.now() : start,
    random: () => chance.next(),
    passes: loopback,
    // Threads pack AdRoll's bodies.
    quietMs: loopback && slug === 'adroll' ? 1 : 0,
  });
  const startedAt = clock.now();
  const optedOut = slug === 'adjust' ? devicesOptedOut(seed, poolsFor(count)) : [];
  const script = writeScript({ account, count, seed, now: startedAt, optedOut: new Set(optedOut) });
  const trouble = createTrouble({
    clock,
    events: count,
    faultRate,
    poison: script.poison,
    token: slug === 'adjust' ? tokenOf(account, 'Signed Up') : undefined,
    silence: loopback ? 0.005 : 0.02,
    slowMs: 2 * (loopback ? timeoutMs.loopback : timeoutMs.inProcess),
  });
  const inside = inProcess(clock);
  const simulated: SimulatorOptions & Partial<AdjustOptions> = {
    faults: trouble.faults,
    seed,
    now: clock.now,
    altered: trouble.altered,
    ...(loopback ? {} : { transport: inside.transport, latencyMs }),
    ...(slug === 'adjust' ? { s2sToken, optedOut, blocklistedTokens: trouble.blocklist } : {}),
  };
  const vendor = await account.start(simulated);
  const problems: string[] = [];
  const onSignal = (signal: Signal): void => {
    clock.stir();
    if (signal.kind === 'conservation_broken') problems.push(`in ${signal.in}, out ${signal.out}`);
    if (signal.kind === 'defect') problems.push(`defect in ${signal.where}: ${String(signal.error)}`);
  };
  const runtime = createRuntime({
    destinations: [destination],
    origins: { [slug]: vendor.origin },
    ...(loopback ? { pace: { [slug]: { timeoutMs: timeoutMs.loopback } } } : {}),
    dispatcher: (agent) => (loopback ? countOpen(new Agent(agent), clock.begin) : inside.dispatcher),
    now: clock.now,
    sleep: clock.sleep,
    random: clock.random,
    onSignal,
  });
  const { manifest } = destination;
  // Two dozen requests at least: with fewer, a run is over before its credentials were refused twice.
  const maxItems = Math.min(manifest.limits.maxItems, Math.ceil(count / 24));
  const opened = runtime.open(slug, configOf(account, loopback), { limits: { maxItems } });
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  const { connection } = opened;
  const hostLog = createHostLog(trouble.progress);
  const one = manifest.limits.maxItems === 1;

  function* input(): Generator<Item> {
    let index = 0;
    for (const event of script.events) {
      const route = connection.routeOf(event);
      const lane = route.kind === 'payload' ? route.lanes?.[0] : undefined;
      const known = script.known[index];
      if (known !== undefined) known.lane = lane;
      yield itemOf(index, event, lane, clock.now());
      index += 1;
    }
  }

  async function run(): Promise<void> {
    if (way === 'queue')
      return deliverByQueue({
        connection,
        manifest,
        events: script.events,
        known: script.known,
        hostLog,
        clock,
        onSignal,
      });
    const host = createReferenceHost({ connection, clock, input: input(), hostLog, one });
    return way === 'stream'
      ? deliverByStream(connection, host, one, clock.stir)
      : deliverByCalls(connection, host, { one, callSize: Math.min(1_000, Math.ceil(count / 24)) });
  }

  try {
    await clock.run(run());
    before?.(hostLog, vendor);
    const found = judge({
      known: script.known,
      poison: script.poison,
      hostLog,
      ledger: vendor.ledger,
      harmful: options.harmful ?? manifest.replay === 'harmful',
      refusedByVendor: account.refusedBy?.(vendor) ?? new Set(),
      hidden: trouble.hidden,
    });
    const late = vendor.ledger.orderViolations() - revivedTooLate(script, hostLog);
    if (late > 0) found.push(`${late} events came after a later one of their lane`);
    if (trouble.outages.length < 2)
      found.push(`the credentials were refused ${trouble.outages.length} times, not twice`);
    return {
      slug,
      way,
      place: loopback ? 'loopback' : 'in process',
      events: script.known.length,
      finalCounts: countFinalStates(script, hostLog),
      requests: vendor.requests(),
      faults: Object.values(vendor.faults()).reduce((sum, times) => sum + times, 0),
      poisonous: script.poison.size,
      twice: vendor.ledger.duplicates(),
      ...afterOutages(script, hostLog, trouble),
      virtualSeconds: (clock.now() - startedAt) / 1_000,
      seconds: (performance.now() - begunAt) / 1_000,
      cpuSeconds: cpuSince(cpuBefore),
      disagreements: [...problems, ...found],
    };
  } finally {
    await runtime.close();
    await vendor.close();
  }
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** A few phones whose owners have opted out at Adjust: the generator's, which makes its world first. */
const devicesOptedOut = (seed: number, { people, phones }: ReturnType<typeof poolsFor>): readonly string[] =>
  makeShopData(createRandom(seed), people, phones)
    .iPhones.slice(1, 4)
    .flatMap(({ context }) => Object.values(context['device'] ?? {}).filter((id) => typeof id === 'string'));

const tokenOf = ({ config }: Account, name: string): string | undefined =>
  (config['eventTokens'] as Readonly<Record<string, string>> | undefined)?.[name];

/** Credentials that can be revoked, for those who do without; and nothing that another thread does in a time of its own. */
const configOf = ({ slug, config }: Account, loopback: boolean): Readonly<Record<string, unknown>> => ({
  ...config,
  ...(slug === 'adjust' ? { s2sToken } : {}),
  ...(slug === 'adroll' && !loopback ? { gzip: false } : {}),
});

function countFinalStates({ known }: Script, hostLog: HostLog): Record<FinalState, number> {
  const counts = Object.fromEntries(finalStates.map((state) => [state, 0])) as Record<FinalState, number>;
  known.forEach((_, index) => {
    const state = hostLog.get(index)?.state;
    if (state !== undefined) counts[state] += 1;
  });
  return counts;
}

/** Dead letters that somebody brought back to life, behind others of their lane. */
const revivedTooLate = ({ known }: Script, hostLog: HostLog): number =>
  known.filter((_, index) => hostLog.wasRequeued(index) && hostLog.get(index)?.state !== 'delivered').length;

/** How soon things went on. What waits behind a poisonous event of its lane waits for that one, not for the credentials. */
function afterOutages({ known, poison }: Script, hostLog: HostLog, { outages }: Trouble) {
  const badLanes = new Set(known.filter(({ key }) => poison.has(key)).map(({ lane }) => lane));
  let firstAfterMs = 0;
  let lastAfterMs = 0;
  outages.forEach(({ to }, number) => {
    const before = outages[number + 1]?.from ?? Number.POSITIVE_INFINITY;
    let first = Number.POSITIVE_INFINITY;
    known.forEach(({ key, lane }, index) => {
      const record = hostLog.get(index);
      if (record === undefined || record.at < to || record.at >= before) return;
      if (record.state === 'delivered') first = Math.min(first, record.at - to);
      const held = hostLog.wasSuspended(index) && !poison.has(key) && (lane === undefined || !badLanes.has(lane));
      if (held) lastAfterMs = Math.max(lastAfterMs, record.at - to);
    });
    if (Number.isFinite(first)) firstAfterMs = Math.max(firstAfterMs, first);
  });
  return { firstAfterMs, lastAfterMs };
}
