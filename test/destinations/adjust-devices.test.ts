import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRuntime, type CdpEvent, type Connection, type Outcome, type Signal } from '../../core/index.ts';
import { everyFault, startAdjust } from '../../core/testing/simulators/index.ts';
import adjust from '../../destinations/adjust/index.ts';
import { createLeapingClock } from '../support/host/clock.ts';
import { inProcess } from '../support/host/in-process.ts';

const start = Date.parse('2026-01-15T12:00:00.000Z');
const config = {
  appToken: 'app0',
  environment: 'sandbox',
  eventTokens: { 'Order Completed': 'purch1', 'Trial Started': 'trial1' },
  callbackParams: ['message_id'],
};

/** One of three identifiers that the event does not name, so that any two events of a device have one in common. */
type Missing = 'none' | 'adid' | 'idfv' | 'idfa';
interface Made {
  readonly device: number;
  readonly missing: Missing;
  readonly second: number;
  readonly isTrial: boolean;
}

function eventOf({ device, missing, second, isTrial }: Made, index: number): CdpEvent {
  const end = String(device).padStart(12, '0');
  const ids = { id: `A1B2C3D4-0000-4789-8ABC-${end}`, advertisingId: `C0FFEE00-0000-4C3D-8E4F-${end}` };
  const { id, advertisingId } = ids;
  return {
    type: 'track',
    event: isTrial ? 'Trial Started' : 'Order Completed',
    messageId: `m-${index}`,
    timestamp: new Date(start - 600_000 + second * 1000).toISOString(),
    properties: { revenue: 5, currency: 'EUR', message_id: `m-${index}` },
    context: {
      device: {
        type: 'ios',
        ...(missing === 'idfv' ? {} : { id }),
        ...(missing === 'idfa' ? {} : { advertisingId }),
      },
      ...(missing === 'adid' ? {} : { adjust: { adid: `00112233445566778899${end}` } }),
    },
  } as CdpEvent;
}

const ways: Readonly<Record<string, (connection: Connection, events: readonly CdpEvent[]) => Promise<Outcome[]>>> = {
  'deliver()': async (connection, events) => [...(await connection.deliver(events))],
  async 'stream()'(connection, events) {
    const outcomes: Outcome[] = [];
    for await (const { index, outcome } of connection.stream(events)) outcomes[index] = outcome;
    return outcomes;
  },
};

describe.each(Object.keys(ways))('F-70 ADJUST-31 ADJUST-34 ADJUST-73 %s to an Adjust with faults', (way) => {
  it('brings the events of a device in order, whichever of its identifiers they name, and each once', async () => {
    const made = fc.record<Made>({
      device: fc.nat(3),
      missing: fc.constantFrom('none', 'adid', 'idfv', 'idfa'),
      second: fc.nat(300),
      isTrial: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(made, { minLength: 20, maxLength: 60 }),
        fc.nat(1_000),
        fc.constantFrom(0, 0.3, 0.6),
        async (all, seed, rate) => {
          const signals: Signal[] = [];
          const clock = createLeapingClock({ start, random: () => 0.5 });
          const inside = inProcess(clock);
          const vendor = await startAdjust({
            appToken: config.appToken,
            eventTokens: Object.values(config.eventTokens),
            faults: { rate, weights: { ...everyFault, 'undocumented-2xx': 0 }, retryAfterSeconds: 5 },
            seed,
            now: clock.now,
            transport: inside.transport,
            latencyMs: 20,
          });
          const runtime = createRuntime({
            destinations: [adjust],
            origins: { adjust: vendor.origin },
            dispatcher: () => inside.dispatcher,
            now: clock.now,
            sleep: clock.sleep,
            random: clock.random,
            onSignal(signal) {
              clock.stir();
              signals.push(signal);
            },
          });
          const opened = runtime.open(adjust, config);
          if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
          const deliver = ways[way] as (typeof ways)[string];

          const events = all.map(eventOf);
          const final = new Map<string, Outcome>();
          let open = events;
          for (let round = 0; round < 30 && open.length > 0; round += 1) {
            const outcomes = await clock.run(deliver(opened.connection, open));
            expect(outcomes.map(({ eventId }) => eventId)).toEqual(open.map(({ messageId }) => messageId));
            for (const outcome of outcomes) if (outcome.kind !== 'deferred') final.set(outcome.eventId, outcome);
            open = open.filter((_, index) => outcomes[index]?.kind === 'deferred');
            await clock.run(clock.sleep(60_000));
          }
          await clock.run(runtime.close());

          expect(open).toEqual([]);
          expect(final.size).toBe(events.length);
          expect(new Set([...final.values()].map(({ kind }) => kind).filter((kind) => kind !== 'unknown'))).toEqual(
            new Set(['delivered']),
          );
          expect(vendor.ledger.orderViolations()).toBe(0);
          expect(vendor.ledger.duplicates()).toBe(0);
          expect(signals.filter(({ kind }) => kind === 'defect' || kind === 'conservation_broken')).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);
});
