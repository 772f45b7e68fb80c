import { createRuntime } from '../../../core/index.ts';
import { workFor } from '../../../core/queue/index.ts';
import type { DeliveryQueue } from '../../../core/queue/queue.ts';
import type { WorkableQueue } from '../../../core/queue/work-options.ts';
import { work } from '../../../core/queue/worker.ts';
import { ManualClock } from '../../../core/testing/kit/manual-clock.ts';
import { wholeWaits } from '../../support/runtime/whole-waits.ts';
import { ScriptedVendor, yes, type ScriptedReply, type Script } from '../../support/runtime/scripted-vendor.ts';
import { MemoryQueue } from '../../support/queue/memory-queue.ts';
import type { VendorCase } from './vendor-cases.ts';

export interface PoisonOptions {
  readonly vendorCase: VendorCase;
  readonly events: number;
  /** Numbers of the events that the vendor fails on, in whatever batch they are. */
  readonly bad: ReadonlySet<number>;
  /** What it answers then. Default: 500. */
  readonly answer?: ScriptedReply;
  /** Default: one in memory. */
  readonly queue?: DeliveryQueue;
  /** How long to look on, in minutes of virtual time. Default: until every healthy one was delivered, an hour at most. */
  readonly minutes?: number;
  /** So many healthy ones are put every ten minutes. Default: none. */
  readonly newcomers?: number;
}

export interface PoisonNumbers {
  /** Milliseconds until the last healthy one of those that waited at first was delivered; `undefined`: not in this time. */
  readonly healthyMs: number | undefined;
  /** Healthy ones not delivered in this time, newcomers among them. */
  readonly missing: number;
  /** The longest that a newcomer had to wait, in milliseconds; `undefined`: one is still waiting. */
  readonly newcomerMs: number | undefined;
  /** Requests until then, and all of them. */
  readonly requestsForHealthy: number;
  readonly requests: number;
  /** Of the last ten minutes. */
  readonly requestsPerMinute: number;
  /** What became of the bad ones: dead letters by the code of their reason, and those that wait. */
  readonly dead: Readonly<Record<string, number>>;
  readonly waiting: number;
  /** Healthy events that arrived again after they had been accepted. */
  readonly twice: number;
}

const minute = 60_000;
const latencyMs = 50;

/** A connection to the vendor of a case on a clock of its own, which stands still while requests or `activity` count on. */
function openConnection({ destination, config }: VendorCase, script: Script, activity: () => number = () => 0) {
  const clock = new ManualClock({ activity: () => vendor.total + activity() });
  const vendor: ScriptedVendor = new ScriptedVendor((request, position) => {
    // Nobody reads them, and they are many.
    vendor.forget();
    return script(request, position);
  });
  vendor.untilConnected = () => clock.sleep(latencyMs);
  const runtime = createRuntime({
    destinations: [destination],
    dispatcher: () => vendor,
    now: clock.now,
    sleep: clock.sleep,
    random: clock.random,
  });
  const opened = runtime.open(destination.manifest.slug, config);
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  return { clock, runtime, connection: opened.connection };
}

