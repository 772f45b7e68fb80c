import { describe, expect, it } from '@jest/globals';
import {
  createRuntime,
  type CdpEvent,
  type ConnectionOptions,
  type DeliverOptions,
  type RuntimeOptions,
  type StreamOptions,
} from '../../core/index.ts';
import { suggestion } from '../../core/api/suggestion.ts';
import { isoTime, systemClock } from '../../core/policy/clock.ts';
import { neverFailing } from '../../core/runtime/host-clock.ts';
import { start } from '../../core/testing/kit/manual-clock.ts';
import { inTurn, yes } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  codes,
  collect,
  defects,
  kinds,
  open,
  track,
  tracks,
} from '../support/runtime/test-connection.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const lie = (value: unknown): never => value as never;
const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error('private@person.example');
    },
    ownKeys() {
      throw new Error('private@person.example');
    },
  },
);

describe('what is handed over', () => {
  it('F-02 is what is answered for, when the caller refills his array while deliver() runs', async () => {
    const { connection, clock, vendor } = testConnection();
    const events = tracks(512);
    const outcomes = connection.deliver(events);
    for (let n = 0; n < events.length; n++) events[n] = track(`other ${n}`);
    expect((await clock.run(outcomes)).map(({ eventId }) => eventId)).toEqual(
      tracks(512).map(({ messageId }) => messageId),
    );
    expect(new Set(vendor.requests.flatMap(({ ids }) => ids))).toEqual(
      new Set(tracks(512).map(({ messageId }) => messageId)),
    );
  });

  it.each<[string, (events: CdpEvent[]) => void]>([
    ['empties it', (events) => void (events.length = 0)],
    ['appends to it', (events) => void events.push(...tracks(300))],
    ['takes from its front', (events) => void events.splice(0, 200)],
  ])('F-02 has one outcome each when the caller %s', async (_, change) => {
    const { connection, clock, signals } = testConnection();
    const events = tracks(512);
    const outcomes = connection.deliver(events);
    change(events);
    expect(new Set(kinds(await clock.run(outcomes)))).toEqual(new Set(['delivered']));
    expect(await outcomes).toHaveLength(512);
    expect(defects(signals)).toEqual([]);
  });

  it('F-02 may have holes, be frozen, or be of a class of its own', async () => {
    class Batch extends Array<CdpEvent> {}
    const { deliver } = testConnection();
    const holes: CdpEvent[] = [];
    holes[2] = track('a');
    expect(codes(await deliver(holes))).toEqual(['rejected: invalid_value', 'rejected: invalid_value', 'delivered']);
    expect(codes(await deliver(Object.freeze(tracks(2))))).toEqual(['delivered', 'delivered']);
    expect(codes(await deliver(Batch.from(tracks(2))))).toEqual(['delivered', 'delivered']);
  });

  it('F-02 holds for the options of a call, too', async () => {
    const { connection, clock } = testConnection({ script: inTurn({ status: 503 }) });
    const options: { withinMs: number } = { withinMs: 20_000 };
    const stream = connection.stream(tracks(3), options);
    options.withinMs = 0;
    expect(kinds((await clock.run(collect(stream))).map(({ outcome }) => outcome))).toEqual(Array(3).fill('delivered'));
  });

  it('F-02 holds for the options of a connection and of a runtime', async () => {
    const requiredConsent = ['ads'];
    const limits = { maxItems: 2 };
    const retry = { attempts: 1, baseMs: 1, budget: { ratio: 1, reserve: 10 } };
    const pace = { acme: { concurrency: 1 } };
    const destinations = [acme()];
    const { runtime, vendor, clock } = testConnection({
      runtime: { destinations, retry, pace },
      script: () => ({ status: 503 }),
    });
    destinations.length = 0;
    Object.assign(retry, { attempts: 9 });
    Object.assign(retry.budget, { reserve: 0 });
    Object.assign(pace.acme, { concurrency: 7 });
    const connection = open(runtime, { requiredConsent, limits });
    requiredConsent.length = 0;
    limits.maxItems = 9;
    expect(codes(await clock.run(connection.deliver(tracks(1))))).toEqual(['skipped: consent_denied']);
    const agreed = tracks(8).map((event) => ({
      ...event,
      context: { consentManagement: { allowedConsentIds: ['ads'] } },
    })) as never;
    const outcomes = await clock.run(connection.deliver(agreed));
    expect(new Set(codes(outcomes))).toEqual(new Set(['deferred: vendor_unavailable']));
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual([2, 2, 2, 2]);
    expect(vendor.mostOpen).toBe(1);
    expect(runtime.catalogue()).toHaveLength(1);
  });
});

