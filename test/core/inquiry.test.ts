import { describe, expect, it } from '@jest/globals';
import { accept, errorTable, decide, type CdpEvent, type Outcome } from '../../core/index.ts';
import { start } from '../../core/testing/kit/manual-clock.ts';
import { yes, type ScriptedReply, type Script, type Seen, type LateReply } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  codes,
  defects,
  kinds,
  track,
  tracks,
  type TrackOptions,
} from '../support/runtime/test-connection.ts';

const page: ScriptedReply = { status: 403, body: '<html><h1>403 Forbidden</h1></html>' };
const forbidden: ScriptedReply = { status: 403, body: { error: 'forbidden' } };
const hundred = { limits: { maxItems: 100, maxBytes: 100_000, maxAgeMs: 1_000 } };
const lone = {
  limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 },
  pace: { concurrency: 32, timeoutMs: 10_000 },
};

const isCheck = ({ path }: Seen): boolean => path === '/me';
const withCheck = (limits: object) =>
  acme(
    {
      check: {
        request: () => ({ method: 'GET', url: 'https://api.vendor.example/me', headers: {} }),
        ok: [200],
        proves: 'the account is there',
        refused: [401, 403],
      },
    },
    limits,
  );

/** A firewall that dislikes the texts of some events; the check gets through. */
const firewall =
  (bad: ReadonlySet<string>, check: ScriptedReply = yes): Script =>
  (seen) =>
    isCheck(seen) ? check : seen.ids.some((id) => bad.has(id)) ? page : yes;

const spreadOver = (count: number, of = 100): Set<string> =>
  new Set(Array.from({ length: count }, (_, n) => `e${Math.floor(((n + 0.5) * of) / count)}`));
const together = (count: number): Set<string> => new Set(Array.from({ length: count }, (_, n) => `e${30 + n}`));

/** Delivers, and hands over again what came back deferred among new ones, as hosts do, at most twenty times. */
async function untilDone(
  made: ReturnType<typeof testConnection>,
  events: readonly CdpEvent[],
): Promise<Map<string, Outcome>> {
  const last = new Map<string, Outcome>();
  let left = events;
  for (let round = 0; round < 20 && left.length > 0; round++) {
    const outcomes = await made.deliver(left);
    outcomes.forEach((outcome) => last.set(outcome.eventId, outcome));
    const back = left.filter((_, index) => outcomes[index]?.kind === 'deferred');
    left =
      back.length === 0
        ? []
        : [...tracks(5).map((one) => ({ ...one, messageId: `new${round}-${one.messageId}` })), ...back];
    await made.clock.advance(1_000);
  }
  return last;
}

describe.each([1, 2, 3, 10])('F-09 %i events of 100 that trip a firewall', (count) => {
  const cases: [string, object, (n: number) => TrackOptions][] = [
    ['in one batch', hundred, () => ({})],
    ['in batches of ten', {}, () => ({})],
    ['one a request', lone, () => ({})],
    ['one a request in lanes', lone, (n) => ({ lane: `d${n % 20}` })],
    ['in lanes of batches', {}, (n) => ({ lane: `d${n % 5}` })],
  ];
  for (const [way, limits, travel] of cases) {
    for (const checked of [false, true]) {
      for (const [where, bad] of [
        ['spread', spreadOver(count)],
        ['together', together(count)],
      ] as const) {
        it(`F-09 are rejected alone, ${way}, ${where}, ${checked ? 'with' : 'without'} a check`, async () => {
          const made = testConnection({
            destination: checked ? withCheck(limits) : acme({}, limits),
            script: firewall(bad),
          });
          const outcomes = await untilDone(made, tracks(100, travel));
          const wrong = [...outcomes]
            .map(([id, outcome]) => `${id} ${outcome.kind}`)
            .filter((told) => !told.endsWith(bad.has(told.split(' ')[0] ?? '') ? 'rejected' : 'delivered'));
          expect(wrong).toEqual([]);
          expect(outcomes.size % 5).toBe(0);
          expect(made.connection.suspended()).toEqual([]);
          expect(made.signals.filter(({ kind }) => kind === 'connection_suspended')).toEqual([]);
          expect(defects(made.signals)).toEqual([]);
          const delivered = made.vendor.requests.filter(
            (seen) => !isCheck(seen) && !seen.ids.some((id) => bad.has(id)),
          );
          const ids = delivered.flatMap((seen) => seen.ids);
          expect(new Set(ids).size).toBe(ids.length);
        });
      }
    }
  }
});

