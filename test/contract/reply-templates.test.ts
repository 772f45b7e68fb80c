import { describe, expect, test } from '@jest/globals';
import { derivedTemplate } from '../../core/testing/kit/derived-template.ts';
import { filled } from '../../core/testing/kit/reply-template.ts';

const item = (name: string, refused = false) => ({ key: `key-${name}`, eventId: `m-${name}`, refused });
const two = [item('a'), item('b', true)];
const three = [item('x', true), item('y'), item('z', true)];
const again = (body: unknown, recorded = two) => {
  const template = derivedTemplate({ status: 200, body }, recorded);
  return template === undefined ? undefined : (filled(template, three) as { readonly body?: unknown }).body;
};

describe('F-41 an answer to any number of events', () => {
  test('counts them, and has a form for each that is taken and for each that is not', () => {
    const body = {
      n: '{{n}}',
      text: '{{accepted}} of {{n}}, not {{refused}}, {{other}}',
      list: { perItem: { at: '{{index}}' }, perRefused: ['{{position}}', '{{key}}', '{{eventId}}'] },
      refused: { perRefused: '{{key}}' },
    };
    expect(filled({ status: 200, body }, three)).toEqual({
      status: 200,
      body: {
        n: 3,
        text: '1 of 3, not 2, {{other}}',
        list: [[1, 'key-x', 'm-x'], { at: 1 }, [3, 'key-z', 'm-z']],
        refused: ['key-x', 'key-z'],
      },
    });
  });

  test.each<[string, unknown, unknown]>([
    ['counts', { accepted: 1, failed: 1, total: 2 }, { accepted: 1, failed: 2, total: 3 }],
    ['indexes', { refused: [1] }, { refused: [0, 2] }],
    [
      'positions',
      { errors: [{ row: 2, why: 'no' }] },
      {
        errors: [
          { row: 1, why: 'no' },
          { row: 3, why: 'no' },
        ],
      },
    ],
    [
      'entries by key, in another order',
      [
        { id: 'key-b', ok: false },
        { id: 'key-a', ok: true },
      ],
      [
        { id: 'key-x', ok: false },
        { id: 'key-y', ok: true },
        { id: 'key-z', ok: false },
      ],
    ],
    ['entries by position', { results: ['yes', 'no'] }, { results: ['no', 'yes', 'no'] }],
  ])('is derived from a recorded one with %s', (_, body, expected) => {
    expect(again(body)).toEqual(expected);
  });

  test('is derived from a text with a count in it; numbers of dates and versions stay', () => {
    const template = derivedTemplate({ status: 200, body: { m: 'v2.1: 2 sales accepted on 2026-01-2' } }, [
      item('a'),
      item('b'),
    ]);
    expect(template).toEqual({ status: 200, body: { m: 'v2.1: {{accepted}} sales accepted on 2026-01-2' } });
  });

  test('is not derived from two entries about one of two items', () => {
    const errors = ['no name', 'no price'].map((why) => ({ row: 1, why }));
    expect(again({ errors })).toBeUndefined();
  });

  test.each([
    [{ ok: true }],
    [{ errors: [{ message: 'one is bad' }] }],
    [{ status: 7 }],
    [{ error_code: 1, total_quota: 2 }],
    ['text'],
    [undefined],
  ])('is not derived from %j, which says nothing about any of them', (body) => {
    expect(again(body)).toBeUndefined();
  });
});
