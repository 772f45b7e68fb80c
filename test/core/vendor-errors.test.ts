import { describe, expect, it } from '@jest/globals';
import { errorMessage, vendorErrors } from '../../core/api/index.ts';

const errorsOf = (answer: unknown) => vendorErrors(typeof answer === 'string' ? answer : JSON.stringify(answer));

describe('the errors in an answer', () => {
  it.each<[unknown, unknown]>([
    [{ error: 'no' }, [{ message: 'no' }]],
    [{ message: ' no ' }, [{ message: 'no' }]],
    [{ error: { code: 'E1', message: 'no' } }, [{ message: 'no', code: 'E1' }]],
    [{ error: 'invalid_grant', error_description: 'no', code: 7 }, [{ message: 'invalid_grant', code: '7' }]],
    [
      { errors: [{ code: 17, message: 'no', field: 'email' }, { detail: 'why' }] },
      [{ message: 'no', code: '17', about: 'email' }, { message: 'why' }],
    ],
    [[{ name: 'apikey', error: 'bad' }], [{ message: 'bad', about: 'apikey' }]],
    [
      ['first', 'second'],
      [{ message: 'first' }, { message: 'second' }],
    ],
    [{ error: { errors: [{ reason: 'quota' }] } }, [{ message: 'quota' }]],
    [{ errors: [], message: 'no' }, [{ message: 'no' }]],
    [{ error: 404, message: 'no' }, [{ message: 'no' }]],
    [{ name: 'apikey' }, []],
    [[null, 7, {}, ''], []],
    ['<html>', []],
    ['{"error":"n', []],
    ['', []],
  ])('of %j are %j', (answer, expected) => {
    expect(errorsOf(answer)).toEqual(expected);
  });

  it('are bounded, however deep and long the answer is', () => {
    let deep: unknown = { error: 'no' };
    for (let level = 0; level < 2_000; level++) deep = { error: deep };
    expect(errorsOf(deep)).toEqual([]);
    expect(errorsOf({ error: 'x'.repeat(9_000) })[0]?.message).toHaveLength(2_000);
  });
});

describe('the message of an answer', () => {
  const message = (body: string, ...members: string[]) =>
    errorMessage(...members)({ status: 400, headers: {}, body, receivedAt: 0 });

  it('is the first text of the members, else the text of the body, and never a web page', () => {
    expect(message('{"error":"a","message":"b"}', 'message', 'error')).toBe('b');
    expect(message('{"errors":[{"code":1},{"message":"b"}]}')).toBe('b');
    expect(message('{"error":404,"message":"b"}', 'error', 'message')).toBe('b');
    expect(message(' plain ')).toBe('plain');
    expect(message('{"other":"a"}', 'message')).toBe('{"other":"a"}');
    expect(message('<html>no</html>')).toBeUndefined();
    expect(message(' ')).toBeUndefined();
    expect(message('{"constructor":1}', 'toString')).toBe('{"constructor":1}');
  });
});