describe('arguments that cannot be meant', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'createRuntime(): needs options'],
    ['null', null, 'createRuntime(): the options must be an object, not null'],
    ['an option that is nearly one', { destinations: [], origin: {} }, 'no option "origin"; do you mean "origins"?'],
    ['an option in other letters', { destinations: [], onsignal: () => 1 }, 'do you mean "onSignal"?'],
    ['an option like none', { destinations: [], colour: 1 }, 'no option "colour"; there are: destinations'],
    ['no destinations', {}, 'destinations: must be an array of destinations, not undefined'],
    ['a promise of them', { destinations: Promise.resolve([]) }, 'not a promise; await loadDestinations()'],
    ['a hole', { destinations: Array(1) }, 'destinations[0]: must be a destination, not undefined'],
    ['an empty one', { destinations: [{}] }, 'destinations[0]: does not come from defineDestination()'],
    ['a module', { destinations: [{ default: acme() }] }, 'its default export does'],
    ['one without a manifest', { destinations: [acme(), { ...acme(), manifest: null }] }, 'destinations[1]: has no'],
    ['one without a transform', { destinations: [{ ...acme(), transform: 1 }] }, 'destinations[0]: transform'],
    ['one without settings', { destinations: [{ ...acme(), config: {} }] }, 'destinations[0]: config'],
    ['one without a response', { destinations: [{ ...acme(), response: {} }] }, 'destinations[0]: response'],
    ['one of another contract', { destinations: [{ ...acme(), contract: 9 }] }, 'written against contract 9'],
    ['an origin of nobody', { destinations: [acme()], origins: { acne: 'https://x.example' } }, 'do you mean "acme"?'],
    [
      'an origin that is no text',
      { destinations: [acme()], origins: { acme: 8080 } },
      'origins.acme: must be a string',
    ],
    ['origins that are a list', { destinations: [acme()], origins: [] }, 'origins must be an object, not an array'],
    ['a pace that is none', { destinations: [acme()], pace: null }, 'pace must be an object, not null'],
    ['a nearly known retry', { destinations: [acme()], retry: { attemps: 3 } }, 'do you mean "attempts"?'],
    ['a listener that is none', { destinations: [acme()], onSignal: 'log' }, 'onSignal must be a function'],
    ['a sleep that is none', { destinations: [acme()], sleep: 5 }, 'sleep must be a function, not a number'],
    ['chance that is none', { destinations: [acme()], random: 0.5 }, 'random must be a function'],
    ['a clock that is none', { destinations: [acme()], now: 0 }, 'now must be a function'],
    ['a clock that gives NaN', { destinations: [acme()], now: () => Number.NaN }, 'now: must give epoch milliseconds'],
    ['a clock that gives a date', { destinations: [acme()], now: () => new Date() }, 'now: must give'],
  ])('F-16 createRuntime() refuses %s, and names it', (_, options, named) => {
    expect(() => createRuntime(options as RuntimeOptions)).toThrow(named);
  });

  it.each<[string, unknown, string, string]>([
    ['one that is nearly known', { onAmbigous: 'retry' }, 'options', 'do you mean "onAmbiguous"?'],
    ['one of another level', { retry: { concurrency: 3 } }, 'options.retry', 'belongs at options.pace.concurrency'],
    ['a nearly known pace', { pace: { rate: { permit: 1 } } }, 'options.pace.rate', 'do you mean "permits"?'],
    ['null', null, 'options', 'expected object'],
  ])('F-16 open() says of connection options which is wrong: %s', (_, asked, path, message) => {
    const opened = createRuntime({ destinations: [acme()] }).open('acme', { account: 'a' }, asked as ConnectionOptions);
    expect(opened.kind).toBe('invalid');
    if (opened.kind !== 'invalid') return;
    expect(opened.issues).toContainEqual({ path, message: expect.stringContaining(message) as never });
  });

  it('F-16 open() says of settings that throw when they are read that they cannot be read', () => {
    const opened = createRuntime({ destinations: [acme()] }).open('acme', {
      get account() {
        throw new Error('private@person.example');
      },
    });
    expect(opened).toEqual({ kind: 'invalid', issues: [{ path: 'config', message: 'cannot be read' }] });
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['an empty object', {}],
  ])('F-16 open() asks for a destination where it gets %s', (_, named) => {
    expect(() => createRuntime({ destinations: [acme()] }).open(lie(named), {})).toThrow('open(): needs a slug');
  });

  it.each<[string, unknown, unknown, string]>([
    ['nothing', undefined, undefined, 'deliver(): the events must be an array, not undefined'],
    ['null', null, undefined, 'not null'],
    ['one event', track('a'), undefined, 'not an object; stream() takes'],
    ['a set', new Set(tracks(1)), undefined, 'stream() takes'],
    ['a text', 'abc', undefined, 'not a string'],
    ['a promise', Promise.resolve([]), undefined, 'not a promise'],
    ['null for options', [], null, 'deliver(): the options must be an object, not null'],
    ['an unknown option', [], { within: 5 }, 'deliver(): no option "within"; do you mean "withinMs"?'],
    ['a time as text', [], { withinMs: '5000' }, 'withinMs must be a number of milliseconds, not a string'],
    ['a controller for a signal', [], { signal: new AbortController() }, 'signal must be an AbortSignal'],
    ['a hook that is none', [], { settled: true }, 'settled must be a function'],
    ['once as text', [], { once: 'yes' }, 'once must be true or false'],
  ])('F-16 deliver() rejects %s, and sends nothing', async (_, events, options, named) => {
    const { connection, vendor } = testConnection();
    await expect(connection.deliver(lie(events), lie(options))).rejects.toThrow(named);
    expect(vendor.total).toBe(0);
  });

  it.each<[string, unknown, unknown, string]>([
    ['nothing', undefined, undefined, 'stream(): the events must be iterable, sync or async, not undefined'],
    ['null', null, undefined, 'not null'],
    ['an event', track('a'), undefined, 'not an object'],
    ['a text', 'abc', undefined, 'not a string'],
    ['a function', () => tracks(1), undefined, 'not a function'],
    ['null for options', [], null, 'stream(): the options must be an object'],
    ['an unknown option', [], { windows: 5 }, 'do you mean "window"?'],
    ['a window as text', [], { window: '10' }, 'window must be a number, not a string'],
    ['an order as text', [], { maxOutOfOrderness: '0' }, 'maxOutOfOrderness must be a number, not a string'],
    ['a signal that is none', [], { signal: {} }, 'signal must be an AbortSignal'],
  ])('F-16 stream() throws at once for %s', (_, events, options, named) => {
    expect(() => testConnection().connection.stream(lie(events), lie(options))).toThrow(named);
  });

  it('F-16 check() and call() refuse options of the wrong kind', async () => {
    const { connection } = testConnection();
    await expect(connection.check(lie({ within: 1 }))).rejects.toThrow('check(): no option "within"');
    await expect(connection.call('x', {}, lie({ confirm: true }))).rejects.toThrow('do you mean "confirmed"?');
  });

  it('F-16 takes numbers that are no times or sizes for the default, and endless ones for endless', async () => {
    for (const withinMs of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      const { deliver } = testConnection({ script: inTurn({ status: 429, headers: { 'retry-after': '9' } }) });
      expect(kinds(await deliver(tracks(2), { withinMs }))).toEqual(['delivered', 'delivered']);
    }
    for (const window of [0, -3, Number.NaN, 2.5, 3e9, Number.POSITIVE_INFINITY]) {
      const settled = await testConnection().stream(
        tracks(400, (n) => (n % 2 === 0 ? {} : { lane: 'a' })),
        { window },
      );
      expect(new Set(kinds(settled.map(({ outcome }) => outcome)))).toEqual(new Set(['delivered']));
      expect(settled).toHaveLength(400);
    }
  });

  it('F-16 an event that throws when it is read is its own misfortune', async () => {
    const { deliver, stream } = testConnection();
    const getter = Object.defineProperty({ ...track('b') }, 'properties', {
      enumerable: true,
      get() {
        throw new Error('private@person.example');
      },
    });
    const events = [track('a'), lie(throwing), getter, track('d')];
    const expected = ['delivered', 'rejected: internal_error', 'rejected: internal_error', 'delivered'];
    expect(codes(await deliver(events))).toEqual(expected);
    const settled = (await stream(events)).toSorted((a, b) => a.index - b.index);
    expect(codes(settled.map(({ outcome }) => outcome))).toEqual(expected);
    expect(JSON.stringify(settled)).not.toContain('person.example');
  });

  it('F-16 names what was meant where a name is near, and all there are where none is', () => {
    expect(suggestion('orgins', ['origins', 'pace'])).toBe('do you mean "origins"?');
    expect(suggestion('within_ms', ['withinMs'])).toBe('do you mean "withinMs"?');
    expect(suggestion('xyz', ['origins', 'pace'])).toBe('there are: origins, pace');
    expect(suggestion('a'.repeat(1_000_000), ['origins'])).toBe('there are: origins');
  });
});

