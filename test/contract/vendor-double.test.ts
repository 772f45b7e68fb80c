// Tests core/testing/kit/vendor-double.ts and core/testing/kit/manual-clock.ts, through a runtime.
import { describe, expect, it } from '@jest/globals';
import { createRuntime, type Outcome, type RuntimeOptions } from '../../core/index.ts';
import { inOrder, ManualClock, VendorDouble, type Script } from '../../core/testing/index.ts';
import { acme, open, tracks } from '../support/runtime/test-connection.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const timeoutMs = 200;
const destination = acme({}, { ...one, replay: 'harmful', pace: { concurrency: 1, timeoutMs } });

/** A connection to a vendor double on a clock. */
function connect(vendor: VendorDouble, { now, sleep, random }: ManualClock, options: Partial<RuntimeOptions> = {}) {
  const runtime = createRuntime({
    destinations: [destination],
    dispatcher: () => vendor,
    now,
    sleep,
    random,
    ...options,
  });
  return { runtime, connection: open(runtime, { retry: { attempts: 1 } }) };
}

const codeOf = (outcome: Outcome | undefined): string =>
  outcome === undefined || outcome.kind === 'delivered' ? 'delivered' : `${outcome.kind}: ${outcome.reason.code}`;

/** What becomes of one event, with a clock that moves on by itself, and how long it took. */
async function deliverOne(
  script: Script,
  change: (vendor: VendorDouble, clock: ManualClock) => void = () => undefined,
) {
  const vendor = new VendorDouble(script);
  const clock: ManualClock = new ManualClock({ selfDrive: { busy: () => vendor.busy } });
  const from = clock.now();
  change(vendor, clock);
  const { connection } = connect(vendor, clock);
  const [outcome] = await connection.deliver(tracks(1));
  return { code: codeOf(outcome), tookMs: clock.now() - from, vendor };
}

/** What becomes of one event when the time limit is over before the vendor is ready. */
async function giveUp(change: (vendor: VendorDouble, clock: ManualClock) => void) {
  const vendor = new VendorDouble(() => ({ status: 200 }));
  const clock = new ManualClock();
  change(vendor, clock);
  const { connection } = connect(vendor, clock);
  const outcomes = connection.deliver(tracks(1));
  await clock.advance(timeoutMs + 1);
  const [outcome] = await outcomes;
  // What comes too late is no news to anybody.
  await clock.advance(5 * timeoutMs);
  return { code: codeOf(outcome), vendor };
}

describe('a vendor double', () => {
  it('that answers late has the request meanwhile: if the runtime gives up, the event may have been taken', async () => {
    const answering = (ms: number) => (vendor: VendorDouble, clock: ManualClock) => {
      vendor.script = () => clock.sleep(ms).then(() => ({ status: 200 }));
    };
    expect(await deliverOne(inOrder(), answering(150))).toMatchObject({ code: 'delivered', tookMs: 150 });
    const { code, vendor } = await giveUp(answering(3 * timeoutMs));
    expect(code).toBe('unknown: ambiguous_delivery');
    expect(vendor).toMatchObject({ total: 1, open: 0, mostOpen: 1, busy: false });
  });

  it('that connects late has nothing meanwhile: if the runtime gives up, the event was not taken', async () => {
    const connecting = (ms: number) => (vendor: VendorDouble, clock: ManualClock) => {
      vendor.untilConnected = () => clock.sleep(ms);
    };
    const yes = inOrder({ status: 200 });
    expect(await deliverOne(yes, connecting(150))).toMatchObject({ code: 'delivered', tookMs: 150 });
    const { code, vendor } = await giveUp(connecting(3 * timeoutMs));
    expect(code).toBe('deferred: network');
    expect(vendor).toMatchObject({ total: 1, open: 0 });
  });

  it('that is silent is given up on, at the time limit', async () => {
    const { code, vendor } = await giveUp((double) => {
      double.script = inOrder({ fault: 'silence' });
    });
    expect(code).toBe('unknown: ambiguous_delivery');
    expect(vendor).toMatchObject({ open: 0, busy: false, replies: [{ fault: 'silence' }] });
  });

  it('that is silent holds no clock that moves on by itself', async () => {
    const vendor = new VendorDouble(() => ({ fault: 'silence' }));
    const clock: ManualClock = new ManualClock({ selfDrive: { busy: () => vendor.busy } });
    const { connection } = connect(vendor, clock);
    const outcomes = connection.deliver(tracks(1));
    await clock.sleep(timeoutMs + 1);
    expect(vendor).toMatchObject({ open: 1, busy: false });
    expect(codeOf((await outcomes)[0])).toBe('unknown: ambiguous_delivery');
  });

  it('records a promised answer once it is there, and answers 501 if it is none', async () => {
    const { vendor } = await deliverOne(() => Promise.resolve(undefined));
    expect(vendor.unscripted).toEqual(vendor.requests);
    expect(vendor.replies).toEqual([undefined]);
    const answered = await deliverOne(() => Promise.resolve({ status: 200 }));
    expect(answered.vendor.replies).toEqual([{ status: 200 }]);
  });

  it('counts its requests on after it forgot them, and gets a new script', async () => {
    const positions: number[] = [];
    const vendor = new VendorDouble((_request, position) => {
      positions.push(position);
      return { status: 200 };
    });
    const clock = new ManualClock();
    const { connection, runtime } = connect(vendor, clock);
    await clock.run(connection.deliver(tracks(2)));
    vendor.forget();
    expect(vendor).toMatchObject({ requests: [], batches: [], replies: [], total: 2 });
    await clock.run(connection.deliver(tracks(1)));
    vendor.script = () => ({ status: 400 });
    const [refused] = await clock.run(connection.deliver(tracks(1)));
    expect([positions, refused?.kind, vendor.replies]).toEqual([
      [0, 1, 2],
      'rejected',
      [{ status: 200 }, { status: 400 }],
    ]);
    await runtime.close();
    expect(vendor.closed).toBe(1);
  });
});

describe('a manual clock', () => {
  it('moves only when it is advanced, and ends the waits in the order of their times', async () => {
    const clock = new ManualClock({ start: 1_000 });
    const ended: string[] = [];
    clock.after(20, () => ended.push(`b at ${clock.now()}`));
    void clock.sleep(10).then(() => ended.push(`a at ${clock.now()}`));
    const cancel = clock.after(15, () => ended.push('never'));
    cancel();
    await clock.settle();
    expect([ended, clock.sleepers]).toEqual([[], 2]);
    await clock.advance(30);
    expect([ended, clock.now()]).toEqual([['a at 1010', 'b at 1020'], 1_030]);
  });

  it('ends a sleep when its signal fires', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const sleep = clock.sleep(10, stop.signal);
    stop.abort();
    await sleep;
    expect([clock.sleepers, clock.elapsed()]).toEqual([0, clock.now()]);
  });

  it('says so when nothing would ever settle what it runs', async () => {
    await expect(new ManualClock().run(new Promise(() => undefined))).rejects.toThrow('stuck');
  });

  it('that moves on by itself stands still while something is under way', async () => {
    let busy = true;
    const clock = new ManualClock({ start: 0, selfDrive: { busy: () => busy, quietMs: 1 } });
    const sleep = clock.sleep(1_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(clock.now()).toBe(0);
    busy = false;
    await sleep;
    expect(clock.now()).toBe(1_000);
  });
});