/** A queue with events that its vendor fails on always, among healthy ones. Time is virtual, as in outage.ts. */
export async function runPoison({
  vendorCase,
  events,
  bad,
  answer = { status: 500 },
  queue = new MemoryQueue(),
  minutes,
  newcomers = 0,
}: PoisonOptions): Promise<PoisonNumbers> {
  const { destination, eventOf, numbersIn } = vendorCase;
  /** Changes while the store writes, so that the clock stands still for that. */
  let writing = 0;
  let ticks = 0;
  const { clock, runtime, connection } = openConnection(
    vendorCase,
    ({ text }) => respond(text),
    () => (writing > 0 ? (ticks += 1) : ticks),
  );
  const startedAt = clock.now();
  const takenAt = new Map<number, number>();
  const putAt = new Map<number, number>();
  const requestTimes: number[] = [];
  let twice = 0;
  let missing = 0;
  let lastHealthyAt = startedAt;
  let requestsForHealthy = 0;
  const respond = (text: string): ScriptedReply => {
    requestTimes.push(clock.now());
    const numbers = numbersIn(text);
    if (numbers.length === 0) throw new Error(`no event is known by this request: ${text.slice(0, 300)}`);
    if (numbers.some((n) => bad.has(n))) return answer;
    for (const n of numbers) {
      if (takenAt.has(n)) twice += 1;
      else missing -= 1;
      takenAt.set(n, clock.now());
      if (n >= events) continue;
      lastHealthyAt = clock.now();
      requestsForHealthy = requestTimes.length;
    }
    return yes;
  };
  const watched: WorkableQueue = {
    claim: (...args) => queue.claim(...args),
    nextAt: (id) => queue.nextAt(id),
    release: (...args) => queue.release(...args),
    waiting: (id) => queue.waiting(id),
    crashedAt: () => 0,
    ambiguousSinceCrash: () => 0,
    async settle(...args) {
      writing += 1;
      await queue.settle(...args).finally(() => (writing -= 1));
    },
  };
  const put = async (first: number, count: number): Promise<void> => {
    const all = Array.from({ length: count }, (_, n) => first + n);
    for (const n of all) putAt.set(n, clock.now());
    missing += all.filter((n) => !bad.has(n)).length;
    await queue.put(
      connection.id,
      all.map((n) => {
        const event = eventOf(n, clock.now());
        const route = connection.routeOf(event);
        if (route.kind !== 'payload') throw new Error(`event ${n} is not sent: ${JSON.stringify(route)}`);
        return {
          id: `m-${n}`,
          event,
          acceptedAt: clock.now(),
          lanes: route.lanes,
        };
      }),
    );
  };
  await put(0, events);
  const { now, after } = clock;
  const working = work({
    queue: watched,
    connection,
    configHash: '',
    now,
    after,
    random: wholeWaits,
    ...workFor(destination.manifest),
  });
  let last = events;
  for (let at = 0; at < (minutes ?? 60); at += 1) {
    if (minutes === undefined && missing === 0) break;
    if (newcomers > 0 && at > 0 && at % 10 === 0) {
      await put(last, newcomers);
      last += newcomers;
      working.wake();
    }
    await clock.advance(minute);
  }
  await clock.run(working.stop(0));
  await runtime.close();

  const dead = await lettersOf(queue, connection.id);
  const healthy = [...putAt.keys()].filter((n) => !bad.has(n));
  const waits = healthy.filter((n) => n >= events).map((n) => (takenAt.get(n) ?? Number.NaN) - (putAt.get(n) ?? 0));
  return {
    healthyMs: healthy.some((n) => n < events && !takenAt.has(n)) ? undefined : lastHealthyAt - startedAt,
    missing,
    newcomerMs: waits.some(Number.isNaN) ? undefined : Math.max(0, ...waits),
    requestsForHealthy,
    requests: requestTimes.length,
    requestsPerMinute: requestTimes.filter((at) => at > clock.now() - 10 * minute).length / 10,
    dead,
    waiting: queue.waiting(connection.id),
    twice,
  };
}

/** Dead letters by the code of their reason. */
async function lettersOf(queue: Pick<DeliveryQueue, 'dead'>, id: string): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for await (const { reason } of queue.dead(id)) counts[reason.code] = (counts[reason.code] ?? 0) + 1;
  return counts;
}

/** `count` of them, spread evenly over all. */
export const spread = (count: number, events: number): ReadonlySet<number> =>
  new Set(Array.from({ length: count }, (_, n) => Math.floor((n * events) / count)));

export interface PartialOutageNumbers {
  readonly minutes: number;
  readonly requests: number;
  readonly busiestMinute: number;
  readonly delivered: number;
  /** By the code of their reason. */
  readonly dead: Readonly<Record<string, number>>;
  readonly waiting: number;
}

/** A vendor that lets one request in 50 through for three hours, before a full queue. */
export async function runPartialOutage(vendorCase: VendorCase, events: number): Promise<PartialOutageNumbers> {
  const { destination, eventOf } = vendorCase;
  const perMinute = new Map<number, number>();
  let seed = 1;
  const chance = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const { clock, runtime, connection } = openConnection(vendorCase, () => {
    const at = Math.floor(clock.now() / minute);
    perMinute.set(at, (perMinute.get(at) ?? 0) + 1);
    return chance() < 1 / 50 ? yes : { status: 503 };
  });
  const queue = new MemoryQueue();
  await queue.put(
    connection.id,
    Array.from({ length: events }, (_, n) => {
      const event = eventOf(n, clock.now());
      const route = connection.routeOf(event);
      const lanes = route.kind === 'payload' ? route.lanes : undefined;
      return { id: `m-${n}`, event, acceptedAt: clock.now(), lanes };
    }),
  );
  const { now, after } = clock;
  const working = work({
    queue,
    connection,
    configHash: '',
    now,
    after,
    random: wholeWaits,
    ...workFor(destination.manifest),
  });
  const minutes = 180;
  await clock.advance(minutes * minute);
  const delivered = queue.log(connection.id).done.length;
  await clock.run(working.stop(0));
  await runtime.close();
  const counts = [...perMinute.values()];
  return {
    minutes,
    requests: counts.reduce((sum, one) => sum + one, 0),
    busiestMinute: Math.max(...counts),
    delivered,
    dead: await lettersOf(queue, connection.id),
    waiting: queue.waiting(connection.id),
  };
}
