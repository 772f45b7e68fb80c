import { describe, expect, it } from '@jest/globals';
import {
  accept,
  acceptAll,
  decide,
  decideAll,
  verdictsByCount,
  verdictsByIndex,
  verdictsByKey,
  verdictsByPosition,
  type Batch,
  type Delivery,
  type RetryDecision,
} from '../../core/api/index.ts';

const item = (index: number, key?: string): Delivery<object> => ({
  index,
  key,
  eventId: `m-${index}`,
  payload: {},
  text: '{}',
  bytes: 2,
});
const batch: Batch<object> = { items: [item(0, 'a'), item(1, 'b'), item(2)] };
const named: Batch<object> = { items: [item(0, 'a'), item(1, 'b'), item(2, 'c')] };
const no = decide('reject', 'vendor_rejected', 'No');
const later = decide('retry', 'rate_limited', 'Later');
const kinds = (decisions: readonly RetryDecision[]) => decisions.map(({ kind }) => kind);
const inDoubt = ['ambiguous', 'ambiguous', 'ambiguous'];

it('decideAll and acceptAll repeat one decision', () => {
  expect(decideAll(batch, no)).toEqual([no, no, no]);
  expect(acceptAll(batch)).toEqual([accept(), accept(), accept()]);
});

describe('verdicts by position', () => {
  const byPosition = (entries: readonly boolean[], wrongCount?: RetryDecision) =>
    verdictsByPosition(batch, entries, (taken) => (taken ? accept() : no), wrongCount);

  it('give each item the decision of its entry, which also sees the item and its index', () => {
    expect(byPosition([true, false, true])).toEqual([accept(), no, accept()]);
    const seen = verdictsByPosition(batch, ['x', 'y', 'z'], (entry, { key }, index) =>
      decide('reject', 'vendor_rejected', `${entry} ${key ?? 'none'} ${index}`),
    );
    expect(seen.map((decision) => (decision.kind === 'reject' ? decision.reason.message : ''))).toEqual([
      'x a 0',
      'y b 1',
      'z none 2',
    ]);
  });

  it.each([[[]], [[true, true]], [[true, true, true, true]], [[true, false]]])(
    'F-19 with the entries %j for three items, none is accepted and none refused',
    (entries) => {
      expect(kinds(byPosition(entries))).toEqual(inDoubt);
      expect(byPosition(entries, later)).toEqual([later, later, later]);
    },
  );

  it.each([
    ['shifted by one', ['b', 'c', 'a']],
    ['with two swapped', ['b', 'a', 'c']],
    ['with the last one about another event', ['a', 'b', 'd']],
  ])('F-19 entries that name their event, %s, leave every event in doubt', (_how, names) => {
    const read = (name: string, { key }: Delivery<object>) => (name === key ? accept() : undefined);
    expect(kinds(verdictsByPosition(named, names, read))).toEqual(inDoubt);
    expect(kinds(verdictsByPosition(named, ['a', 'b', 'c'], read))).toEqual(['accept', 'accept', 'accept']);
  });

  it('F-19 a folder that accepts a wrong count is stopped at its first answer', () => {
    expect(() => byPosition([true, true, true], accept())).toThrow('accepts nothing');
  });
});

describe('verdicts by index', () => {
  it('give each named item its decision, and the others what the folder says of them', () => {
    expect(verdictsByIndex(batch, [[1, no]], accept())).toEqual([accept(), no, accept()]);
    expect(verdictsByIndex(batch, [], no)).toEqual([no, no, no]);
    expect(verdictsByIndex(batch, [[0, accept()]], ({ eventId }) => decide('split', 'invalid_value', eventId))).toEqual(
      [accept(), decide('split', 'invalid_value', 'm-1'), decide('split', 'invalid_value', 'm-2')],
    );
    expect(verdictsByIndex(batch, [[2, ({ index }) => (index === 2 ? no : later)]], later)).toEqual([later, later, no]);
  });

  it('F-19 items that the answer does not name are in doubt if the folder says nothing', () => {
    expect(kinds(verdictsByIndex(batch, [[1, no]]))).toEqual(['ambiguous', 'reject', 'ambiguous']);
    expect(
      kinds(
        verdictsByIndex(batch, [
          [0, accept()],
          [2, accept()],
        ]),
      ),
    ).toEqual(['accept', 'ambiguous', 'accept']);
  });

  it.each([3, -1, 1.5, Number.NaN, '1' as never, null as never])(
    'F-19 an index of %p, which no item has, means another way of counting: no verdict holds',
    (index) => {
      const entries = [[0, no] as const, [index, no] as const];
      expect(kinds(verdictsByIndex(batch, entries, accept()))).toEqual(inDoubt);
      expect(verdictsByIndex(batch, entries, accept(), later)).toEqual([later, later, later]);
    },
  );

  it('F-19 refusals counted from 1 accept nothing once they reach past the end', () => {
    const refusals = [1, 2, 3].map((index) => [index, no] as const);
    expect(kinds(verdictsByIndex(batch, refusals, accept()))).toEqual(inDoubt);
  });

  it('F-19 a refusal that names nobody may be about any item: those that are named stay refused, none is accepted', () => {
    const entries = [
      [1, no],
      [undefined, no],
    ] as const;
    expect(kinds(verdictsByIndex(batch, entries, accept()))).toEqual(['ambiguous', 'reject', 'ambiguous']);
    expect(verdictsByIndex(batch, entries, accept(), later)).toEqual([later, no, later]);
    expect(verdictsByIndex(batch, entries, no)).toEqual([no, no, no]);
  });

  it('of two decisions for one item the first counts, and a yes beside a no is a doubt', () => {
    const twice = (first: RetryDecision, second: RetryDecision) =>
      verdictsByIndex(
        batch,
        [
          [0, first],
          [0, second],
        ],
        no,
      )[0];
    expect(twice(no, later)).toEqual(no);
    expect(twice(accept(), accept())).toEqual(accept());
    expect(twice(accept(), no)).toMatchObject({ kind: 'ambiguous' });
    expect(twice(no, accept())).toMatchObject({ kind: 'ambiguous' });
  });

  it('F-19 a folder that accepts what an answer does not name clearly is stopped', () => {
    expect(() => verdictsByIndex(batch, [[7, no]], no, accept())).toThrow('accepts nothing');
    expect(() => verdictsByIndex(batch, [[undefined, no]], accept(), () => accept())).toThrow('accepts nothing');
  });
});