describe('F-09 credentials that are refused', () => {
  it.each([
    ['nothing', { status: 403 }],
    ['JSON', forbidden],
  ] as [string, ScriptedReply][])(
    'F-09 suspend at once while they were never taken, when the vendor answers with %s',
    async (_, answer) => {
      const { deliver, vendor } = testConnection({ destination: acme({}, hundred), script: () => answer });
      expect(new Set(codes(await deliver(tracks(100))))).toEqual(new Set(['suspended: unauthorized']));
      expect(vendor.requests).toHaveLength(1);
    },
  );

  it.each([
    ['a batch of 100', hundred, 5, 0],
    ['a batch of three', { limits: { ...hundred.limits, maxItems: 3 } }, 8, 97],
    ['single events', lone, 33, 67],
  ])('F-09 cost few requests behind a page of a gateway: %s', async (_, limits, most, least) => {
    const { deliver, vendor, clock } = testConnection({ destination: acme({}, limits), script: () => page });
    const outcomes = await deliver(tracks(100));
    expect(vendor.requests.length).toBeLessThanOrEqual(most);
    expect(kinds(outcomes).filter((kind) => kind === 'suspended').length).toBeGreaterThanOrEqual(
      least === 0 ? 96 : least - 4,
    );
    expect(outcomes.every(({ kind }) => kind === 'suspended' || kind === 'deferred')).toBe(true);
    expect(clock.now()).toBe(start);
  });

  it('F-09 are found out by the check alone where there is one', async () => {
    const made = testConnection({
      destination: withCheck(hundred),
      script: (seen) => (isCheck(seen) ? { status: 401 } : page),
    });
    expect(new Set(kinds(await made.deliver(tracks(300))))).toEqual(new Set(['suspended']));
    expect(made.vendor.requests.filter(isCheck)).toHaveLength(1);
    expect(made.vendor.requests.length).toBeLessThanOrEqual(1 + 3);
  });

  it.each([
    ['batches', hundred, false],
    ['batches', hundred, true],
    ['single events', lone, false],
    ['single events', lone, true],
  ])('F-09 suspend quickly when they are revoked in mid-stream: %s (check: %p)', async (_, limits, checked) => {
    let revoked = false;
    const script: Script = (seen) => (!revoked ? yes : isCheck(seen) ? { status: 401 } : forbidden);
    const made = testConnection({ destination: checked ? withCheck(limits) : acme({}, limits), script });
    await made.deliver(tracks(100));
    revoked = true;
    const before = made.vendor.requests.length;
    const outcomes = await made.deliver(Array.from({ length: 400 }, (__, n) => track(`f${n}`)));
    expect(new Set(kinds(outcomes))).not.toContain('rejected');
    expect(kinds(outcomes).filter((kind) => kind === 'suspended').length).toBeGreaterThanOrEqual(
      limits === lone ? 330 : 390,
    );
    expect(made.vendor.requests.length - before).toBeLessThanOrEqual(limits === lone ? 70 : 10);
    expect(made.connection.suspended()).toHaveLength(1);
  });

  it('F-09 that are revoked while a refused batch is taken apart reject nobody', async () => {
    let passed = 0;
    const script: Script = ({ ids }) => {
      if (passed >= 2 || ids.includes('e30')) return page;
      passed += 1;
      return yes;
    };
    const made = testConnection({ destination: acme({}, hundred), script });
    const outcomes = await made.deliver(tracks(100));
    expect(kinds(outcomes).filter((kind) => kind === 'rejected').length).toBeLessThanOrEqual(1);
    expect(new Set(kinds(await made.deliver(Array.from({ length: 50 }, (_, n) => track(`new${n}`)))))).toEqual(
      new Set(['deferred', 'suspended']),
    );
    expect(made.connection.suspended()).toHaveLength(1);
    expect(made.vendor.requests.length).toBeLessThanOrEqual(40);
  });

  it('F-09 of a 401 suspend as ever, and a row that matches the message decides first', async () => {
    const means = decide('reject', 'vendor_rejected', 'this event is not wanted');
    const destination = acme(
      { response: { ...errorTable({ rows: [{ status: [401, 403], body: /not wanted/, means }] }) } },
      lone,
    );
    const made = testConnection({
      destination,
      script: ({ ids }) =>
        ids[0] === 'a' ? { status: 403, body: 'not wanted' } : ids[0] === 'b' ? { status: 401, body: '<p>no' } : yes,
    });
    expect(codes(await made.deliver([track('a'), track('c')]))).toEqual(['rejected: vendor_rejected', 'delivered']);
    expect(codes(await made.deliver([track('b')]))).toEqual(['suspended: unauthorized']);
  });
});

