import { describe, expect, it } from '@jest/globals';
import { SeqMap } from '../../core/queue/seq-map.ts';

describe('a map by sequence number', () => {
  const contentOf = (map: SeqMap<string>) => [...map.entries()].sort(([a], [b]) => a - b);

  it('holds what a Map holds, whatever is added, replaced and removed', () => {
    const map = new SeqMap<string>();
    const expected = new Map<number, string>();
    const wrong: number[] = [];
    let state = 1;
    const draw = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
    for (let step = 0; step < 8_000; step += 1) {
      // Near each other, at distances at which they share a home, and beyond 32 bits.
      const seq = draw(200) + draw(4) * 1024 + draw(2) * 2 ** 40;
      if (draw(5) < (step % 4_000 < 2_000 ? 3 : 1)) {
        map.set(seq, `${step}`);
        expected.set(seq, `${step}`);
      } else {
        map.delete(seq);
        expected.delete(seq);
      }
      const other = draw(200);
      if (map.get(other) !== expected.get(other) || map.has(seq) !== expected.has(seq)) wrong.push(step);
      if (step % 500 === 0) expect(contentOf(map)).toEqual([...expected].sort(([a], [b]) => a - b));
    }
    expect(wrong).toEqual([]);
  });

  it('tells a number with nothing from one that is missing', () => {
    const map = new SeqMap<string | undefined>();
    map.set(7, undefined);
    expect([map.has(7), map.get(7), map.has(8), map.get(8)]).toEqual([true, undefined, false, undefined]);
  });

  it('closes the gap that a removed number leaves at the end of the table', () => {
    const map = new SeqMap<string>();
    for (const seq of [63, 127, 191]) map.set(seq, `${seq}`);
    map.delete(63);
    expect(contentOf(map)).toEqual([
      [127, '127'],
      [191, '191'],
    ]);
    expect([map.get(127), map.get(191)]).toEqual(['127', '191']);
  });

  it.each([
    ['one after another', 1],
    ['far apart', 144],
  ])('removes 400,000 that follow %s, the oldest first, without going along all of them', async (_title, step) => {
    const map = new SeqMap<number>();
    for (let n = 0; n < 400_000; n += 1) map.set(n * step, n);
    let wrong = 0;
    for (let n = 0; n < 400_000; n += 1) {
      // A test that never waits is never too late.
      if (n % 10_000 === 0) await new Promise((done) => void setImmediate(done));
      if (map.get(n * step) !== n) wrong += 1;
      map.delete(n * step);
      if (map.has(n * step)) wrong += 1;
    }
    expect([wrong, ...map.entries()]).toEqual([0]);
  });
});
