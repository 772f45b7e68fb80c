import { createRuntime, type CdpEvent, type Signal } from '../../../core/index.ts';
import { workFor } from '../../../core/queue/index.ts';
import { work } from '../../../core/queue/worker.ts';
import { ManualClock } from '../../../core/testing/kit/manual-clock.ts';
import { wholeWaits } from '../../support/runtime/whole-waits.ts';
import { ScriptedVendor, yes, type ScriptedReply } from '../../support/runtime/scripted-vendor.ts';
import { acme, open, track } from '../../support/runtime/test-connection.ts';
import { MemoryQueue } from '../../support/queue/memory-queue.ts';

export interface OutageOptions {
  readonly events: number;
  /** Keys (lanes) the events belong to. */
  readonly keys: number;
  /** What the vendor answers while it is out of order. */
  readonly answer?: ScriptedReply;
  readonly outageMs?: number;
  /** The vendor's sockets. */
  readonly sockets?: number;
  /** What a second copy of an event does there. Default tolerated. */
  readonly replay?: 'tolerated' | 'harmful';
}

export interface OutageNumbers {
  readonly delivered: number;
  /** Events that ended as `unknown`: the vendor may have them, and where a repeat does harm they are not sent again. */
  readonly unknown: number;
  /** Requests that came while the vendor was out of order. */
  readonly during: number;
  /** Those of them that left before the first bad answer was back: they cannot be avoided. */
  readonly beforeFirstFailure: number;
  /** Those of them that left until the worker left the vendor alone. */
  readonly untilCircuitOpened: number;
  /** Probes that the documented times make of such an outage. */
  readonly probesNeeded: number;
  /** From the end of the outage to the first event delivered, and to the last, in milliseconds of the virtual clock. */
  readonly firstAfterMs: number;
  readonly lastAfterMs: number;
  /** Most requests in any second, what the pace allows, and the same of sockets. */
  readonly busiestSecond: number;
  readonly permits: number;
  readonly mostOpen: number;
  readonly concurrency: number;
  /** Events that were delivered after a later one of their key, or twice. */
  readonly outOfOrder: number;
  readonly twice: number;
  readonly left: number;
}

const rate = { permits: 300, perMs: 1_000, cost: 'request' } as const;
const healthyMs = 10_000;
const latencyMs = 5;

/**
 * A vendor that works for ten seconds, then not for an hour, then again, before a full queue. Time is virtual: it moves on when
 * nothing is in flight, through the `now` and `after` that runtime and worker are given.
 */
export async function runOutage({
  events,
  keys,
  answer = { status: 503 },
  outageMs = 3_600_000,
  sockets = 4,
  replay = 'tolerated',
}: OutageOptions): Promise<OutageNumbers> {
  const pace = { concurrency: sockets, timeoutMs: 10_000, rate };
  const destination = acme({}, { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 }, pace, replay });
  const signals: Signal[] = [];
  const clock = new ManualClock({ activity: () => vendor.total });
  const brokenFrom = clock.now() + healthyMs;
  const brokenTo = brokenFrom + outageMs;
  const arrivals: { readonly at: number; readonly id: string; readonly taken: boolean }[] = [];
  const vendor: ScriptedVendor = new ScriptedVendor(({ ids: [id = ''] }) => {
    const at = clock.now();
    const taken = at < brokenFrom || at >= brokenTo;
    arrivals.push({ at, id, taken });
    // Nobody reads them, and they are many.
    vendor.forget();
    return taken ? yes : answer;
  });
  vendor.untilConnected = () => clock.sleep(latencyMs);
  const runtime = createRuntime({
    destinations: [destination],
    dispatcher: () => vendor,
    now: clock.now,
    sleep: clock.sleep,
    random: clock.random,
  });
  const connection = open(runtime);
  const queue = new MemoryQueue();
  const named = (n: number): CdpEvent => track(`e${n}`, { lane: `key-${n % keys}` });
  await queue.put(
    connection.id,
    Array.from({ length: events }, (_, n) => ({
      id: `e${n}`,
      lanes: [`key-${n % keys}`],
      event: named(n),
      acceptedAt: clock.now(),
    })),
  );
  const { now, after } = clock;
  const onSignal = (signal: Signal): void => void signals.push(signal);
  const working = work({
    queue,
    connection,
    configHash: '',
    now,
    after,
    random: wholeWaits,
    onSignal,
    ...workFor(destination.manifest),
  });
  await clock.run(working.idle());
  await clock.run(working.stop(0));
  await runtime.close();

  const refused = arrivals.filter(({ at }) => at >= brokenFrom && at < brokenTo);
  const taken = arrivals.filter((arrival) => arrival.taken);
  const recovered = taken.filter(({ at }) => at >= brokenTo);
  const firstHeld = signals.findIndex(({ kind }) => kind === 'connection_held');
  if (firstHeld === -1) throw new Error('the worker never noticed the outage');
  return {
    delivered: queue.log(connection.id).done.length,
    unknown: queue.log(connection.id).dead.filter(({ outcome }) => outcome === 'unknown').length,
    during: refused.length,
    beforeFirstFailure: refused.filter(({ at }) => at < (refused[0]?.at ?? 0) + latencyMs).length,
    untilCircuitOpened: refused.filter(({ at }) => at < brokenFrom + 1_000).length,
    probesNeeded: probesIn(outageMs),
    firstAfterMs: (recovered[0]?.at ?? Number.NaN) - brokenTo,
    lastAfterMs: (recovered.at(-1)?.at ?? Number.NaN) - brokenTo,
    busiestSecond: busiest(arrivals.map(({ at }) => at)),
    permits: pace.rate.permits,
    mostOpen: vendor.mostOpen,
    concurrency: pace.concurrency,
    ...disorder(
      taken.map(({ id }) => Number(id.slice(1))),
      keys,
    ),
    left: queue.log(connection.id).waiting.size,
  };
}

/** After 1, 2, 4 ... s, then every minute: written down here once more, not taken from the worker. */
function probesIn(ms: number): number {
  let probes = 0;
  for (let at = 1_000, wait = 1_000; at <= ms; wait = Math.min(60_000, wait * 2), at += wait) probes += 1;
  return probes;
}

function busiest(times: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while ((times[last] as number) - (times[first] as number) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function disorder(taken: readonly number[], keys: number): { readonly outOfOrder: number; readonly twice: number } {
  const latest = new Map<number, number>();
  let outOfOrder = 0;
  for (const n of taken) {
    const before = latest.get(n % keys) ?? -1;
    if (n < before) outOfOrder += 1;
    latest.set(n % keys, Math.max(before, n));
  }
  return { outOfOrder, twice: taken.length - new Set(taken).size };
}
