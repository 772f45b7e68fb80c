import { describe, expect, it } from '@jest/globals';
import {
  propertiesOf,
  reject,
  skip,
  type AnyDestination,
  type CdpEvent,
  type ConnectionHooks,
  type ConnectionOptions,
  type JsonObject,
  type Preview,
} from '../../core/index.ts';
import {
  acme,
  codes,
  defects,
  testConnection,
  track,
  tracks,
  type TestConnection,
} from '../support/runtime/test-connection.ts';

/** The vendor gets the whole event, so that a test sees what the rules made of it. */
const echo = acme({
  transform: (event) => ({
    kind: 'payload',
    payload: event as unknown as { id: string },
    lanes: [event.userId ?? ''],
    occurredAt: 0,
  }),
}) as unknown as AnyDestination;

const order = (id: string) => track(id) as Extract<CdpEvent, { readonly type: 'track' }>;

/** A connection with hooks of its host, beside the one that testConnection() opens. */
function connect(options: ConnectionOptions, hooks?: ConnectionHooks) {
  const test = testConnection({ destination: echo });
  const opened = test.runtime.open('acme', { account: 'a-2' }, { id: 'ruled', ...options }, hooks);
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  return { ...test, connection: opened.connection, deliver: delivering(test, opened.connection) };
}

const delivering =
  ({ clock }: TestConnection, connection: TestConnection['connection']): TestConnection['deliver'] =>
  (events, options) =>
    clock.run(connection.deliver(events, options));

const sentBy = ({ vendor }: Pick<TestConnection, 'vendor'>): readonly JsonObject[] =>
  vendor.requests.flatMap(({ body }) => JSON.parse(String(body)) as JsonObject[]);

const issuesOf = (options: unknown) => {
  const opened = testConnection().runtime.open('acme', { account: 'a-2' }, options as ConnectionOptions);
  return opened.kind === 'invalid' ? opened.issues : [];
};

describe('subscribe', () => {
  it('skips what does not match, with a reason of its own, and sends the rest', async () => {
    const test = connect({ subscribe: "type = 'track' and properties.total >= 10" });
    const outcomes = await test.deliver([
      { ...order('a'), properties: { total: 10 } },
      { ...order('b'), properties: { total: 9 } },
      { type: 'identify', messageId: 'c', userId: 'u' },
    ]);
    expect(codes(outcomes)).toEqual(['delivered', 'skipped: not_subscribed', 'skipped: not_subscribed']);
    expect(sentBy(test)).toHaveLength(1);
  });

  it.each([
    ["type = 'track' and", 'options.subscribe', 'line 1, column 19: '],
    ['nope(event)', 'options.subscribe', 'line 1, column 1: '],
    [5, 'options.subscribe', ''],
  ])('opens no connection with the query %j, and says where it is wrong', (subscribe, path, message) => {
    const issues = issuesOf({ subscribe });
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatchObject({ path, message: expect.stringContaining(message) });
  });

  it('judges the event as its sender wrote it, before the mapping', async () => {
    const test = connect({ subscribe: "event = 'Bestellung'", mapping: { set: { event: 'Order Completed' } } });
    const outcomes = await test.deliver([{ ...order('a'), event: 'Bestellung' }, track('b')]);
    expect(codes(outcomes)).toEqual(['delivered', 'skipped: not_subscribed']);
    expect(sentBy(test)).toMatchObject([{ event: 'Order Completed' }]);
  });

  it('comes after consent and the switch of `integrations`', async () => {
    const test = connect({ subscribe: 'false = true', requiredConsent: ['ads'] });
    const outcomes = await test.deliver([{ ...order('a'), integrations: { All: false } }, track('b')]);
    expect(codes(outcomes)).toEqual(['skipped: integration_disabled', 'skipped: consent_denied']);
  });
});

