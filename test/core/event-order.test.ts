import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventTime, payload, propertiesOf, type CdpEvent, type EventOrText } from '../../core/index.ts';
import { positionsByTime } from '../../core/runtime/event-order.ts';
import { eventIn } from '../../core/runtime/intake/event-text.ts';
import { yes } from '../support/runtime/scripted-vendor.ts';
import { acme, codes, kinds, testConnection, track, type TrackOptions } from '../support/runtime/test-connection.ts';

const start = Date.parse('2026-01-15T12:00:00.000Z');
const timeAt = (second: number): string => new Date(start + second * 1000).toISOString();
const eventAt = (second: number): CdpEvent => ({ ...track(`e${second}`), timestamp: timeAt(second) });

describe('the order of events by their times', () => {
  it('is that of the input for those that are in order, and keeps ties', async () => {
    expect(await positionsByTime([1, 2, 2, 3].map(eventAt))).toEqual(Uint32Array.of(0, 1, 2, 3));
    expect(await positionsByTime([3, 1, 2, 1].map(eventAt))).toEqual(Uint32Array.of(1, 3, 2, 0));
  });

  it.each<[string, unknown]>([
    ['without a time', track('e')],
    ['whose time is none', { ...track('e'), timestamp: 'yesterday' }],
    ['that is no object', null],
    ['whose text is no JSON', 'timestamp'],
    ['that is a revoked proxy', revoked()],
  ])('has an event %s before all others', async (_, odd) => {
    expect(await positionsByTime([eventAt(1), odd, eventAt(0)])).toEqual(Uint32Array.of(1, 2, 0));
  });

  it.each<[string, unknown]>([
    ['a Date', new Date(start + 1000)],
    ['a number', start + 1000],
    ['digits', String(start + 1000)],
  ])('reads a time that is %s', async (_, timestamp) => {
    const odd = { ...track('e'), timestamp };
    expect(await positionsByTime([eventAt(2), odd, eventAt(0)])).toEqual(Uint32Array.of(2, 1, 0));
  });

  it('is not known beside a time with U+0000, which intake takes out of it', async () => {
    expect(await positionsByTime([{ ...track('e'), timestamp: `\0${timeAt(1)}` }])).toBeUndefined();
  });

  it.each([
    ['first', `{"timestamp":"${timeAt(9)}","context":{"a":1}}`, 9],
    ['last', `{"context":{"a":{"b":[1]}},"timestamp":"${timeAt(9)}","type":"track","version":2}`, 9],
    ['with spaces', `{"type": "track", "timestamp": "${timeAt(9)}", "context": {}}`, 9],
    ['in the middle', `{"context":{},"timestamp":"${timeAt(9)}","properties":{}}`, 9],
    ['in an object, too', `{"timestamp":"${timeAt(9)}","properties":{"timestamp":"${timeAt(1)}"}}`, 9],
    ['in an object alone', `{"sentAt":"${timeAt(9)}","properties":{"timestamp":"${timeAt(1)}"}}`, 9],
    ['in an object at the end', `{"sentAt":"${timeAt(9)}","a":{"b":{"timestamp":"${timeAt(1)}"}}}`, 9],
    ['twice', `{"timestamp":"${timeAt(1)}","timestamp":"${timeAt(9)}"}`, 9],
    ['once more by an escape', String.raw`{"timestamp":"${timeAt(1)}","\u0074imestamp":"${timeAt(9)}"}`, 9],
    ['in a text', String.raw`{"a":"{\"timestamp\":\"${timeAt(1)}\"}","sentAt":"${timeAt(9)}"}`, 9],
    ['as the end of a name', String.raw`{"a\"timestamp":"${timeAt(1)}","sentAt":"${timeAt(9)}"}`, 9],
  ])('is read from a text that has the time %s', async (_, text, second) => {
    expect(await positionsByTime([eventAt(second + 1), text, eventAt(second - 1)])).toEqual(Uint32Array.of(2, 1, 0));
    const ties = [eventAt(second), text, eventAt(second)];
    expect(await positionsByTime(ties)).toEqual(Uint32Array.of(0, 1, 2));
  });

  it('is the one of eventTime() for whatever texts there are', async () => {
    const times = fc.constantFrom('timestamp', 'sentAt', 'a', 'context', String.raw`x"timestamp`);
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, fc.nat(9).map(timeAt), fc.string(), fc.nat(), fc.dictionary(times, tie('any'))),
    })).any;
    const inputs = fc.array(
      fc.dictionary(times, value).map((event) => JSON.stringify(event)),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(inputs, async (texts) => {
        const positions = await positionsByTime(texts);
        const known = texts.map((text) => eventTime(eventIn(text) as CdpEvent) ?? Number.NEGATIVE_INFINITY);
        const wanted = known
          .map((_, index) => index)
          .sort((a, b) => ((known[a] as number) < (known[b] as number) ? -1 : known[a] === known[b] ? a - b : 1));
        expect([...(positions ?? [])]).toEqual(wanted);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a call of very many events with lanes', () => {
  const count = 1_500;
  let transformed = 0;
  const destination = acme(
    {
      transform(event) {
        transformed += 1;
        const { lane = '', at } = propertiesOf(event) as TrackOptions;
        return payload({ id: event.messageId ?? '' }, { lanes: [lane], occurredAt: at ?? eventTime(event) });
      },
    },
    { laneOrder: 'eventTime', limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } },
  );
  /** Each lane backwards in time, but for every third event. */
  const events = Array.from({ length: count }, (_, n) => ({
    ...track(`e${n}`, { lane: `device ${n % 7}` }),
    timestamp: timeAt(n % 3 === 0 ? n : count - n),
  }));

  it.each<[string, readonly EventOrText[]]>([
    ['events', events],
    ['texts', events.map((event) => JSON.stringify(event))],
    ['events with a time that only intake reads', [...events, { ...track('odd'), timestamp: `\0${timeAt(0)}` }]],
  ])('of %s leaves lane by lane in order of time, and has its outcomes by position', async (_, input) => {
    const { connection, clock, vendor } = testConnection({ destination });
    const outcomes = await clock.run(connection.deliver(input));
    expect(kinds(outcomes)).toEqual(Array(input.length).fill('delivered'));
    expect(outcomes.slice(0, count).map(({ eventId }) => eventId)).toEqual(events.map(({ messageId }) => messageId));
    const sent = vendor.requests.map(({ ids: [id = ''] }) => Number(id.slice(1))).filter((n) => n >= 0);
    for (let lane = 0; lane < 7; lane += 1) {
      const times = sent.filter((n) => n % 7 === lane).map((n) => events[n]?.timestamp as string);
      expect(times).toEqual(times.toSorted());
    }
  });

  it('sends the first before it transforms the last', async () => {
    transformed = 0;
    const transformedThen: number[] = [];
    const { connection, clock } = testConnection({
      destination,
      script: () => {
        transformedThen.push(transformed);
        return yes;
      },
    });
    await clock.run(connection.deliver(events));
    expect(transformedThen[0]).toBeLessThan(300);
  });

  it('rejects an event whose folder tells another time than it declares', async () => {
    const { deliver } = testConnection({ destination });
    expect(codes(await deliver([{ ...track('e1', { lane: 'a', at: 1 }), timestamp: timeAt(2) }]))).toEqual([
      'rejected: internal_error',
    ]);
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
