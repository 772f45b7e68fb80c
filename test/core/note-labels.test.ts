import { describe, expect, it } from '@jest/globals';
import { payload, type Note } from '../../core/index.ts';
import { NoteLabels } from '../../core/runtime/sending/note-labels.ts';
import { acme, testConnection, tracks } from '../support/runtime/test-connection.ts';

describe('the label of a note', () => {
  it.each([
    ['context.device.advertisingId', 'context.device.advertisingId'],
    ['properties.revenue', 'properties.revenue'],
    ['properties.products[3].price', 'properties.products[]'],
    ['properties.products.price', 'properties.products'],
    ['events[0].data[12].name', 'events[].data[].name'],
    ['context.traits.address.city', 'context.traits.address'],
    ['traits.any.thing', 'traits.any'],
    ['properties.a\nb.c', 'properties.a\nb'],
    [`properties.${'x'.repeat(80)}`, 'other'],
  ])('of %j is %j', (path, label) => {
    expect(new NoteLabels().of(path)).toBe(label);
  });

  it('is one of 101 for the notes of a connection, whatever its properties are called', async () => {
    const notes: Note[] = Array.from({ length: 300 }, (_, n) => ({
      code: 'dropped',
      field: `properties.name-${n}[${n}]`,
      message: 'Acme does not take it',
    }));
    const destination = acme({
      transform: ({ messageId = '' }) => payload({ id: messageId ?? '' }, {}, notes),
    });
    const { deliver, signals } = testConnection({ destination });
    await deliver(tracks(2));
    const labels = signals.flatMap((signal) => (signal.kind === 'event_noted' ? [signal.field] : []));
    expect(labels.length).toBeGreaterThan(101);
    expect(new Set(labels).size).toBeLessThanOrEqual(101);
    expect(labels).toContain('properties.name-0[]');
    expect(labels).toContain('other');
  });
});
