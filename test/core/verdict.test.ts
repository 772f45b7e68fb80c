import { describe, expect, it } from '@jest/globals';
import { classifyWith, decide, type Batch, type Delivery, type Outcome, type Reply } from '../../core/index.ts';
import { start } from './clock.ts';
import { inTurn } from './scripted-vendor.ts';
import { acme, bench, codes, defects, kinds, track, tracks, type Item, type TestDestination } from './workbench.ts';

const house = classifyWith([]);
const lie = (value: unknown): never => value as never;
const boom = (): never => {
  throw new Error('a bug in the folder');
};
type Items = Batch<Item>['items'];
type OwnBatch = NonNullable<TestDestination['batch']>;

/** A folder that sends by itself. */
const sending = (send: (batch: Batch<Item>, ...more: never[]) => unknown): TestDestination =>
  acme({ request: undefined, send: send as never } as never);

describe('a folder whose batch()', () => {
  const batching = (batch: (deliveries: readonly Delivery<Item>[], config: never) => unknown) =>
    acme({ batch: batch as OwnBatch });
  const one = (items: readonly Delivery<Item>[]) => ({ items: items as Items });

  it('packs by its own rules is obeyed', async () => {
    const batch: OwnBatch = (all) => [one(all.filter((_, n) => n % 2 === 0)), one(all.filter((_, n) => n % 2 === 1))];
    const { deliver, vendor, signals } = bench({ destination: batching(batch) });
    expect(kinds(await deliver(tracks(6)))).toEqual(Array(6).fill('delivered'));
    expect(vendor.requests.map(({ ids }) => ids.join())).toEqual(['e0,e2,e4', 'e1,e3,e5']);
    expect(defects(signals)).toEqual([]);
  });

  it.each<[string, (all: readonly Delivery<Item>[]) => unknown, string[]]>([
    ['forgets a delivery', (all) => [one(all.slice(1))], ['rejected', 'delivered', 'delivered']],
    ['forgets everything', () => [], ['rejected', 'rejected', 'rejected']],
    ['throws', boom, ['rejected', 'rejected', 'rejected']],
    ['returns nothing', () => undefined, ['rejected', 'rejected', 'rejected']],
    ['returns a promise that rejects', async () => boom(), ['rejected', 'rejected', 'rejected']],
    ['returns batches without items', () => [{}], ['rejected', 'rejected', 'rejected']],
    ['copies its deliveries', (all) => [one(all.map((it) => ({ ...it })))], ['rejected', 'rejected', 'rejected']],
  ])('%s leaves an outcome for each event and a defect', async (_, batch, wanted) => {
    const { deliver, signals } = bench({ destination: batching(batch) });
    expect(kinds(await deliver(tracks(3)))).toEqual(wanted);
    expect(defects(signals)).toContain('batch');
  });

  it('repeats a delivery sends it once', async () => {
    const { deliver, vendor } = bench({ destination: batching((all) => [one(all), one([...all, ...all])]) });
    expect(kinds(await deliver(tracks(3)))).toEqual(Array(3).fill('delivered'));
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['e0', 'e1', 'e2']);
  });

  it('invents a delivery does not get it sent', async () => {
    const invented = { index: 99, eventId: 'x', payload: { id: 'x' }, text: '{"id":"x"}', bytes: 10 };
    const { deliver, vendor } = bench({ destination: batching((all) => [one([...all, invented])]) });
    expect(kinds(await deliver(tracks(2)))).toEqual(Array(2).fill('delivered'));
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['e0', 'e1']);
  });
});

