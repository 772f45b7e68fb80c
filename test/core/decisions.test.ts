import { describe, expect, it } from '@jest/globals';
import {
  accept,
  errorTable,
  decide,
  type Batch,
  type Delivery,
  type Outcome,
  type ReasonCode,
  type Reply,
} from '../../core/index.ts';
import { start } from '../../core/testing/kit/manual-clock.ts';
import { inTurn } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  codes,
  defects,
  kinds,
  track,
  tracks,
  type Item,
  type TestDestination,
} from '../support/runtime/test-connection.ts';

const house = errorTable().classifyError;
const lie = (value: unknown): never => value as never;
const boom = (): never => {
  throw new Error('a bug in the folder');
};
type Items = Batch<Item>['items'];
type OwnBatch = NonNullable<TestDestination['batch']>;

/** A folder that sends by itself. */
const sending = (send: (batch: Batch<Item>, ...more: never[]) => unknown): TestDestination =>
  acme({ send: send as never } as never);

const small = { maxItems: 10, maxBytes: 60, maxAgeMs: 1_000 };

describe('a folder whose batch()', () => {
  const batching = (batch: (deliveries: readonly Delivery<Item>[], config: never) => unknown) =>
    acme({ batch: batch as OwnBatch });
  const one = (items: readonly Delivery<Item>[]) => ({ items: items as Items });

  it('packs by its own rules is obeyed', async () => {
    const batch: OwnBatch = (all) => [one(all.filter((_, n) => n % 2 === 0)), one(all.filter((_, n) => n % 2 === 1))];
    const { deliver, vendor, signals } = testConnection({ destination: batching(batch) });
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
    const { deliver, signals } = testConnection({ destination: batching(batch) });
    expect(kinds(await deliver(tracks(3)))).toEqual(wanted);
    expect(defects(signals)).toContain('batch');
  });

  it('repeats a delivery sends it once', async () => {
    const { deliver, vendor } = testConnection({ destination: batching((all) => [one(all), one([...all, ...all])]) });
    expect(kinds(await deliver(tracks(3)))).toEqual(Array(3).fill('delivered'));
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['e0', 'e1', 'e2']);
  });

  it('puts everything into one request is packed again, to the limits and by group', async () => {
    const destination = { ...batching((all) => [one(all)]), manifest: acme({}, { limits: small }).manifest };
    const { deliver, vendor } = testConnection({ destination, connection: { limits: { maxItems: 3 } } });
    const events = tracks(12, (n) => ({ group: n < 8 ? 'a' : 'b', ...(n === 5 ? { pad: 'x'.repeat(30) } : {}) }));
    expect(kinds(await deliver(events))).toEqual(Array(12).fill('delivered'));
    for (const { ids, sentBody } of vendor.requests) {
      expect(ids.length).toBeLessThanOrEqual(3);
      expect(sentBody.length).toBeLessThanOrEqual(small.maxBytes);
    }
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(events.map(({ messageId }) => messageId));
    expect(vendor.requests.map(({ ids }) => ids.join())).toContain('e6,e7');
  });

  it('invents a delivery does not get it sent', async () => {
    const invented = { index: 99, eventId: 'x', payload: { id: 'x' }, text: '{"id":"x"}', bytes: 10 };
    const { deliver, vendor } = testConnection({ destination: batching((all) => [one([...all, invented])]) });
    expect(kinds(await deliver(tracks(2)))).toEqual(Array(2).fill('delivered'));
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['e0', 'e1']);
  });
});

