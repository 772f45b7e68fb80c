import { expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { framedBytes } from '../../core/api/frame.ts';
import { bare, framedBody, jsonArray, jsonList, type Delivery, type Frame } from '../../core/index.ts';

const framed = ({ open, separator, close }: Frame, ...texts: string[]): string => open + texts.join(separator) + close;

const item = (text: string) => ({ text, bytes: Buffer.byteLength(text) }) as Delivery<unknown>;

test('a text in no frame stays as it is', () => {
  expect(framed(bare, '{"a":1}')).toBe('{"a":1}');
});

it.each([
  [jsonArray, [{ a: 1 }, 2]],
  [jsonList('data'), { data: [{ a: 1 }, 2] }],
  [
    jsonList('events', { api_key: 'k"1', options: { min_id_length: 1 } }),
    { api_key: 'k"1', options: { min_id_length: 1 }, events: [{ a: 1 }, 2] },
  ],
  [jsonList('odd "name"\n'), { 'odd "name"\n': [{ a: 1 }, 2] }],
])('%j makes JSON of the texts', (frame, body) => {
  expect(JSON.parse(framed(frame, '{"a":1}', '2'))).toEqual(body);
});

test('members stand before the list, and undefined ones are left out', () => {
  expect(framed(jsonList('events', { api_key: 'k', test: undefined }), '1')).toBe('{"api_key":"k","events":[1]}');
  expect(framed(jsonList('events', { test: undefined }), '1')).toBe('{"events":[1]}');
});

it.each([
  [jsonList('data.events'), '{"data":{"events":[1,2]}}'],
  [jsonList('a.b.c'), '{"a":{"b":{"c":[1,2]}}}'],
  [
    jsonList('data.events', { key: 'k', data: { test_id: 't"1', none: undefined } }),
    '{"key":"k","data":{"test_id":"t\\"1","events":[1,2]}}',
  ],
  [jsonList('data.events', { data: undefined }), '{"data":{"events":[1,2]}}'],
  [jsonList('a"b.c\\d'), '{"a\\"b":{"c\\\\d":[1,2]}}'],
  [jsonList('__proto__.constructor'), '{"__proto__":{"constructor":[1,2]}}'],
])('%j has its list where the path ends, behind the members of each level', (frame, body) => {
  expect(framed(frame, '1', '2')).toBe(body);
  expect(() => JSON.parse(body)).not.toThrow();
});

it.each([
  ['data.events', { data: { events: 1 } }, 'jsonList(): "data.events" is both the list and a member beside it'],
  ['data.events', { data: [1] }, 'jsonList(): "data" is both an object on the path "data.events" and another member'],
  ['data..events', {}, 'jsonList(): "data..events" is no path'],
  ['', {}, 'is no path'],
])('a list at %j cannot stand in %j', (path, members, message) => {
  expect(() => jsonList(path, members)).toThrow(message);
});

test('a member of the name of the list would be there twice, and is refused', () => {
  expect(() => jsonList('events', { events: 1 })).toThrow('"events" is both the list and a member beside it');
});

test('the body of a batch is its texts in the frame', () => {
  expect(framedBody(bare, { items: [item('a=1')] })).toBe('a=1');
  expect(framedBody(jsonList('data'), { items: [item('1'), item('2'), item('3')] })).toBe('{"data":[1,2,3]}');
});

test('the bytes of a body are those of its text, whatever signs and frames it is of', () => {
  const frames: Frame[] = [
    bare,
    jsonArray,
    jsonList('data.events', { name: 'Zoë' }),
    { ...jsonArray, separator: '–\n' },
  ];
  const text = fc.oneof(fc.string(), fc.constantFrom('{"a":"Café"}', '{"a":"Łódź"}', '🙂', '\ud83d', ''));
  fc.assert(
    fc.property(
      fc.constantFrom(...frames),
      fc.array(text, { minLength: 1, maxLength: 5 }),
      (frame, [first = '', ...more]) => {
        const body = framedBody(frame, { items: [item(first), ...more.map(item)] });
        expect(framedBytes({ frame, items: [first, ...more].map(item) }).toString('hex')).toBe(
          Buffer.from(body).toString('hex'),
        );
      },
    ),
  );
});