describe('a source that does not do as an iterator does', () => {
  const sourceOf = (next: () => unknown, isAsync: boolean): Iterable<CdpEvent> =>
    lie({ [isAsync ? Symbol.asyncIterator : Symbol.iterator]: () => ({ next }) });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
  ])('F-16 is told so when its next() gives %s, after the outcomes of what was read', async (_, given) => {
    for (const isAsync of [true, false]) {
      let read = 0;
      const next = (): unknown => {
        read += 1;
        const result = read > 3 ? given : { done: false, value: track(`e${read}`) };
        return isAsync ? Promise.resolve(result) : result;
      };
      const { connection, clock } = testConnection();
      const heard: string[] = [];
      const reading = (async () => {
        for await (const { outcome } of connection.stream(sourceOf(next, isAsync))) heard.push(outcome.kind);
      })();
      await expect(clock.run(reading)).rejects.toThrow('next() of the events must give {value} or {done: true}');
      expect(heard).toEqual(['delivered', 'delivered', 'delivered']);
    }
  });

  it('F-16 is told so when it has no next(), or throws when it begins', async () => {
    const none = lie({ [Symbol.iterator]: () => undefined });
    const broken = lie({
      [Symbol.asyncIterator]() {
        throw new Error('no such topic');
      },
    });
    for (const [source, why] of [
      [none, 'has no next()'],
      [broken, 'no such topic'],
    ] as const) {
      const stream = testConnection().connection.stream(source)[Symbol.asyncIterator]();
      await expect(stream.next()).rejects.toThrow(why);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    }
  });

  it('F-16 may be a list of promises: they are awaited in turn, as for await does', async () => {
    const { stream } = testConnection();
    const settled = await stream(lie(tracks(25).map((event) => Promise.resolve(event))));
    expect(new Set(kinds(settled.map(({ outcome }) => outcome)))).toEqual(new Set(['delivered']));
    expect(settled).toHaveLength(25);
  });

  it('F-16 gives what was read before a promise of its that rejects, and is closed', async () => {
    let closed = 0;
    function* source() {
      try {
        yield Promise.resolve(track('a'));
        yield Promise.reject(new Error('gone'));
        yield Promise.resolve(track('b'));
      } finally {
        closed += 1;
      }
    }
    const { connection, clock } = testConnection();
    const heard: string[] = [];
    const reading = (async () => {
      for await (const { outcome } of connection.stream(lie(source()))) heard.push(outcome.eventId);
    })();
    await expect(clock.run(reading)).rejects.toThrow('gone');
    expect(heard).toEqual(['a']);
    expect(closed).toBe(1);
  });

  it('F-16 ends with its reader when it is silent for ever, and its return() throws or is none', async () => {
    for (const back of [
      () => {
        throw new Error('cannot close');
      },
      undefined,
      lie(7),
      () => null,
      () => new Promise(() => undefined),
    ]) {
      let read = 0;
      const source = lie({
        [Symbol.asyncIterator]: () => ({
          next: () => (read++ < 2 ? Promise.resolve({ value: track(`e${read}`) }) : new Promise(() => undefined)),
          return: back,
        }),
      });
      const { connection, clock } = testConnection();
      const stop = new AbortController();
      const settled = clock.run(collect(connection.stream(source, { signal: stop.signal })));
      await clock.settle();
      stop.abort();
      expect(codes((await settled).map(({ outcome }) => outcome))).toEqual(Array(2).fill('deferred: held_back'));
    }
  });
});