describe('verdicts by key', () => {
  it('give a decision per named item, and the other one to items without a name', () => {
    expect(verdictsByKey(batch, [['b', no]], accept())).toEqual([accept(), no, accept()]);
    expect(verdictsByKey(batch, [['b', accept()]], no)).toEqual([no, accept(), no]);
  });

  it('give two items of the same name the same decision', () => {
    expect(verdictsByKey({ items: [item(0, 'a'), item(1, 'a')] }, [['a', no]], accept())).toEqual([no, no]);
  });

  it('F-19 items that the answer does not name are in doubt if the folder says nothing', () => {
    expect(kinds(verdictsByKey(named, [['a', accept()]]))).toEqual(['accept', 'ambiguous', 'ambiguous']);
    expect(kinds(verdictsByKey(named, []))).toEqual(inDoubt);
  });

  it.each([['d'], ['A'], [' a'], ['constructor'], [undefined], [0 as never]])(
    'F-19 with a verdict for %p, which was not sent, nothing is accepted, and what is named stays refused',
    (key) => {
      const entries = [['a', no] as const, ['b', accept()] as const, [key, no] as const];
      expect(kinds(verdictsByKey(named, entries, accept()))).toEqual(['reject', 'ambiguous', 'ambiguous']);
      expect(verdictsByKey(named, entries, accept(), later)).toEqual([no, later, later]);
      expect(() => verdictsByKey(named, entries, accept(), accept())).toThrow('accepts nothing');
    },
  );

  it('a yes beside a no for one key is a doubt', () => {
    expect(
      kinds(
        verdictsByKey(
          named,
          [
            ['a', accept()],
            ['a', no],
          ],
          no,
        ),
      ),
    ).toEqual(['ambiguous', 'reject', 'reject']);
  });
});

describe('verdicts by count', () => {
  it.each([
    [{ accepted: 3 }],
    [{ accepted: 3, total: 3 }],
    [{ accepted: 3, refused: 0, total: 3 }],
    [{ refused: 0 }],
    [{ refused: 0, total: 3 }],
  ])('%j of three items is a yes to all', (counts) => {
    expect(verdictsByCount(batch, counts)).toEqual([accept(), accept(), accept()]);
  });

  it.each([
    [{ accepted: 2 }, true],
    [{ accepted: 1, refused: 2 }, true],
    [{ refused: 1, total: 3 }, true],
    [{ accepted: 0 }, undefined],
    [{ refused: 3 }, undefined],
    [{ accepted: 0, refused: 3, total: 3 }, undefined],
  ])('%j of three items splits the request, in doubt if a part was taken: %p', (counts, ambiguous) => {
    for (const verdict of verdictsByCount(batch, counts)) {
      expect(verdict).toMatchObject({ kind: 'split' });
      expect(verdict.kind === 'accept' ? 'accept' : verdict.ambiguous).toBe(ambiguous);
    }
  });

  it.each([
    [{}],
    [{ total: 3 }],
    [{ accepted: 4 }],
    [{ accepted: 3, total: 4 }],
    [{ accepted: 3, total: 2 }],
    [{ accepted: 3, refused: 1 }],
    [{ accepted: 2, refused: 0 }],
    [{ refused: 4 }],
    [{ refused: -1 }],
    [{ accepted: '3' }],
    [{ accepted: 2.5 }],
    [{ accepted: Number.NaN }],
    [{ accepted: true }],
    [{ accepted: null, refused: 0 }],
    [{ accepted: undefined, refused: 0 }],
    [{ accepted: 3, total: undefined }],
  ])('F-19 %j of three items says nothing that can be trusted', (counts) => {
    expect(kinds(verdictsByCount(batch, counts))).toEqual(inDoubt);
  });
});