describe('F-09 while it is open whose fault it is', () => {
  it('F-09 nothing else starts, in any call, and a pass of what was on its way ends it', async () => {
    let answerSlowly: (() => void) | undefined;
    const script: Script = ({ ids }) =>
      ids[0] === 'slow'
        ? new Promise<LateReply>((resolve) => {
            answerSlowly = () => resolve(yes);
          })
        : ids[0] === 'bad'
          ? page
          : yes;
    const { connection, clock, vendor } = testConnection({ destination: acme({}, lone), script });
    const slow = connection.deliver([track('slow')]);
    await clock.settle();
    expect(codes(await clock.run(connection.deliver([track('bad')])))).toEqual(['deferred: unauthorized']);
    const others = connection.deliver(tracks(10));
    await clock.settle();
    expect(vendor.requests).toHaveLength(2);
    answerSlowly?.();
    expect(kinds(await clock.run(Promise.all([slow, others]).then((all) => all.flat())))).toEqual(
      Array(11).fill('delivered'),
    );
    expect(vendor.mostOpen).toBeGreaterThan(4);
  });

  it('F-09 an event that is refused alone twice counts once, and is rejected as soon as another one passes', async () => {
    const made = testConnection({ destination: acme({}, lone), script: firewall(new Set(['bad'])) });
    for (let n = 0; n < 3; n++) expect(codes(await made.deliver([track('bad')]))).toEqual(['deferred: unauthorized']);
    expect(kinds(await made.deliver([track('good')]))).toEqual(['delivered']);
    expect(await made.deliver([track('bad')])).toMatchObject([
      { kind: 'rejected', reason: { code: 'vendor_rejected', status: 403 } },
    ]);
  });

  it.each(['stopped', 'closed', 'late'])(
    'F-09 a call that is %s is settled, and leaves the connection open',
    async (how) => {
      let slow = true;
      const script: Script = (seen, position) => {
        if (position > 0 && slow)
          return new Promise<LateReply>((resolve) => clock.after(1_000, () => resolve({ status: 503 })));
        return seen.ids.includes('e1') ? page : yes;
      };
      const { connection, clock } = testConnection({ destination: acme({}, hundred), script });
      const stop = new AbortController();
      const outcomes = connection.deliver(tracks(20), { signal: stop.signal, withinMs: how === 'late' ? 500 : 5_000 });
      await clock.settle();
      if (how === 'stopped') stop.abort();
      const closing = how === 'closed' ? connection.close() : undefined;
      expect(await clock.run(outcomes)).toHaveLength(20);
      await closing;
      slow = false;
      if (how !== 'closed') expect(kinds(await clock.run(connection.deliver([track('later')])))).toEqual(['delivered']);
    },
  );

  it('F-09 an event sent alone that is neither accepted nor refused ends the inquiry: the others do not wait', async () => {
    let down = true;
    const script: Script = ({ ids }) =>
      ids.length > 1 && down ? page : down && ids[0] !== 'other' ? { status: 503 } : yes;
    const { connection, clock, vendor } = testConnection({ destination: acme({}, hundred), script });
    const outcomes = connection.deliver(tracks(20));
    await clock.settle();
    const other = connection.deliver([track('other')]);
    await clock.settle();
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual([20, 1, 1]);
    expect(kinds(await other)).toEqual(['delivered']);
    down = false;
    expect(kinds(await clock.run(outcomes))).toEqual(Array(20).fill('delivered'));
  });

  it('F-09 what a vendor only checked has passed, too: the others leave side by side again', async () => {
    const readReply = (
      { response: { status } }: { response: { status: number } },
      { items }: { items: readonly unknown[] },
    ) => (status === 200 ? items.map(() => decide('skip', 'validated_only', 'only checked')) : undefined);
    const destination = acme({ response: { ...errorTable(), readReply } as never }, lone);
    const made = testConnection({ destination, script: firewall(new Set(['bad'])) });
    expect(codes(await made.deliver([track('bad')]))).toEqual(['deferred: unauthorized']);
    expect(new Set(kinds(await made.deliver(tracks(40))))).toEqual(new Set(['skipped']));
    expect(made.vendor.mostOpen).toBeGreaterThan(4);
    expect(codes(await made.deliver([track('bad')]))).toEqual(['rejected: vendor_rejected']);
  });

  it('F-09 a check that gets no answer takes no longer than the call, and is asked again in the next', async () => {
    const script: Script = (seen, position) =>
      !isCheck(seen) ? page : position < 2 ? { fault: 'silence' } : { status: 401 };
    const { vendor, connection } = testConnection({
      destination: withCheck(hundred),
      script,
      runtime: { now: undefined, sleep: undefined },
    } as never);
    const startedAt = performance.now();
    expect(new Set(codes(await connection.deliver(tracks(20), { withinMs: 300 })))).toEqual(
      new Set(['deferred: unauthorized']),
    );
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(vendor.requests).toHaveLength(2);
    expect(new Set(kinds(await connection.deliver(tracks(20))))).toEqual(new Set(['suspended']));
  });

  it('F-09 an event that the vendor may have is neither rejected nor suspended', async () => {
    const readReply = (
      { response: { status } }: { response: { status: number } },
      { items }: { items: readonly unknown[] },
    ) =>
      status === 200
        ? items.map((_, n) =>
            n === 0 ? accept() : decide('isolate', 'vendor_rejected', 'names nobody', { ambiguous: true }),
          )
        : undefined;
    const destination = acme({ response: { ...errorTable(), readReply } as never }, hundred);
    const made = testConnection({ destination, script: (_, position) => (position === 0 ? yes : page) });
    const outcomes = await made.deliver(tracks(6));
    expect(new Set(codes(outcomes.slice(1)))).toEqual(new Set(['deferred: ambiguous_delivery']));
  });
});