describe('a folder whose transform(), validate() or encode() is broken', () => {
  const outcomes = async (parts: Partial<TestDestination>) => {
    const { deliver, signals, vendor } = bench({ destination: acme(parts) });
    const delivered = await deliver([track('bad'), track('good')]);
    return { delivered: codes(delivered), defects: defects(signals), requests: vendor.requests.length };
  };
  const onlyBad =
    <R>(broken: () => unknown) =>
    (event: { readonly messageId?: string | null | undefined } | Item, ...more: unknown[]): R =>
      (('id' in event ? event.id : event.messageId) === 'bad' ? broken() : otherwise(event, more)) as R;
  const otherwise = (event: object, more: unknown[]): unknown =>
    'id' in event ? JSON.stringify(event) : acme().transform(event as never, more[0] as never, more[1] as never);

  it.each<[string, () => unknown]>([
    ['throws', boom],
    ['returns undefined', () => undefined],
    ['returns null', () => null],
    ['returns a promise', async () => ({ kind: 'payload', payload: {} })],
    ['returns a promise that rejects', async () => boom()],
    ['returns a payload that is undefined', () => ({ kind: 'payload', payload: undefined })],
    ['returns a skip without reason', () => ({ kind: 'skipped' })],
    ['returns an outcome nobody knows', () => ({ kind: 'delivered' })],
    ['returns a payload JSON cannot write', () => ({ kind: 'payload', payload: { n: 1n } })],
    ['returns a payload that JSON leaves out', () => ({ kind: 'payload', payload: boom })],
    ['returns a lane that is a number', () => ({ kind: 'payload', payload: { id: 'bad' }, lane: 5 })],
    ['returns scopes that are no list', () => ({ kind: 'payload', payload: { id: 'bad' }, scopes: 5 })],
    ['returns notes that are no list', () => ({ kind: 'payload', payload: { id: 'bad' }, notes: 5 })],
    ['returns notes that are nothing', () => ({ kind: 'payload', payload: { id: 'bad' }, notes: [null] })],
  ])('transform() %s: costs that event alone', async (_, broken) => {
    expect(await outcomes({ transform: lie(onlyBad(broken)) })).toEqual({
      delivered: ['rejected: internal_error', 'delivered'],
      defects: [expect.stringMatching(/transform|encode/)],
      requests: 1,
    });
  });

  it.each<[string, () => unknown]>([
    ['throws', boom],
    ['returns undefined', () => undefined],
    ['returns true', () => true],
    ['returns a promise that rejects', async () => boom()],
  ])('validate() %s: costs that event alone', async (_, broken) => {
    const validate = (event: { messageId: string }) => (event.messageId === 'bad' ? broken() : { kind: 'admitted' });
    expect(await outcomes({ validate: lie(validate) })).toMatchObject({
      delivered: ['rejected: internal_error', 'delivered'],
      defects: ['validate'],
    });
  });

  it.each<[string, () => unknown]>([
    ['throws', boom],
    ['returns undefined', () => undefined],
    ['returns a promise that rejects', async () => boom()],
  ])('encode() %s: costs that event alone', async (_, broken) => {
    expect(await outcomes({ encode: lie(onlyBad(broken)) })).toMatchObject({
      delivered: ['rejected: internal_error', 'delivered'],
      defects: ['encode'],
    });
  });
});

describe('a folder whose request()', () => {
  it.each<[string, (batch: Batch<Item>) => unknown]>([
    ['throws', boom],
    ['returns nothing', () => undefined],
    ['returns a promise that rejects', async () => boom()],
    ['names another host', () => ({ method: 'POST', url: 'https://evil.example/', headers: {} })],
    ['speaks http', () => ({ method: 'POST', url: 'http://api.vendor.example/', headers: {} })],
    [
      'gives a body that is no text',
      () => ({ method: 'POST', url: 'https://api.vendor.example/', headers: {}, body: 5 }),
    ],
  ])('%s: sends nothing and rejects its events', async (_, request) => {
    const { deliver, vendor, signals } = bench({ destination: acme({ request: request as never }) });
    expect(codes(await deliver(tracks(3)))).toEqual(Array(3).fill('rejected: internal_error'));
    expect(vendor.requests).toHaveLength(0);
    expect(defects(signals)).toContain('request');
  });

  it('stumbles over one event lets the others through', async () => {
    const request = (batch: Batch<Item>) =>
      batch.items.some(({ payload }) => payload.id === 'e3')
        ? boom()
        : ({ method: 'POST', url: 'https://api.vendor.example/', headers: {} } as const);
    const { deliver } = bench({ destination: acme({ request }) });
    expect(kinds(await deliver(tracks(8)))).toEqual(tracks(8).map((_, n) => (n === 3 ? 'rejected' : 'delivered')));
  });
});

