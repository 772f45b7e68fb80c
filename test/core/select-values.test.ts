import { describe, expect, it } from '@jest/globals';
import type { CdpEvent } from '../../core/api/event.ts';
import type { Trace } from '../../core/api/fields/mapping.ts';
import { payloadBuilder } from '../../core/api/fields/payload-builder.ts';
import { scalarValue } from '../../core/api/fields/property-values.ts';
import { valueSelector, type ValueSelection, type ValueSelectorOptions } from '../../core/api/fields/select-values.ts';

const vendor = 'Acme';

/** What a selection passes on of an event, the path that each came from, and the notes as `code path`. */
function select(selection: ValueSelection, event: object, options: Partial<ValueSelectorOptions> = {}) {
  const sources: string[] = [];
  const trace: Trace = { from: (field, source) => void sources.push(`${field}<${source}`), note: () => undefined };
  const out = payloadBuilder<Record<string, unknown>>({ trace }, {});
  valueSelector(selection, { vendor, as: scalarValue({ vendor }), setting: 'config.parameters', ...options })(
    event as CdpEvent,
    out,
  );
  return { sent: out.value, sources, notes: out.notes.map(({ code, field }) => `${code} ${field}`) };
}

const event = {
  type: 'track',
  event: 'Order Completed',
  messageId: 'm-1',
  context: { traits: { plan: 'gold', tags: ['a', 'b'] } },
  properties: { coupon: 'SPRING', products: [{ sku: 's-1' }], nothing: null },
};

describe('what the customer chose from anywhere in an event', () => {
  it('F-73 takes values by path, through lists by index, and constants, in the order of the setting', () => {
    const chosen = {
      plan: { from: 'context.traits.plan' },
      source: { value: 'server' },
      id: { from: 'messageId' },
      sku: { from: 'properties.products.0.sku' },
    };
    const { sent, sources, notes } = select(chosen, event);
    expect(Object.entries(sent)).toEqual([
      ['plan', 'gold'],
      ['source', 'server'],
      ['id', 'm-1'],
      ['sku', 's-1'],
    ]);
    expect(sources).toEqual([
      'plan<context.traits.plan',
      'source<config.parameters.source',
      'id<messageId',
      'sku<properties.products.0.sku',
    ]);
    expect(notes).toEqual([]);
  });

  it('F-73 finds nothing in gaps, null, inherited members and members of a text', () => {
    const paths = ['context.device.id', 'properties.nothing', 'properties.constructor', 'properties.coupon.length'];
    const traps = [...paths, 'context.__proto__', 'context.traits.tags.map', 'constructor'];
    for (const from of traps) expect(select({ a: { from } }, event).sent).toEqual({});
    expect(select({ a: { from: 'properties.b' } }, { ...event, properties: undefined }).sent).toEqual({});
  });

  it('F-52 takes a word for nothing in the place of an id for nothing, and nowhere else', () => {
    const odd = { ...event, messageId: 'None', userId: '(null)', context: { traits: { plan: 'None' } } };
    const chosen = { a: { from: 'messageId' }, b: { from: 'userId' }, c: { from: 'context.traits.plan' } };
    expect(select(chosen, odd)).toMatchObject({ sent: { c: 'None' }, notes: [] });
  });

  it('F-58 trims paths and names, in what it traces too, and gives a name once', () => {
    const chosen = { ' a\u200B': { from: '\u200Bproperties.coupon ' }, a: { value: '2' }, b: { value: '3' } };
    expect(select(chosen, event)).toEqual({
      sent: { a: 'SPRING', b: '3' },
      sources: ['a<properties.coupon', 'b<config.parameters.b'],
      notes: ['dropped config.parameters.a'],
    });
    expect(select(chosen, { type: 'track' }).sent).toEqual({ a: '2', b: '3' });
  });

  it('F-73 notes the path of what the vendor does not take, and keeps to its bounds', () => {
    const chosen = {
      tags: { from: 'context.traits.tags' },
      a: { value: '1' },
      b: { value: '2' },
      amount: { value: '3' },
    };
    expect(select(chosen, event, { most: 1, reserved: ['Amount'] })).toEqual({
      sent: { a: '1' },
      sources: ['a<config.parameters.a'],
      notes: ['dropped context.traits.tags', 'dropped config.parameters.b'],
    });
  });

  it('takes a choice among the properties as propertySelector() does', () => {
    expect(select('all', event, { notInAll: ['products'] }).sent).toEqual({ coupon: 'SPRING' });
    expect(select(['coupon', 'gone'], event).sent).toEqual({ coupon: 'SPRING' });
    expect(select({ coupon: 'gutschein' }, event)).toMatchObject({
      sent: { gutschein: 'SPRING' },
      sources: ['gutschein<properties.coupon'],
    });
    expect(select({}, event).sent).toEqual({});
  });

  it('says which option is missing', () => {
    const options = { vendor, as: scalarValue({ vendor }) } as unknown as ValueSelectorOptions;
    expect(() => valueSelector('all', options)).toThrow(/setting/);
  });
});