describe('a folder whose transform(), validate() or encode() is broken', () => {
  const outcomes = async (parts: Partial<TestDestination>) => {
    const { deliver, signals, vendor } = testConnection({ destination: acme(parts) });
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
    ['returns lanes that are no list', () => ({ kind: 'payload', payload: { id: 'bad' }, lanes: 'l' })],
    ['returns a lane that is a number', () => ({ kind: 'payload', payload: { id: 'bad' }, lanes: ['l', 5] })],
    ['returns scopes that are no list', () => ({ kind: 'payload', payload: { id: 'bad' }, scopes: 5 })],
    ['returns notes that are no list', () => ({ kind: 'payload', payload: { id: 'bad' }, notes: 5 })],
    ['returns notes that are nothing', () => ({ kind: 'payload', payload: { id: 'bad' }, notes: [null] })],
    ['makes up a reason code', () => ({ kind: 'rejected', reason: { code: 'jane@example.com', message: 'no' } })],
    ['gives a reason without a sentence', () => ({ kind: 'skipped', reason: { code: 'stale_event' } })],
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
    ['makes up a reason code', () => ({ kind: 'skipped', reason: { code: 'toString', message: 'no' } })],
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
  ])('%s: sends nothing and rejects its events', async (_, requestFor) => {
    const { deliver, vendor, signals } = testConnection({ destination: acme({ requestFor: requestFor as never }) });
    expect(codes(await deliver(tracks(3)))).toEqual(Array(3).fill('rejected: internal_error'));
    expect(vendor.requests).toHaveLength(0);
    expect(defects(signals)).toContain('request');
  });

  it('makes a body above the limit is asked for smaller ones, and alone costs that event', async () => {
    const requestFor = ({ items }: Batch<Item>) =>
      ({
        method: 'POST',
        url: 'https://api.vendor.example/',
        headers: {},
        body: items.map(({ payload: { id } }) => `"id":"${id}"`.padEnd(id === 'e2' ? 61 : 30, '.')).join(''),
      }) as const;
    const { deliver, vendor, signals } = testConnection({ destination: acme({ requestFor }, { limits: small }) });
    expect(codes(await deliver(tracks(4)))).toEqual([
      'delivered',
      'delivered',
      'rejected: internal_error',
      'delivered',
    ]);
    for (const { sentBody } of vendor.requests) expect(sentBody.length).toBeLessThanOrEqual(60);
    expect(defects(signals)).toContain('request');
  });

  it('stumbles over one event lets the others through', async () => {
    const requestFor = (batch: Batch<Item>) =>
      batch.items.some(({ payload }) => payload.id === 'e3')
        ? boom()
        : ({ method: 'POST', url: 'https://api.vendor.example/', headers: {} } as const);
    const { deliver } = testConnection({ destination: acme({ requestFor }) });
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
    [
      'makes up reason codes',
      () => ['', 'constructor', 'vendor_rejected'].map((code) => ({ kind: 'reject', reason: { code, message: 'no' } })),
      ['unknown', 'unknown', 'rejected'],
    ],
    ['returns no list', () => ({ length: 3 }), ['unknown', 'unknown', 'unknown']],
    ['returns a promise that rejects', async () => boom(), ['unknown', 'unknown', 'unknown']],
  ])('%s: nothing is claimed that the vendor did not say', async (_, readReply, wanted) => {
    const { deliver, signals } = testConnection({ destination: answering(readReply) });
    expect(kinds(await deliver(tracks(3)))).toEqual(wanted);
    expect(defects(signals).filter((where) => where !== 'response' && where !== 'send')).toEqual([]);
  });

  it('throws: is an ambiguous delivery where events may be sent again', async () => {
    const { deliver } = testConnection({
      destination: answering(boom, 'tolerated'),
      connection: { retry: { attempts: 2 } },
    });
    expect(codes(await deliver(tracks(2)))).toEqual(Array(2).fill('deferred: ambiguous_delivery'));
  });

  it('F-07 is missing: only the forms that the folder calls a yes are one', async () => {
    const statuses = [200, 201, 204];
    const { deliver } = testConnection({
      destination: acme(
        { response: { classifyError: house, success: [{ status: 201, body: 'empty' }] } },
        { replay: 'harmful' },
      ),
      script: inTurn(...statuses.map((status) => ({ status }))),
    });
    const outcomes: Outcome[] = [];
    for (const status of statuses) outcomes.push(...(await deliver([track(`s${status}`)])));
    expect(kinds(outcomes)).toEqual(['unknown', 'delivered', 'unknown']);
  });

  it('is not asked about a yes that was cut off', async () => {
    const { deliver } = testConnection({
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
    const { deliver } = testConnection({ destination, script: () => ({ status: 400 }) });
    expect(codes(await deliver(tracks(2)))).toEqual(Array(2).fill('unknown: ambiguous_delivery'));
  });
});

describe('a request that never left', () => {
  it.each<[string, () => unknown]>([
    ['throws', boom],
    ['returns undefined', () => undefined],
    ['makes up a reason code', () => ({ kind: 'ambiguous', reason: { code: 'who knows', message: 'no' } })],
  ])('is tried again, and at last deferred, where classifyError() %s', async (_, classifyError) => {
    const destination = acme({ response: { classifyError: classifyError as never } }, { replay: 'harmful' });
    const again = testConnection({ destination, script: inTurn({ fault: 'refused' }) });
    expect(kinds(await again.deliver(tracks(2)))).toEqual(['delivered', 'delivered']);
    const never = testConnection({
      destination,
      script: () => ({ fault: 'refused' }),
      connection: { retry: { attempts: 2 } },
    });
    expect(codes(await never.deliver(tracks(2)))).toEqual(Array(2).fill('deferred: network'));
    expect(never.vendor.requests).toHaveLength(2);
  });
});

describe('a final word after an attempt without an answer', () => {
  const saying = (kind: 'skip' | 'reject' | 'accept', code: ReasonCode) =>
    acme({
      response: {
        classifyError: house,
        readReply: ({ response: { status } }, { items }) =>
          items.map(() => (kind === 'accept' ? accept() : decide(kind, code, 'so it is', { status }))),
      },
    });

  it.each([
    ['skip', 'consent_denied', 'unknown: ambiguous_delivery'],
    ['skip', 'duplicate_event', 'unknown: ambiguous_delivery'],
    ['skip', 'validated_only', 'unknown: ambiguous_delivery'],
    ['reject', 'vendor_rejected', 'unknown: ambiguous_delivery'],
    ['accept', 'vendor_rejected', 'delivered'],
  ] as const)('that says %s (%s) makes it: %s', async (kind, code, wanted) => {
    const { deliver } = testConnection({ destination: saying(kind, code), script: inTurn({ fault: 'reset' }) });
    const outcomes = await deliver(tracks(2));
    expect(codes(outcomes)).toEqual([wanted, wanted]);
    if (wanted.startsWith('unknown')) expect(outcomes[0]).toMatchObject({ reason: { status: 200 } });
  });

  it.each(['isolate', 'split', 'retry', 'defer', 'resend'] as const)(
    'F-10 an item of %s that the vendor may have taken with that answer is never rejected, skipped or suspended',
    async (kind) => {
      for (const later of ['reject', 'skip', 'suspend', 'retry'] as const) {
        let asked = 0;
        const destination = acme({
          response: {
            classifyError: house,
            readReply: (_, { items }) => {
              asked += 1;
              if (asked > 1) return items.map(() => decide(later, 'vendor_rejected', 'a plain no', { status: 400 }));
              return items.map((_item, index) =>
                index === 0 ? accept() : decide(kind, 'vendor_rejected', 'names nobody', { ambiguous: true }),
              );
            },
          },
        });
        const retrying = testConnection({ destination, connection: { onAmbiguous: 'retry', retry: { attempts: 2 } } });
        const wanted = kind === 'defer' || later === 'suspend' || later === 'retry' ? 'deferred' : 'unknown';
        expect(codes(await retrying.deliver(tracks(3)))).toEqual([
          'delivered',
          `${wanted}: ambiguous_delivery`,
          `${wanted}: ambiguous_delivery`,
        ]);
        asked = 0;
        const reporting = testConnection({ destination, connection: { onAmbiguous: 'report' } });
        expect(codes(await reporting.deliver(tracks(3)))).toEqual([
          'delivered',
          'unknown: ambiguous_delivery',
          'unknown: ambiguous_delivery',
        ]);
        expect(reporting.vendor.requests).toHaveLength(1);
      }
    },
  );

  it('is plain where every attempt was answered', async () => {
    const { deliver } = testConnection({
      destination: saying('skip', 'consent_denied'),
      script: inTurn({ fault: 'refused' }),
    });
    expect(codes(await deliver([track('a')]))).toEqual(['skipped: consent_denied']);
  });
});

describe('the signal of a defect', () => {
  const errorOf = async (transform: () => unknown): Promise<unknown> => {
    const { deliver, signals } = testConnection({ destination: acme({ transform: transform as never }) });
    await deliver([track('a')]);
    const signal = signals.find(({ kind }) => kind === 'defect');
    return signal?.kind === 'defect' ? signal.error : undefined;
  };
  const here = 'at decisions\\.test\\.ts:\\d+:\\d+$';
  const throwing = (error: unknown) => (): never => {
    throw error;
  };
  const value: unknown = 'Jane Doe';

  it.each<[string, () => unknown, string]>([
    ['a folder’s own error', throwing(new Error('no city for Jane Doe')), `^Error ${here}`],
    ['its own TypeError', throwing(new TypeError('Jane Doe is no number')), `^TypeError ${here}`],
    ['an error that looks like a frame', throwing(new Error('no\n    at Jane (Doe:1:1)')), `^Error ${here}`],
    ['a syntax error, which quotes its text', () => JSON.parse('Jane Doe'), '^SyntaxError'],
    ['a TypeError of the engine that quotes a value', () => 'id' in (value as object), `^TypeError ${here}`],
    [
      'an error whose name is a value',
      throwing(Object.assign(new Error('no'), { name: 'Jane Doe' })),
      `^Error ${here}`,
    ],
    ['something else that was thrown', throwing('Jane Doe'), '^threw string$'],
    [
      'a property of nothing',
      () => (undefined as unknown as { jane: 1 }).jane,
      `^TypeError: Cannot read properties of undefined ${here}`,
    ],
    [
      'an unknown name',
      throwing(new ReferenceError('missing is not defined')),
      '^ReferenceError: missing is not defined at ',
    ],
    ['nonsense', () => undefined, '^TypeError: transform\\(\\) made neither payload nor reason at '],
  ])('tells which error and where, and no value: %s', async (_, transform, wanted) => {
    const error = await errorOf(transform);
    expect(error).toMatch(new RegExp(wanted));
    expect(error).not.toMatch(/jane|doe/i);
  });

  it('is told of an error that cannot be read, too', async () => {
    const hostile = new Proxy(new Error('no'), {
      get: () => {
        throw new Error('never');
      },
    });
    expect(await errorOf(throwing(hostile))).toBe('an error that cannot be read');
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
    const { deliver, signals } = testConnection({ destination: sending(send), connection: { retry: { attempts: 2 } } });
    expect(codes(await deliver(tracks(3)))).toEqual(Array(3).fill(wanted));
    expect(defects(signals).length).toBeGreaterThan(0);
  });

  it('that throws after its request left leaves the event ambiguous', async () => {
    const send = async (_: unknown, __: unknown, wire: { request(request: unknown): Promise<unknown> }) => {
      await wire.request({ method: 'POST', url: 'https://api.vendor.example/', headers: {}, body: 'x' });
      return boom();
    };
    const destination = { ...sending(send as never), manifest: acme({}, { replay: 'harmful' }).manifest };
    const { deliver } = testConnection({ destination });
    expect(codes(await deliver([track('a')]))).toEqual(['unknown: ambiguous_delivery']);
  });

  it('that never ends does not keep the call beyond its deadline', async () => {
    const { connection, clock, vendor } = testConnection({
      destination: sending(() => new Promise<Reply>(() => undefined)),
    });
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
    const { connection, clock, vendor } = testConnection({ destination: sending(send as never) });
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
    const { deliver, vendor } = testConnection({ destination: sending(send as never) });
    expect(kinds(await deliver(tracks(3)))).toEqual(Array(3).fill('delivered'));
    expect(vendor.requests.map(({ path }) => path)).toEqual(['/token', '/']);
  });
});
