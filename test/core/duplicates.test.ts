import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CdpEvent, Connection, Outcome, Settled } from '../../core/index.ts';
import { createDuplicates } from '../../core/runtime/intake/duplicates.ts';
import { inTurn, yes, type ScriptedReply } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  codes,
  defects,
  track,
  tracks,
  type TestConnection,
} from '../support/runtime/test-connection.ts';

const limits = { maxItems: 10, maxBytes: 10_000, maxAgeMs: 1_000 };
const harmful = (maxItems = 10) => acme({}, { replay: 'harmful', limits: { ...limits, maxItems } });

/** What became of one record of a host that hands back to the same stream whatever came back. */
interface Kept {
  readonly event: CdpEvent;
  outcomes: Outcome[];
}

/**
 * Streams the events in one stream; what comes back deferred or suspended is put into it again, when its time has come, until
 * it is settled. A suspended connection is resumed.
 */
async function untilSettled(
  connection: Connection,
  clock: TestConnection['clock'],
  events: readonly CdpEvent[],
  window: number,
) {
  const records: Kept[] = events.map((event) => ({ event, outcomes: [] }));
  const inStream: Kept[] = [];
  const waiting: Kept[] = [...records];
  let open = records.length;
  let wake = (): void => undefined;
  async function* source() {
    while (open > 0) {
      const next = waiting.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      inStream.push(next);
      yield next.event;
    }
  }
  const heard = ({ index, outcome }: Settled): void => {
    const record = inStream[index] as Kept;
    record.outcomes.push(outcome);
    if (outcome.kind === 'suspended') connection.resume();
    if (outcome.kind !== 'deferred' && outcome.kind !== 'suspended') open -= 1;
    else {
      const at = outcome.kind === 'deferred' ? Date.parse(outcome.retryAt ?? '') : clock.now();
      clock.after(Math.max(400, at - clock.now()), () => {
        waiting.push(record);
        wake();
      });
    }
    wake();
  };
  const reading = (async () => {
    for await (const one of connection.stream(source(), { window, withinMs: 5_000 })) heard(one);
  })();
  await clock.run(reading);
  return records;
}

