// Tests core/runtime/intake/event-text.ts, and that all ways into a connection take a text.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dedupIdOf, EventAndText, eventIdOf, payload, type CdpEvent } from '../../core/index.ts';
import { exceedsLimits } from '../../core/runtime/intake/event-size.ts';
import { showsNoExcess } from '../../core/runtime/intake/event-text.ts';
import { acme, testConnection, track } from '../support/runtime/test-connection.ts';

const limits = { maxBytes: 1_000, maxDepth: 5 };
const nested = (levels: number): string => '{"a":'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1);
const withName = (event: string): string => JSON.stringify({ ...track('a'), event });

/** Events as texts: usual, odd, too large, too deep, of another shape, and no JSON. */
const texts: readonly string[] = [
  JSON.stringify(track('a')),
  `  ${JSON.stringify(track('b'), null, 2)}\n`,
  withName('x\0'),
  withName('\\u0000'),
  JSON.stringify({ ...track('c'), ['b\0']: 1 }),
  JSON.stringify({ ...track('c'), type: 'Track\0' }),
  JSON.stringify({ ...track('d'), type: 'TRACK', userId: 5, timestamp: 1_768_478_400 }),
  JSON.stringify({ ...track('e'), properties: JSON.parse(nested(63)) as object }),
  JSON.stringify({ ...track('e'), properties: JSON.parse(nested(64)) as object }),
  JSON.stringify({ ...track('f'), properties: { text: '{['.repeat(100) } }),
  JSON.stringify({ ...track('g'), properties: { list: Array.from({ length: 70 }, () => ({})) } }),
  withName('x'.repeat(300_000)),
  withName('x'.repeat(400_000)),
  withName('\u00e9'.repeat(1_000_000)),
  JSON.stringify({ type: 'track' }),
  JSON.stringify({ type: 'merge', messageId: 'h' }),
  '{"type":"track","event":"a","messageId":"i","messageId":"j","__proto__":{"b":1}}',
  'null',
  '[]',
  '7',
  '"{}"',
  JSON.stringify(JSON.stringify(track('k'))),
  '',
  ' ',
  '{',
  'track',
  '{"messageId":"l",}',
];
/** The event of a text, once; what else stands in one is no event either. */
const parsed = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? undefined : value;
  } catch {
    return undefined;
  }
};

describe('the text of an event', () => {
  /** Delivers what the host hands over, and tells what the folder saw as well. */
  async function delivered(events: readonly unknown[]) {
    const seen: CdpEvent[] = [];
    const destination = acme({
      transform(event) {
        seen.push(event);
        return payload({ id: event.messageId ?? '' });
      },
    });
    const { connection, clock } = testConnection({ destination });
    const outcomes = await clock.run(connection.deliver(events as readonly CdpEvent[]));
    return { outcomes, seen };
  }

  it('has the outcome that its event has', async () => {
    const ofTexts = await delivered(texts);
    const ofEvents = await delivered(texts.map(parsed));
    const ofBoth = await delivered(texts.map((text) => new EventAndText(parsed(text) as CdpEvent, text)));
    expect(ofTexts).toEqual(ofEvents);
    expect(ofBoth).toEqual(ofEvents);
    expect(new Set(ofTexts.outcomes.map((outcome) => outcome.kind))).toEqual(
      new Set(['delivered', 'rejected', 'skipped']),
    );
  });

  it('is taken by stream(), preview() and routeOf() as well', async () => {
    const { connection, clock } = testConnection({});
    for (const text of texts) {
      const event = parsed(text) as CdpEvent;
      const both = new EventAndText(event, text);
      expect(await connection.preview(text)).toEqual(await connection.preview(event));
      expect(await connection.preview(both)).toEqual(await connection.preview(event));
      expect(connection.routeOf(text)).toEqual(connection.routeOf(event));
      expect(connection.routeOf(both)).toEqual(connection.routeOf(event));
    }
    const settled: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const { index, outcome } of connection.stream(texts.slice(0, 2)))
        settled.push([index, outcome.kind, outcome.eventId]);
    };
    await clock.run(read());
    expect(settled).toEqual([
      [0, 'delivered', 'a'],
      [1, 'delivered', 'b'],
    ]);
  });

  it('is not parsed again where the host has parsed it, nor believed where it is no text', async () => {
    const event = { ...track('a'), userId: '9007199254740993' };
    const { seen } = await delivered([new EventAndText(event, '{"userId":9007199254740993}')]);
    expect(seen[0]).toBe(event);
    const { outcomes } = await delivered([
      new EventAndText(parsed(withName('x\0')) as CdpEvent, 7 as unknown as string),
    ]);
    expect(outcomes).toMatchObject([{ kind: 'delivered', eventId: 'a', notes: [{ field: 'event' }] }]);
  });

  it('is not quoted where it is no JSON', async () => {
    const { outcomes } = await delivered(['ann@example.com', '{"email":"ann@example.com"']);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['rejected', 'rejected']);
    expect(JSON.stringify(outcomes)).not.toContain('ann');
  });

  it('has the messageId of its event', () => {
    expect(texts.map(eventIdOf)).toEqual(texts.map((text) => eventIdOf(parsed(text))));
    expect(eventIdOf(new EventAndText(track('m-2'), '{}'))).toBe('m-2');
    expect(eventIdOf('{"messageId":" m-1"}')).toBe(' m-1');
    expect(dedupIdOf('{"messageId":" m-1"}')).toBe('m-1');
    expect(eventIdOf('"{\\"messageId\\":\\"m-1\\"}"')).toBe('');
  });

  it.each([
    ['of few brackets, however many characters say so', '{"a":"x"}', true],
    ['of as many brackets as levels are allowed', nested(5), true],
    ['of one bracket more', nested(6), false],
    ['with one of its brackets square', '{"a":[{"a":[{"a":[]}]}]}', false],
    ['with U+0000', '{"a":"\\u0000"}', false],
    ['of a quarter of the bytes', `{"a":"${'x'.repeat(242)}"}`, true],
    ['of a character more', `{"a":"${'x'.repeat(243)}"}`, false],
  ])('tells at once of an event %s', (_, text, verdict) => {
    expect(showsNoExcess(text, limits)).toBe(verdict);
  });

  it('never hides what a walk through its event finds', () => {
    const event = fc.object({
      maxDepth: 6,
      values: [fc.string(), fc.constant('a\0'), fc.boolean(), fc.constant(null), fc.double(), fc.constant(1)],
    });
    const bounds = fc.record({
      maxBytes: fc.integer({ min: 1, max: 2_000 }),
      maxDepth: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(event, bounds, (object, some) => {
        const text = JSON.stringify(object);
        if (showsNoExcess(text, some)) expect(exceedsLimits(JSON.parse(text) as object, some)).toBeUndefined();
      }),
    );
    const ones = `{"a":[${'1,'.repeat(120)}1]}`;
    expect(showsNoExcess(ones, limits)).toBe(true);
    expect(exceedsLimits(JSON.parse(ones) as object, limits)).toBeUndefined();
  });
});