describe('a folder whose readReply()', () => {
  const answering = (readReply: () => unknown, replay: 'harmful' | 'tolerated' = 'harmful') =>
    acme({ response: { classifyError: house, readReply: readReply as never } }, { replay });

  it.each<[string, () => unknown, string[]]>([
    ['throws', boom, ['unknown', 'unknown', 'unknown']],
    ['returns undefined for a 200', () => undefined, ['unknown', 'unknown', 'unknown']],
    ['returns too few verdicts', () => [{ kind: 'accept' }], ['delivered', 'unknown', 'unknown']],
    ['returns too many verdicts', () => Array(5).fill({ kind: 'accept' }), ['unknown', 'unknown', 'unknown']],
    ['returns holes', () => Object.assign([], { 1: { kind: 'accept' } }), ['unknown', 'delivered', 'unknown']],
    [
      'returns verdicts nobody knows',
      () => ['yes', { kind: 'ok' }, { kind: 'reject' }],
      ['unknown', 'unknown', 'unknown'],
    ],
    ['returns no list', () => ({ length: 3 }), ['unknown', 'unknown', 'unknown']],
    ['returns a promise that rejects', async () => boom(), ['unknown', 'unknown', 'unknown']],
  ])('%s: nothing is claimed that the vendor did not say', async (_, readReply, wanted) => {
    const { deliver, signals } = bench({ destination: answering(readReply) });
    expect(kinds(await deliver(tracks(3)))).toEqual(wanted);
    expect(defects(signals).filter((where) => where !== 'response' && where !== 'send')).toEqual([]);
  });

  it('throws: is an ambiguous delivery where events may be sent again', async () => {
    const { deliver } = bench({ destination: answering(boom, 'tolerated'), connection: { retry: { attempts: 2 } } });
    expect(codes(await deliver(tracks(2)))).toEqual(Array(2).fill('deferred: ambiguous_delivery'));
  });

  it('is missing: 200 and the statuses of `success` alone are a yes', async () => {
    const statuses = [200, 201, 204];
    const { deliver } = bench({
      destination: acme({ response: { classifyError: house, success: [201] } }, { replay: 'harmful' }),
      script: inTurn(...statuses.map((status) => ({ status }))),
    });
    const outcomes: Outcome[] = [];
    for (const status of statuses) outcomes.push(...(await deliver([track(`s${status}`)])));
    expect(kinds(outcomes)).toEqual(['unknown', 'delivered', 'unknown']);
  });

  it('is not asked about a yes that was cut off', async () => {
    const { deliver } = bench({
      destination: answering(() => [{ kind: 'accept' }]),
      script: () => ({ status: 200, body: 'x'.repeat(70_000) }),
    });
    expect(kinds(await deliver([track('a')]))).toEqual(['unknown']);
  });
});

describe('a folder whose classifyError()', () => {
  it.each<[string, () => unknown]>([
    ['throws', boom],
    ['returns undefined', () => undefined],
    ['returns a word', () => 'retry'],
    ['returns a decision without reason', () => ({ kind: 'retry' })],
    ['returns a promise that rejects', async () => boom()],
  ])('%s: leaves the event unknown', async (_, classifyError) => {
    const destination = acme({ response: { classifyError: classifyError as never } }, { replay: 'harmful' });
    const { deliver } = bench({ destination, script: () => ({ status: 400 }) });
    expect(codes(await deliver(tracks(2)))).toEqual(Array(2).fill('unknown: ambiguous_delivery'));
  });
});