describe('an event that is put into the same stream again', () => {
  it('F-01 is sent when it came back deferred', async () => {
    const { connection, clock, vendor } = testConnection({
      destination: harmful(1),
      script: async () => {
        await clock.sleep(50);
        return yes;
      },
    });
    // One busy device: most of its events are turned away at first.
    const events = tracks(150, (n) => ({ lane: 'busy', at: n }));
    const records = await untilSettled(connection, clock, events, 80);
    expect(records.flatMap(({ outcomes }) => codes(outcomes)).filter((code) => code !== 'delivered')).not.toEqual([]);
    expect(new Set(records.map(({ outcomes }) => codes(outcomes).at(-1)))).toEqual(new Set(['delivered']));
    expect(vendor.requests.flatMap(({ ids }) => ids).toSorted()).toEqual(
      events.map(({ messageId }) => messageId ?? '').toSorted(),
    );
  }, 20_000);

  it('F-01 is sent when its connection was suspended, and then resumed', async () => {
    const { connection, clock, vendor } = testConnection({
      destination: harmful(),
      script: inTurn({ status: 401 }),
    });
    const records = await untilSettled(connection, clock, tracks(30), 100);
    expect(new Set(records.map(({ outcomes }) => codes(outcomes).at(-1)))).toEqual(new Set(['delivered']));
    expect(records.some(({ outcomes }) => outcomes[0]?.kind === 'suspended')).toBe(true);
    expect(new Set(vendor.requests.slice(1).flatMap(({ ids }) => ids)).size).toBe(30);
  });

  it('F-01 is judged anew when it was rejected', async () => {
    const { stream, vendor } = testConnection({ destination: harmful(1), script: inTurn({ status: 400 }) });
    async function* events() {
      yield track('a', { pad: 'wrong' });
      while (vendor.total === 0) await new Promise((resolve) => void setImmediate(resolve));
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => void setImmediate(resolve));
      yield track('a', { pad: 'mended' });
    }
    const settled = await stream(events(), { window: 4 });
    expect(codes(settled.map(({ outcome }) => outcome))).toEqual(['rejected: vendor_rejected', 'delivered']);
  });

  it('F-01 is not sent again once it was delivered or may have been', async () => {
    for (const [answer, first] of [
      [yes, 'delivered'],
      [{ fault: 'reset' }, 'unknown: ambiguous_delivery'],
    ] as const) {
      const { stream, vendor } = testConnection({ destination: harmful(1), script: inTurn(answer) });
      async function* events() {
        yield track('a');
        while (vendor.total === 0 || vendor.open > 0) await new Promise((resolve) => void setImmediate(resolve));
        yield track('a');
      }
      const settled = await stream(events());
      expect(codes(settled.map(({ outcome }) => outcome))).toEqual([first, 'skipped: duplicate_event']);
      expect(vendor.total).toBe(1);
    }
  });

  it.each(['null', 'undefined', '(null)', '00000000-0000-0000-0000-000000000000', ' '])(
    'F-52 is not seen in a second event whose messageId is %j as well: both are sent',
    async (messageId) => {
      const { deliver, vendor } = testConnection({ destination: harmful(1) });
      const outcomes = await deliver([
        { ...track('a'), messageId },
        { ...track('b'), messageId },
      ]);
      expect(outcomes).toMatchObject([
        { kind: 'delivered', eventId: messageId },
        { kind: 'delivered', eventId: messageId },
      ]);
      expect(vendor.total).toBe(2);
    },
  );

  it('F-54 is seen in a messageId that is a number here and text there, and each keeps its own', async () => {
    const { deliver } = testConnection({ destination: harmful(1), script: () => ({ status: 401 }) });
    const outcomes = await deliver([
      { ...track('a'), messageId: ' 42' },
      { ...track('a'), messageId: 42 as never },
    ]);
    expect(outcomes).toMatchObject([
      { kind: 'suspended', eventId: ' 42' },
      { kind: 'suspended', eventId: '42' },
    ]);
  });

  it('F-01 is never lost, whatever the vendor answers and the host hands over twice', async () => {
    const answers: readonly ScriptedReply[] = [
      yes,
      { status: 503 },
      { status: 429, headers: { 'retry-after': '2' } },
      { status: 401 },
      { fault: 'reset' },
      { fault: 'refused' },
    ];
    const runs = fc.record({
      script: fc.array(fc.constantFrom(...answers), { maxLength: 30 }),
      window: fc.integer({ min: 1, max: 40 }),
      count: fc.integer({ min: 1, max: 80 }),
      copies: fc.integer({ min: 0, max: 10 }),
      lanes: fc.option(fc.integer({ min: 1, max: 4 })),
      maxItems: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ script, window, count, copies, lanes, maxItems }) => {
        const { connection, clock, vendor, signals } = testConnection({
          destination: harmful(maxItems),
          connection: { retry: { attempts: 2 } },
        });
        const taken = new Set<string>();
        const may = new Set<string>();
        const twice: string[] = [];
        vendor.untilConnected = () => clock.sleep(20);
        vendor.script = (request, position) => {
          const answer = inTurn(...script)(request, position);
          for (const id of request.ids) {
            if (answer === yes) {
              if (taken.has(id) || may.has(id)) twice.push(id);
              taken.add(id);
            }
            if ('fault' in answer && answer.fault === 'reset') may.add(id);
          }
          return answer;
        };
        const all = tracks(count, (n) => (lanes === null ? {} : { lane: `l${n % lanes}`, at: n }));
        const records = await untilSettled(connection, clock, [...all, ...all.slice(0, copies)], window);
        for (const { event, outcomes } of records) {
          const id = event.messageId ?? '';
          const last = codes(outcomes).at(-1);
          expect(['delivered', 'skipped: duplicate_event', 'unknown: ambiguous_delivery']).toContain(last);
          expect(taken.has(id) || may.has(id)).toBe(true);
        }
        // Copies that come a window later may go again; what the host puts back may not.
        if (copies === 0) expect(twice).toEqual([]);
        expect(defects(signals)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe('two copies of an event in one call', () => {
  it('F-01 have one fate: what comes back does so with both, so that no host acknowledges it', async () => {
    const { deliver } = testConnection({
      destination: harmful(1),
      script: () => ({ status: 503 }),
      connection: { retry: { attempts: 1 } },
    });
    const outcomes = await deliver([track('a'), track('b'), track('a')]);
    expect(codes(outcomes)).toEqual(Array(3).fill('deferred: vendor_unavailable'));
    expect(outcomes[2]).toEqual(outcomes[0]);
  });

  it('F-01 are suspended together', async () => {
    const { deliver } = testConnection({ destination: harmful(1), script: () => ({ status: 401 }) });
    expect(codes(await deliver([track('a'), track('a')]))).toEqual(Array(2).fill('suspended: unauthorized'));
  });

  it('F-01 do not share a refusal, which was about the first alone', async () => {
    const { deliver } = testConnection({ destination: harmful(1), script: () => ({ status: 400 }) });
    const outcomes = await deliver([track('a'), track('a')]);
    expect(codes(outcomes)).toEqual(['rejected: vendor_rejected', 'deferred: held_back']);
  });

  it('F-01 the second waits in a full window for the first', async () => {
    const { stream, vendor } = testConnection({ destination: harmful() });
    const settled = await stream([track('a'), track('a'), track('a'), track('b')], { window: 3 });
    const outcomes = settled.toSorted((a, b) => a.index - b.index).map(({ outcome }) => outcome);
    expect(codes(outcomes)).toEqual(['delivered', 'skipped: duplicate_event', 'skipped: duplicate_event', 'delivered']);
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['a', 'b']);
  });
});

describe('the ids that are remembered', () => {
  it('F-01 are those on their way, however many came since, and the last so many that were settled', () => {
    const ids = createDuplicates(2);
    const take = (id: string, index: number) => ids.take(id, index, id, index);
    expect(take('slow', 0)).toBe('new');
    for (const id of ['b', 'c', 'd']) {
      expect(take(id, 1)).toBe('new');
      ids.settle(id, true);
    }
    expect(take('slow', 4)).toBe('twin');
    expect(take('d', 5)).toBe('settled');
    expect(take('b', 6)).toBe('new');
    expect(ids.settle('slow', true)).toEqual([{ index: 4, eventId: 'slow', takenAt: 4 }]);
    expect(take('slow', 7)).toBe('new');
  });

  it('F-01 are forgotten when the event comes back, and not by an older turn of the same event', () => {
    const ids = createDuplicates(2);
    const take = (id: string, index: number) => ids.take(id, index, id, index);
    take('a', 0);
    ids.settle('a', false);
    expect(take('a', 1)).toBe('new');
    ids.settle('a', true);
    expect(take('b', 2)).toBe('new');
    expect(take('a', 3)).toBe('settled');
    take('c', 4);
    expect(take('a', 5)).toBe('new');
  });
});
