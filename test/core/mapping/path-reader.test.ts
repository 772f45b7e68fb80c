import { describe, expect, it } from '@jest/globals';
import type { PathSteps } from '../../../core/mapping/event-path.ts';
import { pathReader } from '../../../core/mapping/path-reader.ts';

const event = JSON.parse(
  '{"a":{"b":{"c":[1,{"d":"x"},[2]]},"n":null,"zero":0,"empty":""},"0":"zero","list":["p","q"],"t":"text","__proto__":{"own":1}}',
) as object;

describe('a reader', () => {
  it.each<[PathSteps, unknown]>([
    [[], event],
    [['t'], 'text'],
    [['a', 'n'], null],
    [['a', 'zero'], 0],
    [['a', 'empty'], ''],
    [['a', 'b', 'c', 0], 1],
    [['a', 'b', 'c', 1, 'd'], 'x'],
    [['a', 'b', 'c', 2, 0], 2],
    [['a', 'b', 'c', '1', 'd'], 'x'],
    [['0'], 'zero'],
    [['list', 1], 'q'],
    [['list', '1'], 'q'],
    [['__proto__', 'own'], 1],
  ])('finds what is there: %j', (steps, value) => {
    expect(pathReader(steps)(event)).toEqual(value);
  });

  it.each<[PathSteps]>([
    [['nothing']],
    [[0]],
    [['a', 'nothing', 'at', 'all']],
    [['a', 'n', 'x']],
    [['a', 'b', 'c', 3]],
    [['list', 2]],
    [['list', '01']],
    [['list', '2']],
    [['list', 'length']],
    [['list', 'map']],
    [['a', 0]],
    [['t', 0]],
    [['t', '0']],
    [['t', 'length']],
    [['constructor']],
    [['constructor', 'name']],
    [['a', '__proto__']],
    [['a', '__proto__', 'constructor']],
    [['a', 'constructor', 'prototype']],
    [['list', '__proto__']],
    [['a', 'b', 'toString']],
    [['a', 'hasOwnProperty']],
  ])('finds nothing that is none of the event’s own: %j', (steps) => {
    expect(pathReader(steps)(event)).toBeUndefined();
  });

  it.each([undefined, null, 1, 'text', true])('finds nothing in %j', (root) => {
    for (const steps of [['a'], ['a', 'b'], ['a', 'b', 'c'], [0], ['length']])
      expect(pathReader(steps)(root)).toBeUndefined();
  });

  it('finds nothing on a prototype that somebody else has polluted', () => {
    const prototype = Object.prototype as Record<string, unknown>;
    Object.assign(prototype, { plan: 'gold', 7: 'gold' });
    try {
      for (const steps of [['plan'], ['a', 'plan'], ['list', 7], ['list', '7'], ['list', 'plan']])
        expect([steps, pathReader(steps)(event)]).toEqual([steps, undefined]);
    } finally {
      delete prototype['plan'];
      delete prototype['7'];
    }
  });

  it('finds what JSON makes of a value, as the same event has it out of a queue', () => {
    const at = new Date(0);
    const handedOver = { at, in: { at }, nan: Number.NaN, list: [Infinity] };
    for (const steps of [['at'], ['in', 'at'], ['nan'], ['list', 0]])
      expect(pathReader(steps)(handedOver)).toEqual(pathReader(steps)(JSON.parse(JSON.stringify(handedOver))));
    expect(pathReader(['at'])(handedOver)).toBe('1970-01-01T00:00:00.000Z');
  });

  it('reads objects without a prototype', () => {
    const bare = Object.assign(Object.create(null) as object, {
      a: Object.assign(Object.create(null) as object, { b: 1 }),
    });
    expect(pathReader(['a', 'b'])(bare)).toBe(1);
  });
});
