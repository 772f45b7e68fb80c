// Tests addsNoExcess() of core/runtime/intake/event-size.ts: what a mapping adds to an event, measured alone.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../core/api/index.ts';
import { addsNoExcess, exceedsLimits } from '../../core/runtime/intake/event-size.ts';
import { mostBytesIn } from '../../core/runtime/intake/event-text.ts';
import { mappingOf } from '../support/mapping/mapping-of.ts';
import { ownMembers, randomEvent, randomSide, randomTargets } from '../support/mapping/random-mappings.ts';

const limits = { maxBytes: 2_000, maxDepth: 40 };

const nested = (levels: number): JsonValue => (levels === 0 ? 1 : { a: nested(levels - 1) });

const deepTarget = (steps: number): string => Array.from({ length: steps }, (_, index) => `s${index}`).join('.');

describe('what a mapping adds to an event', () => {
  it.each<[string, readonly unknown[], boolean]>([
    ['nothing', [], true],
    ['as much as there is space for', ['x'.repeat(260)], true],
    ['more than that', ['x'.repeat(300)], false],
    ['much by several rows', ['x'.repeat(60), 'x'.repeat(60), 'x'.repeat(60), 'x'.repeat(60)], false],
    ['a list that is too long', [Array(120).fill(1)], false],
    ['what is deep', [nested(8)], true],
    ['what is too deep at the deepest target', [nested(9)], false],
    ['U+0000 in a text', ['x\0'], false],
    ['U+0000 in a name', [{ 'x\0': 1 }], false],
    ['a function', [() => 1], false],
  ])('is known to be within the limits, or is not: %s', (_, values, verdict) => {
    const writes = values.map((value) => ({ target: 'c', value: value as JsonValue }));
    expect(addsNoExcess(writes, 1_000, limits)).toBe(verdict);
  });

  it.each([
    ['is long', 'c'.repeat(300)],
    ['has U+0000 in it', 'c\0'],
  ])('counts with its target, which %s', (_, target) => {
    expect(addsNoExcess([{ target, value: 1 }], 1_000, limits)).toBe(false);
  });

  it('is measured with the rest where events may be less deep than a target', () => {
    expect(addsNoExcess([], 0, { maxBytes: 1_000, maxDepth: 32 })).toBe(true);
    expect(addsNoExcess([], 0, { maxBytes: 1_000, maxDepth: 31 })).toBe(false);
  });

  it('is never let through where a walk through all of the event finds too much', () => {
    const side = fc.oneof(
      { weight: 9, arbitrary: randomSide },
      fc.nat(12).map(nested),
      fc.constant({ '@path': '$' }),
      fc.constant('x\0'),
    );
    const target = fc.oneof(
      fc.nat(31).map((steps) => deepTarget(steps + 1)),
      fc.constant("odd['x\0']"),
    );
    const option = fc
      .tuple(randomTargets, target, fc.array(side, { minLength: 7, maxLength: 7 }))
      .map(([targets, one, sides]) => ({
        set: ownMembers([...targets, one].map((path, index) => [path, sides[index] ?? null])),
      }));
    const bounds = fc.record({
      maxBytes: fc.integer({ min: 1, max: 6_000 }),
      maxDepth: fc.integer({ min: 28, max: 46 }),
    });
    const verdicts = { sure: 0, unsure: 0, excess: 0 };
    fc.assert(
      fc.property(randomEvent, option, bounds, (event, mapping, some) => {
        const text = JSON.stringify(event);
        const parsed = JSON.parse(text) as object;
        if (exceedsLimits(parsed, some) !== undefined) return;
        const mapped = mappingOf(mapping).apply(parsed);
        const excess = exceedsLimits(mapped.event, some);
        const isSure = addsNoExcess(mapped.writes, mostBytesIn(text), some);
        if (isSure) expect(excess).toBeUndefined();
        verdicts[excess === undefined ? (isSure ? 'sure' : 'unsure') : 'excess'] += 1;
      }),
      { numRuns: 2_000 },
    );
    expect(verdicts.sure).toBeGreaterThan(200);
    expect(verdicts.excess).toBeGreaterThan(200);
  });
});