describe('F-09 a firewall that is quicker than the vendor behind it', () => {
  const slowly = (bad: ReadonlySet<string>): Script => {
    return ({ ids }) =>
      ids.some((id) => bad.has(id)) ? page : new Promise<LateReply>((resolve) => clock().after(20, () => resolve(yes)));
  };
  let made: ReturnType<typeof testConnection>;
  const clock = () => made.clock;
  const wide = { ...hundred, pace: { concurrency: 8, timeoutMs: 10_000 } };

  it.each([10, 20, 33])('F-09 keeps no healthy event of a batch with %i others waiting', async (count) => {
    const bad = spreadOver(count);
    made = testConnection({ destination: acme({}, wide), script: slowly(bad) });
    const outcomes = await made.deliver(tracks(100));
    expect(outcomes.filter(({ eventId, kind }) => kind !== 'delivered' && !bad.has(eventId))).toEqual([]);
    expect(made.vendor.requests.length).toBeLessThanOrEqual(20 * count);
  });

  it('F-09 is asked once about a batch of returned events, not event by event, and ever more rarely', async () => {
    const bad = spreadOver(33);
    made = testConnection({ destination: acme({}, wide), script: slowly(bad), random: () => 1 });
    let outcomes = await made.deliver(tracks(100));
    const waits: number[] = [];
    let sent = 0;
    for (let round = 0; round < 6; round += 1) {
      const back = tracks(100).filter((_, n) => bad.has(`e${n}`) && outcomes.some(comesBackAs(`e${n}`)));
      sent = made.vendor.requests.length;
      outcomes = await made.deliver(back);
      const [first] = outcomes.filter(({ kind }) => kind === 'deferred');
      waits.push(Date.parse((first?.kind === 'deferred' && first.retryAt) || '') - made.clock.now());
      await made.clock.advance(60_000);
    }
    expect(made.vendor.requests.length - sent).toBe(1);
    expect(waits.slice(1).every((wait, n) => wait > (waits[n] ?? 0))).toBe(true);
    expect(made.connection.suspended()).toEqual([]);
  });

  it('F-09 sends the new events of a refused batch first, apart from those that came back', async () => {
    const bad = spreadOver(10);
    made = testConnection({ destination: acme({}, wide), script: slowly(bad) });
    const first = await made.deliver(tracks(100));
    const back = tracks(100).filter((_, n) => first.some(comesBackAs(`e${n}`)));
    expect(back.length).toBeGreaterThan(1);
    const before = made.vendor.requests.length;
    const fresh = Array.from({ length: 90 }, (_, n) => track(`new${n}`));
    expect(kinds((await made.deliver([...back, ...fresh])).slice(back.length))).toEqual(Array(90).fill('delivered'));
    const withFresh = made.vendor.requests.slice(before).filter(({ ids }) => ids.some((id) => id.startsWith('new')));
    expect(withFresh.map(({ ids }) => ids.length)).toEqual([back.length + 90, 1, 89]);
  });

  it('F-09 that refuses the head of every lane keeps none of them for ever, though nobody else comes', async () => {
    // In the first lane, the next one is as bad: what goes on once the first is rejected tells nothing.
    const bad = new Set(Array.from({ length: 11 }, (_, n) => `e${n}`));
    made = testConnection({ destination: acme({}, lone), script: slowly(bad) });
    const inLanes = tracks(40, (n) => ({ lane: `d${n % 10}`, at: n }));
    const first = made.connection.deliver(inLanes);
    await made.clock.settle();
    expect(kinds(await made.deliver([track('other'), track('another')]))).toEqual(['delivered', 'delivered']);
    expect(new Set(kinds(await made.clock.run(first)))).toEqual(new Set(['deferred']));
    let left = inLanes;
    const last = new Map<string, string>();
    for (let round = 0; round < 30 && left.length > 0; round += 1) {
      const outcomes = await made.deliver(left);
      outcomes.forEach(({ eventId, kind }) => last.set(eventId, kind));
      left = left.filter((_, n) => outcomes[n]?.kind === 'deferred');
      await made.clock.advance(60_000);
    }
    expect([...last].filter(([id, kind]) => kind !== (bad.has(id) ? 'rejected' : 'delivered'))).toEqual([]);
    expect(made.connection.suspended()).toEqual([]);
  });
});

const comesBackAs =
  (id: string) =>
  ({ eventId, kind }: Outcome): boolean =>
    eventId === id && kind === 'deferred';
