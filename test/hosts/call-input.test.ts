import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { callInput } from '../../core/hosts/cli/call-input.ts';

const schema = {
  properties: {
    body: { properties: { count: { type: 'integer' }, share: { type: 'number' }, name: { type: 'string' } } },
  },
};
const read = (body: string | undefined, ...set: string[]) =>
  callInput(schema, { set, ...(body === undefined ? {} : { body: '-' }) }, { stdin: Readable.from([body ?? '']) });

describe('F-50 the input of an operation', () => {
  test('keeps the digits of an integer beyond 2^53 in --body, as text', async () => {
    expect(await read('{"id":9007199254740993,"n":1,"list":[12345678901234567890]}')).toEqual({
      body: { id: '9007199254740993', n: 1, list: ['12345678901234567890'] },
    });
  });

  test('and in --set, where the schema then refuses the text for a number', async () => {
    const input = await read(undefined, 'body.count=9007199254740993', 'body.share=0.5', 'body.name=9007199254740993');
    expect(input).toEqual({ body: { count: '9007199254740993', share: 0.5, name: '9007199254740993' } });
    expect(await read(undefined, 'body.count=9007199254740991')).toEqual({ body: { count: 9_007_199_254_740_991 } });
  });
});