describe('mapping', () => {
  const mapping = {
    set: {
      'properties.order_id': { '@path': '$.properties.invoice.number' },
      'context.traits.email': { '@path': '$.context.contact.email' },
    },
    unset: ['context.ip'],
  };
  const event: CdpEvent = {
    ...order('a'),
    properties: { invoice: { number: 'A-1' } },
    context: { ip: '203.0.113.7', contact: { email: 'a@b.co' } },
  };

  it('changes what the vendor reads, and never the event of the caller', async () => {
    const before = structuredClone(event);
    const test = connect({ mapping });
    await test.deliver([event]);
    expect(sentBy(test)).toMatchObject([
      { properties: { order_id: 'A-1' }, context: { traits: { email: 'a@b.co' }, contact: { email: 'a@b.co' } } },
    ]);
    expect(sentBy(test)[0]).not.toHaveProperty('context.ip');
    expect(event).toEqual(before);
  });

  it('may make a type that the vendor takes of one that it does not, and the other way round', async () => {
    const test = connect({ mapping: { set: { type: { '@path': 'properties.as' } } } });
    const outcomes = await test.deliver([
      { type: 'screen', messageId: 'a', properties: { as: 'page' } },
      { type: 'page', messageId: 'b', properties: { as: 'screen' } },
      { type: 'page', messageId: 'c', properties: { as: 'nothing known' } },
    ]);
    expect(codes(outcomes)).toEqual(['delivered', 'skipped: unsupported_event', 'rejected: invalid_value']);
    const [, , third] = outcomes;
    expect(third).toMatchObject({ reason: { message: expect.stringContaining('What the mapping made of the event') } });
  });

  it.each<[string, (event: CdpEvent) => CdpEvent | string]>([
    ['an event', (event) => event],
    ['the text of one', (event) => JSON.stringify(event)],
  ])('holds what it makes of %s to the limits of an event', async (_, handedOver) => {
    const test = testConnection({ destination: echo, runtime: { eventLimits: { maxBytes: 2_000, maxDepth: 5 } } });
    const opened = test.runtime.open(
      'acme',
      { account: 'a' },
      {
        id: 'ruled',
        mapping: {
          set: { 'a.b.c.d': { '@path': 'properties.deep' }, 'properties.twice': { '@path': 'properties.text' } },
        },
      },
    );
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const events = [
      { ...order('a'), properties: { deep: { e: { f: 1 } } } },
      { ...order('b'), properties: { text: 'x'.repeat(1_200) } },
      { ...order('c'), properties: { text: 'x'.repeat(100) } },
    ];
    const outcomes = await test.clock.run(opened.connection.deliver(events.map(handedOver)));
    expect(codes(outcomes)).toEqual(['rejected: invalid_value', 'rejected: payload_too_large', 'delivered']);
  });

  it('makes no more of an event than an event may hold', async () => {
    const test = testConnection({ destination: echo, runtime: { eventLimits: { maxBytes: 9_000 } } });
    const twice = { '@template': '{{properties.text}}{{properties.text}}' };
    const opened = test.runtime.open(
      'acme',
      { account: 'a' },
      { id: 'ruled', mapping: { set: { 'context.x': twice } } },
    );
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const event = { ...order('a'), properties: { text: 'x'.repeat(5_000) } };
    const outcomes = await delivering(test, opened.connection)([event]);
    expect(outcomes).toMatchObject([{ kind: 'delivered', notes: [{ code: 'mapping_unfit', field: 'context.x' }] }]);
  });

  it('puts an event into the lanes of what it made of it', () => {
    const { connection } = connect({ mapping: { set: { userId: { '@path': 'properties.device' } } } });
    expect(connection.routeOf({ ...order('a'), properties: { device: 'd-1' } })).toEqual({
      kind: 'payload',
      lanes: ['d-1'],
    });
  });

  it('keeps lanes in order in a large call, whose events it may give other times', async () => {
    const byTime = acme(
      {
        transform: (one) => ({
          kind: 'payload',
          payload: { id: one.messageId ?? '' },
          lanes: ['all'],
          occurredAt: Date.parse(one.timestamp ?? ''),
        }),
      },
      { laneOrder: 'eventTime' },
    ) as unknown as AnyDestination;
    const test = testConnection({
      destination: byTime,
      connection: { mapping: { set: { timestamp: { '@path': 'properties.at' } } } },
    });
    const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
    const events = tracks(1_200).map((one, n) => ({ ...one, timestamp: at(n), properties: { at: at(1_200 - n) } }));
    await test.deliver(events);
    const ids = sentBy(test).map(({ id }) => id);
    expect(ids).toEqual(events.map(({ messageId }) => messageId).reverse());
  });

  it('notes a row that does not fit, on the outcome and as a signal', async () => {
    const test = connect({ mapping: { set: { 'properties.total.net': 1 } } });
    const outcomes = await test.deliver([{ ...order('a'), properties: { total: 5 } }]);
    expect(outcomes).toMatchObject([
      { kind: 'delivered', notes: [{ code: 'mapping_unfit', field: 'properties.total.net' }] },
    ]);
    expect(test.signals).toContainEqual(expect.objectContaining({ kind: 'event_noted', code: 'mapping_unfit' }));
  });

  it.each([
    [{ set: { messageId: 'x' } }, 'options.mapping.set.messageId'],
    [{ set: { 'integrations.All': true } }, "options.mapping.set['integrations.All']"],
    [{ set: { 'context.consent.x': true } }, "options.mapping.set['context.consent.x']"],
    [{ set: JSON.parse('{"__proto__": {"@pth": "x"}}') as object }, 'options.mapping.set.__proto__'],
    [{ unset: 3 }, 'options.mapping.unset'],
    ['all', 'options.mapping'],
  ])('opens no connection with %j, and says where it is wrong once', (wrong, path) => {
    expect(issuesOf({ mapping: wrong }).map((issue) => issue.path)).toEqual([path]);
  });
});

