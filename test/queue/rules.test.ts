// Tests core/queue/worker.ts and core/queue/deliver-until-settled.ts before a connection with `subscribe` and `mapping`:
// events stay as they were put, and each try maps them anew.
import { describe, expect, it } from '@jest/globals';
import type { CdpEvent, ConnectionOptions } from '../../core/index.ts';
import { deliverUntilSettled, type Remaining } from '../../core/queue/index.ts';
import { inTurn, type Script, type Seen } from '../support/runtime/scripted-vendor.ts';
import { acme, testConnection, tracks } from '../support/runtime/test-connection.ts';
import { testWorker, type TestWorker } from '../support/queue/test-worker.ts';

const one = acme({}, { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } });

/** Applied to what it makes, this mapping would make something else: each event must go through it once. */
const rules: ConnectionOptions = {
  subscribe: "properties.pad = 'a' or properties.pad = 'b'",
  mapping: {
    set: { 'properties.pad': { '@template': '{{properties.pad}}!' }, 'properties.lane': { '@path': 'context.device' } },
    unset: ['context.device'],
  },
};

const events = (count: number, pad = 'a'): CdpEvent[] =>
  tracks(count, () => ({ pad })).map((event) => ({ ...event, context: { device: 'd-1' } }));

const sent = ({ vendor }: { readonly vendor: { readonly requests: readonly Seen[] } }): string[] =>
  vendor.requests.flatMap(({ text }) =>
    (JSON.parse(text) as { id: string; pad: string }[]).map(({ id, pad }) => id + pad),
  );

const worker = (script?: Script, connection = rules): TestWorker =>
  testWorker({ destination: one, connection, ...(script && { script }) });

describe('a worker before a connection with rules', () => {
  it('has the original in the queue, in the lane of the mapped event, and sends the mapped one', async () => {
    const shop = worker();
    await shop.put(events(1));
    expect([...shop.queue.log('acme').waiting.values()]).toMatchObject([{ lanes: ['d-1'], event: events(1)[0] }]);
    await shop.workAll();
    expect(sent(shop)).toEqual(['e0a!']);
    expect(shop.queue.log('acme').done).toMatchObject([{ event: events(1)[0] }]);
  });

  it('maps the original at each try, and keeps the order of the lane that the mapping gives', async () => {
    const shop = worker(inTurn({ status: 503 }, { status: 503 }));
    await shop.put(events(2));
    await shop.workAll();
    expect(sent(shop)).toEqual(['e0a!', 'e0a!', 'e0a!', 'e1a!']);
  });

  it('has the original in a dead letter, which goes through the mapping again once it is requeued', async () => {
    const shop = worker(inTurn({ status: 400 }));
    await shop.put(events(1));
    await shop.workAll();
    const [letter] = shop.queue.log('acme').dead;
    expect(letter).toMatchObject({ outcome: 'rejected', lanes: ['d-1'] });
    expect(letter?.event).toEqual(events(1)[0]);
    await shop.queue.requeue('acme');
    await shop.workAll();
    expect(sent(shop)).toEqual(['e0a!', 'e0a!']);
  });

  it('is done with an event that is not subscribed to, which it sends to nobody and which holds up no lane', async () => {
    const shop = worker();
    const [unwanted, wanted] = [events(1, 'c'), events(2).slice(1)];
    // As a host does that did not ask routeOf().
    const laneless = [...unwanted, ...wanted].map((event) => ({
      id: event.messageId ?? '',
      event,
      acceptedAt: 0,
      lanes: ['d-1'],
    }));
    await shop.queue.put('acme', laneless);
    await shop.workAll();
    expect(sent(shop)).toEqual(['e1a!']);
    expect(shop.queue.settled).toEqual([
      { kind: 'done', seq: 1, outcome: 'skipped' },
      { kind: 'done', seq: 2, outcome: 'delivered' },
    ]);
  });
});

describe('deliverUntilSettled() before a connection with rules', () => {
  async function driven(given: readonly CdpEvent[], script: Script, signal?: AbortSignal) {
    const made = testConnection({ destination: one, connection: rules, script });
    const settled: [kind: string, code: string | undefined, event: CdpEvent][] = [];
    const { remaining } = await made.clock.run(
      deliverUntilSettled(given, (batch, options) => made.connection.deliver(batch, options), {
        settled({ kind }, event, outcome) {
          settled.push([kind, 'reason' in outcome ? outcome.reason.code : undefined, event]);
        },
        suspended: () => made.connection.suspended(),
        now: made.clock.now,
        after: made.clock.after,
        ...(signal && { signal }),
      }),
    );
    return { ...made, settled, remaining };
  }

  it('hands the original to the host with each settlement, and maps it at each try', async () => {
    const given = [...events(2), ...events(3, 'c').slice(2)];
    const before = structuredClone(given);
    const made = await driven(given, inTurn({ status: 503 }, { status: 400 }));
    expect(given).toEqual(before);
    expect(sent(made)).toEqual(['e0a!', 'e0a!', 'e1a!']);
    const [unwanted, refused, good] = made.settled;
    expect(unwanted?.slice(0, 2)).toEqual(['done', 'not_subscribed']);
    expect(unwanted?.[2]).toBe(given[2]);
    expect(refused?.slice(0, 2)).toEqual(['dead', 'vendor_rejected']);
    expect(refused?.[2]).toBe(given[0]);
    expect(good?.slice(0, 2)).toEqual(['done', undefined]);
    expect(good?.[2]).toBe(given[1]);
  });

  it('returns the original of what it leaves unsettled', async () => {
    const stop = new AbortController();
    const given = events(1);
    const made = await driven(
      given,
      () => {
        stop.abort();
        return { status: 503 };
      },
      stop.signal,
    );
    expect(made.remaining.map(({ event }: Remaining) => event === given[0])).toEqual([true]);
  });
});
