// Tests core/runtime/intake/prepare-payload.ts.
import { describe, expect, it } from '@jest/globals';
import { payload, reject, type CdpEvent, type IncomingEvent, type Note, type Outcome } from '../../core/index.ts';
import { acme, testConnection, track } from '../support/runtime/test-connection.ts';

const now = 1_768_478_400_000;
const notesOf = (outcome: Outcome | undefined) => (outcome?.kind === 'delivered' ? outcome.notes : outcome);

/** What an event comes back with, and what preview shows of it. */
async function noted(event: IncomingEvent, destination = acme()) {
  const { connection, clock } = testConnection({ destination, runtime: { now: () => now } });
  const preview = await connection.preview(event);
  const [outcome] = await clock.run(connection.deliver([event]));
  return { outcome, notes: notesOf(outcome), shown: preview.kind === 'request' ? preview.notes : preview };
}

describe('notes of the runtime', () => {
  it.each([
    ['timestamp', { timestamp: new Date(now + 3_600_001).toISOString() }],
    ['timestamp', { timestamp: now + 3_600_001 }],
    ['timestamp', { timestamp: '2569-01-15T11:59:00.000Z' }],
    ['originalTimestamp', { originalTimestamp: '2026-01-17T12:00:00Z' }],
    ['receivedAt', { receivedAt: new Date(now + 2 * 86_400_000) }],
  ])('F-62 say that the time of an event lies more than an hour ahead: %s of %j', async (field, time) => {
    const { notes, shown } = await noted({ ...track('a'), timestamp: undefined, ...time } as IncomingEvent);
    expect(notes).toMatchObject([{ code: 'unadvised', field }]);
    expect(shown).toEqual(notes);
  });

  it.each([
    ['an hour', new Date(now + 3_600_000).toISOString()],
    ['no time at all', undefined],
    ['the past', '1970-01-01T00:00:00Z'],
    ['what is no time', 'tomorrow'],
  ])('F-62 do not say so of %s', async (_, timestamp) => {
    const { outcome } = await noted({ ...track('a'), timestamp });
    expect(outcome).toEqual({ kind: 'delivered', eventId: 'a', attempts: 1 });
  });

  it('F-67 F-54 stand before those of the folder, which sees the event in its usual spelling', async () => {
    const seen: CdpEvent[] = [];
    const destination = acme({
      transform: (event) => {
        seen.push(event);
        const note = { code: 'truncated', field: 'event', message: 'Cut' } as const;
        return payload({ id: event.messageId ?? '' }, {}, [note]);
      },
    });
    const event = { type: 'Track', event: 'a\0', messageId: 7, userId: 2 ** 60, timestamp: now + 86_400_000 };
    const { outcome, notes, shown } = await noted(event as IncomingEvent, destination);
    expect(outcome).toMatchObject({ kind: 'delivered', eventId: '7' });
    expect(notes).toMatchObject([
      { code: 'dropped', field: 'userId' },
      { code: 'coerced', field: 'event' },
      { code: 'truncated', field: 'event' },
      { code: 'unadvised', field: 'timestamp' },
    ]);
    expect(shown).toEqual(notes);
    expect(seen[0]).toEqual({ type: 'track', event: 'a', messageId: '7', timestamp: '2026-01-16T12:00:00.000Z' });
  });

  it('F-67 never repeat a value of the event, though a key may be one', async () => {
    const { notes } = await noted({ ...track('a'), properties: { email: 'ann@example.com', 'ann@example.com': '\0' } });
    expect(JSON.stringify(notes)).not.toContain('ann@');
  });

  it('F-67 index an event once, however many they are and whatever their paths hold', async () => {
    const names = Array.from({ length: 1_500 }, (_, index) => `name-${index}-${'x'.repeat(20)}`);
    const destination = acme({
      transform: ({ messageId }) => {
        const note = { code: 'dropped', message: 'Not sent' } as const;
        const own = names.slice(0, 150).map((name) => ({ ...note, field: `properties.${name}` }));
        return payload({ id: messageId ?? '' }, {}, own);
      },
    });
    const { connection, clock } = testConnection({ destination });
    const properties = Object.fromEntries(names.map((name, index) => [name, `value ${index} of this event`]));
    const startedAt = performance.now();
    const [outcome] = await clock.run(connection.deliver([{ ...track('a'), properties }]));
    expect(performance.now() - startedAt).toBeLessThan(400);
    const notes = notesOf(outcome) as readonly Note[];
    expect(notes).toHaveLength(101);
    expect(notes.at(-1)).toEqual({
      code: 'dropped',
      field: `properties.${names[100]}`,
      message: 'And 50 more notes, the first of them: Not sent',
    });
  });

  it('F-67 show so much of a path, and no value in it', async () => {
    const name = `${'n'.repeat(250)} ann@example.com ${'n'.repeat(10_000)}`;
    const destination = acme({
      transform: ({ messageId }) =>
        payload({ id: messageId ?? '' }, {}, [{ code: 'dropped', field: name, message: 'Not sent' }]),
    });
    const { notes } = await noted(
      { ...track('a'), properties: { email: 'ann@example.com', [name]: '\0' } },
      destination,
    );
    const paths = (notes as readonly Note[]).map(({ field }) => field);
    expect(paths).toEqual([
      expect.stringMatching(/^properties\.n+ \*{3} n+…$/),
      expect.stringMatching(/^n+ \*{3} n+…$/),
    ]);
    expect(paths.every((field) => field.length <= 300)).toBe(true);
    const refusing = acme({ transform: () => reject('invalid_value', 'No', name) });
    const { outcome } = await noted(track('b'), refusing);
    expect(outcome).toMatchObject({ kind: 'rejected', reason: { field: expect.stringMatching(/^n+ \*{3} n+…$/) } });
  });

  it('F-32 are left out of an outcome where a folder gives an empty list of them', async () => {
    const destination = acme({ transform: ({ messageId }) => payload({ id: messageId ?? '' }, {}, []) });
    const { outcome } = await noted(track('a'), destination);
    expect(outcome).toEqual({ kind: 'delivered', eventId: 'a', attempts: 1 });
  });

  it('are read by routeOf() and stream() as by deliver()', async () => {
    const { connection, clock } = testConnection();
    const odd = { ...track('a', { lane: 'l' }), type: 'TRACK', messageId: 9 } as IncomingEvent;
    expect(connection.routeOf(odd)).toEqual({ kind: 'payload', lanes: ['l'] });
    expect(connection.routeOf({ type: 'merge', messageId: 9 })).toMatchObject({ kind: 'skipped', eventId: '9' });
    const settled: unknown[] = [];
    await clock.run(
      (async () => {
        for await (const one of connection.stream([odd])) settled.push(one.outcome);
      })(),
    );
    expect(settled).toEqual([{ kind: 'delivered', eventId: '9', attempts: 1 }]);
  });
});