describe('what never ends, or has no date', () => {
  it('F-16 a host that never confirms an outcome blocks its lane until the deadline, and no longer', async () => {
    const { connection, clock, signals, vendor } = testConnection({
      destination: acme({}, one),
      script: ({ ids: [id] }) => (id === 'e0' ? { status: 400 } : yes),
    });
    const events = tracks(4, (n) => ({ lane: n < 3 ? 'held' : 'free' }));
    const outcomes = connection.deliver(events, {
      withinMs: 5_000,
      settled: (_, { kind }) => (kind === 'delivered' ? undefined : new Promise(() => undefined)),
    });
    expect(codes(await clock.run(outcomes))).toEqual([
      'rejected: vendor_rejected',
      'deferred: held_back',
      'deferred: held_back',
      'delivered',
    ]);
    expect(clock.now() - start).toBe(5_000);
    expect(clock.sleepers).toBe(0);
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(expect.not.arrayContaining(['e1', 'e2']));
    expect(defects(signals)).toEqual([]);
  });

  it('F-16 the same between the halves of a refused batch, and before an attempt is repeated', async () => {
    for (const status of [413, 503]) {
      const destination = acme({
        response: {
          classifyError: () => ({
            kind: status === 413 ? 'split' : 'retry',
            reason: lie({ code: 'vendor_rejected', message: 'No' }),
          }),
          readReply: ({ response }, { items }) =>
            response.status === 200
              ? items.map(({ eventId }) =>
                  eventId === 'e0'
                    ? { kind: 'reject', reason: lie({ code: 'vendor_rejected', message: 'No' }) }
                    : {
                        kind: status === 413 ? 'split' : 'retry',
                        reason: lie({ code: 'vendor_rejected', message: 'No' }),
                      },
                )
              : undefined,
        },
      });
      const { connection, clock } = testConnection({ destination });
      const outcomes = connection.deliver(
        tracks(5, () => ({ lane: 'a' })),
        { withinMs: 5_000, settled: (_, { kind }) => (kind === 'rejected' ? new Promise(() => undefined) : undefined) },
      );
      const heard = await clock.run(outcomes);
      expect(kinds(heard)).toEqual(['rejected', ...Array<string>(4).fill('deferred')]);
      expect(clock.now() - start).toBe(5_000);
    }
  });

  it('F-16 a hook may answer without a promise', async () => {
    const { deliver, signals } = testConnection({ destination: acme({}, one), script: inTurn({ status: 400 }) });
    const outcomes = await deliver(
      tracks(2, () => ({ lane: 'a' })),
      { settled: lie(() => true) } satisfies DeliverOptions,
    );
    expect(kinds(outcomes)).toEqual(['rejected', 'delivered']);
    expect(defects(signals)).toEqual([]);
  });

  it.each([Number.POSITIVE_INFINITY, 1e300, 8.64e15, Number.NaN, -5, lie('soon')])(
    'F-16 a folder may ask for a wait of %s, and the event has a date all the same',
    async (afterMs) => {
      for (const kind of ['retry', 'defer'] as const) {
        const reason = { code: 'vendor_unavailable', message: 'Not now' } as const;
        const destination = acme({ response: { classifyError: () => ({ kind, reason, afterMs: afterMs as number }) } });
        const { deliver, signals } = testConnection({ destination, script: () => ({ status: 503 }) });
        const outcomes = await deliver(tracks(3), { withinMs: 1_000 });
        expect(codes(outcomes)).toEqual(Array(3).fill('deferred: vendor_unavailable'));
        for (const outcome of outcomes)
          expect(Date.parse((outcome as { retryAt: string }).retryAt)).toBeGreaterThanOrEqual(start);
        expect(defects(signals)).toEqual([]);
      }
    },
  );

  it('F-16 a time beyond the last date is that date', () => {
    expect(isoTime(start)).toBe('2026-01-15T12:00:00.000Z');
    expect(isoTime(8.64e15 + 1)).toBe('+275760-09-13T00:00:00.000Z');
    expect(isoTime(Number.POSITIVE_INFINITY)).toBe('+275760-09-13T00:00:00.000Z');
    expect(isoTime(Number.NaN)).toBe('1970-01-01T00:00:00.000Z');
  });

  it('F-16 a wait of months is no wait of a millisecond', async () => {
    let rung = false;
    const off = systemClock.after(1e12, () => {
      rung = true;
    });
    await new Promise((resolve) => void setTimeout(resolve, 20));
    off();
    expect(rung).toBe(false);
  });

  it('F-16 a clock that fails later on goes on from where it was', async () => {
    let given: () => unknown = () => start;
    const now = neverFailing(() => given() as number);
    given = () => Number.NaN;
    const before = now();
    expect(before).toBeGreaterThanOrEqual(start);
    await new Promise((resolve) => void setTimeout(resolve, 30));
    given = () => {
      throw new Error('no clock');
    };
    expect(now()).toBeGreaterThan(before);
    given = () => start + 7;
    expect(now()).toBe(start + 7);
  });

  it('F-16 a call whose clock gives NaN in mid-flight ends in time', async () => {
    let broken = false;
    const { vendor, runtime } = testConnection({
      script: () => ({ fault: 'silence' }),
      runtime: { now: () => (broken ? Number.NaN : Date.now()), sleep: systemClock.sleep },
    });
    const connection = open(runtime);
    const outcomes = connection.deliver(tracks(2), { withinMs: 300 } satisfies StreamOptions);
    while (vendor.total === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    broken = true;
    expect(new Set(kinds(await outcomes))).toEqual(new Set(['deferred']));
  });
});