describe('a folder with a send() of its own', () => {
  it.each<[string, () => unknown, string]>([
    ['throws', boom, 'rejected: internal_error'],
    ['rejects', async () => boom(), 'rejected: internal_error'],
    ['returns nothing', () => undefined, 'deferred: ambiguous_delivery'],
    ['returns a word', async () => 'sent', 'deferred: ambiguous_delivery'],
    ['returns decisions that are none', async () => ({ kind: 'settled' }), 'deferred: ambiguous_delivery'],
    ['returns a failure that is none', async () => ({ kind: 'failed' }), 'deferred: ambiguous_delivery'],
    [
      'returns an unknown failure',
      async () => ({ kind: 'failed', failure: { kind: 'oops' } }),
      'deferred: ambiguous_delivery',
    ],
  ])('that %s: still gives each event its outcome', async (_, send, wanted) => {
    const { deliver, signals } = bench({ destination: sending(send), connection: { retry: { attempts: 2 } } });
    expect(codes(await deliver(tracks(3)))).toEqual(Array(3).fill(wanted));
    expect(defects(signals).length).toBeGreaterThan(0);
  });

  it('that throws after its request left leaves the event ambiguous', async () => {
    const send = async (_: unknown, __: unknown, wire: { request(request: unknown): Promise<unknown> }) => {
      await wire.request({ method: 'POST', url: 'https://api.vendor.example/', headers: {}, body: 'x' });
      return boom();
    };
    const destination = { ...sending(send as never), manifest: acme({}, { replay: 'harmful' }).manifest };
    const { deliver } = bench({ destination });
    expect(codes(await deliver([track('a')]))).toEqual(['unknown: ambiguous_delivery']);
  });

  it('that never ends does not keep the call beyond its deadline', async () => {
    const { connection, clock, vendor } = bench({ destination: sending(() => new Promise<Reply>(() => undefined)) });
    const outcomes = connection.deliver(tracks(2), { withinMs: 1_000 });
    await clock.advance(1_001);
    expect(codes(await clock.run(outcomes))).toEqual(['deferred: network', 'deferred: network']);
    expect(clock.now() - start).toBe(1_001);
    expect(vendor.requests).toHaveLength(0);
  });

  it('that wakes up after its time cannot send any more', async () => {
    const waking: (() => void)[] = [];
    const answers: unknown[] = [];
    const send = async (_: unknown, __: unknown, wire: { request(request: unknown): Promise<unknown> }) => {
      await new Promise<void>((resolve) => waking.push(resolve));
      answers.push(await wire.request({ method: 'POST', url: 'https://api.vendor.example/', headers: {}, body: 'x' }));
    };
    const { connection, clock, vendor } = bench({ destination: sending(send as never) });
    const outcomes = connection.deliver([track('a')], { withinMs: 1_000 });
    await clock.advance(1_001);
    expect(codes(await clock.run(outcomes))).toEqual(['deferred: network']);
    waking[0]?.();
    await clock.settle();
    expect(vendor.requests).toHaveLength(0);
    expect(answers).toEqual([{ kind: 'network', code: 'ETIMEDOUT', received: 'no' }]);
  });

  it('may use the wire twice', async () => {
    const send = async (
      batch: Batch<Item>,
      _: unknown,
      wire: { request(request: unknown): Promise<{ kind: string }> },
    ) => {
      const request = { method: 'POST', url: 'https://api.vendor.example/', headers: {}, body: 'x' };
      await wire.request({ ...request, url: 'https://api.vendor.example/token' });
      const result = await wire.request(request);
      const decision = result.kind === 'response' ? { kind: 'accept' } : decide('retry', 'network', 'no answer');
      return { kind: 'settled', decisions: batch.items.map(() => decision) };
    };
    const { deliver, vendor } = bench({ destination: sending(send as never) });
    expect(kinds(await deliver(tracks(3)))).toEqual(Array(3).fill('delivered'));
    expect(vendor.requests.map(({ path }) => path)).toEqual(['/token', '/']);
  });
});
