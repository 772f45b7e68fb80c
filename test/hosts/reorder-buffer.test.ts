import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OrderedOutcomes } from '../../core/hosts/cli/reorder-buffer.ts';
import type { Outcome } from '../../core/index.ts';

const delivered = (eventId: string): Outcome => ({ kind: 'delivered', eventId, attempts: 1 });
const lost = (): Outcome => delivered('lost');

function answersInto(given: [number, string][], capacity = 8) {
  return new OrderedOutcomes((line, outcome) => void given.push([line, outcome.eventId]), capacity);
}

describe('one outcome per line, in input order', () => {
  test('an outcome waits for those of the lines before it', () => {
    const given: [number, string][] = [];
    const answers = answersInto(given);
    answers.reserve(1);
    answers.settleNow(3, delivered('bad'));
    answers.reserve(4);
    answers.settle(1, delivered('b'));
    expect(given).toEqual([]);
    answers.settle(0, delivered('a'));
    expect(given).toEqual([[1, 'a'], [3, 'bad'], [4, 'b']]); // prettier-ignore
  });

  test('whatever order they come in, they go out in order, and no more than the capacity wait', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(7), { maxLength: 200 }), (choices) => {
        const given: [number, string][] = [];
        const answers = answersInto(given);
        const open: number[] = [];
        let line = 0;
        let index = 0;
        for (const choice of choices) {
          if (answers.full || (choice > 4 && open.length > 0)) {
            const [chosen = 0] = open.splice(choice % open.length, 1);
            answers.settle(chosen, delivered(`e${chosen}`));
          } else if (choice === 0) answers.settleNow(++line, delivered('bad'));
          else {
            answers.reserve(++line);
            open.push(index++);
          }
        }
        for (const left of open) answers.settle(left, delivered(`e${left}`));
        expect(given.map(([number]) => number)).toEqual(Array.from({ length: line }, (_, at) => at + 1));
        expect(given.filter(([, id]) => id !== 'bad').map(([, id]) => id)).toEqual(
          Array.from({ length: index }, (_, at) => `e${at}`),
        );
      }),
    );
  });

  test('who reads waits for room', async () => {
    const answers = answersInto([], 2);
    answers.reserve(1);
    answers.reserve(2);
    expect(answers.full).toBe(true);
    let roomy = false;
    const room = answers.whenReady().then(() => {
      roomy = true;
    });
    answers.settle(1, delivered('b'));
    await Promise.resolve();
    expect(roomy).toBe(false);
    answers.settle(0, delivered('a'));
    await room;
    expect(answers.full).toBe(false);
  });

  test('a second outcome for an event changes nothing', () => {
    const given: [number, string][] = [];
    const answers = answersInto(given);
    answers.reserve(1);
    answers.settle(0, delivered('a'));
    answers.settle(0, delivered('again'));
    answers.settle(5, delivered('never asked'));
    expect(given).toEqual([[1, 'a']]);
  });

  test('the last line, which the stream was stopped before, is given back', () => {
    const given: [number, string][] = [];
    const answers = answersInto(given);
    answers.reserve(1);
    answers.settle(0, delivered('a'));
    answers.reserve(5);
    answers.finish(true, lost);
    expect(given).toEqual([[1, 'a']]);
    expect(answers).toMatchObject({ count: 1, nextLine: 2 });
  });

  test('a line the runtime lost sight of gets an outcome all the same', () => {
    const given: [number, string][] = [];
    const answers = answersInto(given);
    answers.reserve(1);
    answers.reserve(2);
    answers.settle(1, delivered('b'));
    answers.finish(false, lost);
    expect(given).toEqual([[1, 'lost'], [2, 'b']]); // prettier-ignore
    expect(answers).toMatchObject({ count: 2, nextLine: 3 });
  });
});