describe('prepareEvent', () => {
  it('changes events, leaves some out, and refuses only the one for which it throws', async () => {
    const test = connect(
      { mapping: { set: { name: 'mapped' } } },
      {
        prepareEvent(event) {
          if (event.messageId === 'b') return undefined;
          if (event.messageId === 'c') throw new Error('secret');
          return { ...event, messageId: 'other', event: `${String((event as { readonly name?: string }).name)}!` };
        },
      },
    );
    const outcomes = await test.deliver([track('a'), track('b'), track('c')]);
    expect(codes(outcomes)).toEqual(['delivered', 'skipped: not_subscribed', 'rejected: internal_error']);
    expect(outcomes.map(({ eventId }) => eventId)).toEqual(['a', 'b', 'c']);
    expect(sentBy(test)).toMatchObject([{ messageId: 'a', event: 'mapped!' }]);
    expect(defects(test.signals)).toEqual(['prepareEvent']);
    expect(JSON.stringify(outcomes)).not.toContain('secret');
  });

  it('gets a frozen copy: nothing it does reaches the event of the caller', async () => {
    const event = { ...order('a'), properties: { list: [{ sku: 's' }] } };
    const frozen: boolean[] = [];
    const test = connect(
      {},
      {
        prepareEvent(one) {
          const [first] = (propertiesOf(one) as unknown as typeof event.properties).list;
          frozen.push(Object.isFrozen(one), Object.isFrozen(first));
          return one as CdpEvent;
        },
      },
    );
    await test.deliver([event]);
    expect(frozen).toEqual([true, true]);
    expect(Object.isFrozen(event.properties.list)).toBe(false);
  });

  it('is held to the limits of an event, however little a mapping before it added', async () => {
    const test = testConnection({ destination: echo, runtime: { eventLimits: { maxBytes: 9_000 } } });
    const opened = test.runtime.open(
      'acme',
      { account: 'a' },
      { id: 'ruled', mapping: { set: { 'context.x': 1 } } },
      { prepareEvent: (event) => ({ ...event, context: { text: 'x'.repeat(9_000) } }) },
    );
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const outcomes = await test.clock.run(opened.connection.deliver([JSON.stringify(order('a'))]));
    expect(codes(outcomes)).toEqual(['rejected: payload_too_large']);
  });

  it.each([
    ['a promise', () => Promise.reject(new Error('late'))],
    ['a text', () => 'event'],
    ['null', () => null],
  ])('that returns %s refuses the event', async (_what, prepareEvent) => {
    const test = connect({}, { prepareEvent: prepareEvent as unknown as NonNullable<ConnectionHooks['prepareEvent']> });
    expect(codes(await test.deliver([track('a')]))).toEqual(['rejected: internal_error']);
    expect(defects(test.signals)).toEqual(['prepareEvent']);
  });

  it('has to be a function, and open() knows no other hook', () => {
    const { runtime } = testConnection();
    const openWith = (hooks: unknown) => () =>
      runtime.open('acme', { account: 'a' }, { id: 'x' }, hooks as ConnectionHooks);
    expect(openWith({ prepareEvent: 'x' })).toThrow('prepareEvent must be a function');
    expect(openWith({ prepare: () => undefined })).toThrow('no option "prepare"');
  });
});

describe('preview of a connection with rules', () => {
  const shown = async (options: ConnectionOptions, event: CdpEvent, hooks?: ConnectionHooks): Promise<Preview> =>
    connect(options, hooks).connection.preview(event);

  it('says which part of the subscription is false, with types and never with values', async () => {
    const preview = await shown(
      { subscribe: "type = 'track' and\n properties.total >= 10 and properties.code = 'geheim'" },
      { ...order('a'), properties: { total: '99', code: 'privat' } },
    );
    expect(preview).toMatchObject({
      kind: 'skipped',
      stage: 'subscribe',
      reason: { code: 'not_subscribed' },
      failed: [
        { at: { line: 2, column: 2 }, text: 'properties.total >= 10', left: 'string', right: 'number' },
        { at: { line: 2, column: 29 }, left: 'string', right: 'string' },
      ],
    });
    expect(JSON.stringify(preview)).not.toContain('privat');
  });

  it('tells what came through the mapping, what yielded nothing, what was removed, and what nobody read', async () => {
    const destination = acme({
      transform: (event, _settings, { trace }) => {
        trace?.from('pad', 'properties.total');
        return {
          kind: 'payload',
          payload: { id: event.messageId ?? '', pad: JSON.stringify(propertiesOf(event)['total']) },
        };
      },
    }) as unknown as AnyDestination;
    const { connection } = testConnection({
      destination,
      connection: {
        subscribe: 'properties.kind = null',
        mapping: {
          set: {
            'properties.total': { '@path': 'properties.net' },
            'properties.code': { '@path': 'properties.absent' },
            'properties.net.x': 1,
            'properties.items': [{ name: 'Shoe' }],
          },
          unset: ['context.ip', 'context.traits.phone'],
        },
      },
    });
    const preview = await connection.preview({
      ...order('a'),
      properties: { net: 5, total: 1, lines: [{ sku: 'a' }, { sku: 'b' }] },
      context: { ip: '203.0.113.7' },
    });
    expect(preview).toMatchObject({
      kind: 'request',
      fields: [{ field: 'pad', source: 'properties.total', mappedFrom: ['properties.net'] }],
      mapping: {
        mapped: [
          { target: 'properties.total', from: ['properties.net'] },
          { target: 'properties.items', from: [] },
        ],
        nothing: [{ target: 'properties.code' }, { target: 'properties.net.x' }],
        unfit: [{ target: 'properties.net.x' }],
        removed: ['context.ip'],
        unread: ['properties.items[].name'],
        absent: ['context.traits.phone'],
      },
      notes: [{ code: 'mapping_unfit', field: 'properties.net.x' }],
      unread: ['event', 'properties.total', 'properties.lines[].sku'],
    });
  });

  it('counts as read what the folder writes out whole, and lists unread values without rules, too', async () => {
    const whole = acme({
      transform: (event) => ({ kind: 'payload', payload: { id: JSON.stringify(propertiesOf(event)) } }),
    }) as unknown as AnyDestination;
    const { connection } = testConnection({ destination: whole });
    const preview = await connection.preview({ ...order('a'), properties: { a: { b: [1] } }, context: { ip: 'x' } });
    expect(preview).toMatchObject({ unread: ['event', 'context.ip'] });
  });

  it('tells what the mapping did to an event that the folder then refuses', async () => {
    const destination = acme({
      validate: () => skip('unmapped_event', 'No event is set for this name', 'event'),
    }) as unknown as AnyDestination;
    const { connection } = testConnection({
      destination,
      connection: {
        mapping: {
          set: { event: { '@map': { value: { '@path': 'event' }, to: { Kauf: 'Order Completed' } } }, userId: 'u' },
        },
      },
    });
    expect(await connection.preview(order('a'))).toMatchObject({
      kind: 'skipped',
      stage: 'validate',
      mapping: { mapped: [{ target: 'userId', from: [] }], nothing: [{ target: 'event', from: ['event'] }] },
    });
  });

  it('names the stage at which prepareEvent leaves an event out', async () => {
    expect(await shown({}, track('a'), { prepareEvent: () => undefined })).toMatchObject({
      kind: 'skipped',
      stage: 'prepareEvent',
    });
  });

  it('shows what the folder refuses of a frozen event', async () => {
    const refusing = acme({
      validate: (event) => reject('missing_field', `It has ${JSON.stringify(event).length} characters, and needs more`),
    }) as unknown as AnyDestination;
    const { connection } = testConnection({ destination: refusing });
    const frozen = Object.freeze({ ...order('a'), properties: Object.freeze({ a: Object.freeze({ b: 1 }) }) });
    expect(await connection.preview(frozen)).toMatchObject({
      kind: 'rejected',
      stage: 'validate',
      reason: { code: 'missing_field' },
    });
  });

  it('tells what was read of a frozen event, too', async () => {
    const reading = acme({
      transform: (event) => ({ kind: 'payload', payload: { id: JSON.stringify(propertiesOf(event)['a']) } }),
    }) as unknown as AnyDestination;
    const { connection } = testConnection({ destination: reading });
    const properties = Object.freeze({ a: Object.freeze([Object.freeze({ b: 1 })]), c: Object.freeze({ d: 1 }) });
    const preview = await connection.preview(Object.freeze({ ...order('a'), properties }) as unknown as CdpEvent);
    expect(preview).toMatchObject({ unread: ['event', 'properties.c.d'] });
  });

  it('tells what was read of an event that the folder freezes', async () => {
    const freezing = acme({
      transform: (event) => ({
        kind: 'payload',
        payload: { id: JSON.stringify(Object.freeze(propertiesOf(event))['a']) },
      }),
    }) as unknown as AnyDestination;
    const { connection } = testConnection({ destination: freezing });
    const preview = await connection.preview({ ...order('a'), properties: { a: [{ b: 1 }], c: { d: 1 } } });
    expect(preview).toMatchObject({ kind: 'request', unread: ['event', 'properties.c.d'] });
  });

  it('names the paths of all rows that a field came through, also of odd names', async () => {
    const sources = { whole: 'properties', some: 'properties.a, properties.b', odd: 'properties.net price' };
    const destination = acme({
      transform: (event, _settings, { trace }) => {
        for (const [field, source] of Object.entries(sources)) trace?.from(field, source);
        return { kind: 'payload', payload: { id: event.messageId ?? '' } };
      },
    }) as unknown as AnyDestination;
    const mapping = {
      set: {
        'properties.a': { '@path': 'properties.x' },
        'properties.b': { '@path': 'properties.y' },
        "properties['net price']": { '@path': 'properties.z' },
      },
    };
    const { connection } = testConnection({ destination, connection: { mapping } });
    expect(await connection.preview({ ...order('a'), properties: { x: 1, y: 2, z: 3 } })).toMatchObject({
      fields: [
        { field: 'whole', mappedFrom: ['properties.x', 'properties.y', 'properties.z'] },
        { field: 'some', mappedFrom: ['properties.x', 'properties.y'] },
        { field: 'odd', mappedFrom: ['properties.z'] },
      ],
    });
  });
});
