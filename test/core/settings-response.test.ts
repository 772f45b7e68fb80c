// Tests core/runtime/bind-destination.ts: what a folder makes of its settings for the reading of answers.

import { describe, expect, it, jest } from '@jest/globals';
import { decide, isObject, type ResponseHandler } from '../../core/index.ts';
import { acme, defects, kinds, testConnection, track, type Item } from '../support/runtime/test-connection.ts';

const validated = decide('skip', 'validated_only', 'A test mode');
const says = (word: string): Partial<ResponseHandler<Item>> => ({
  success: [{ body: (answer) => isObject(answer) && answer['said'] === word }],
});

describe('responseFor()', () => {
  it('is asked once, with the settings and what prepare() made of them', async () => {
    const responseFor = jest.fn(() => says('yes'));
    const prepare = () => 'prepared' as never;
    const { deliver } = testConnection({
      destination: acme({ responseFor, prepare }),
      script: () => ({ status: 200, body: {} }),
    });
    await deliver([track('1'), track('2')]);
    expect(responseFor.mock.calls).toEqual([[{ account: 'a-1' }, 'prepared']]);
  });

  it('replaces members of the response, and the others stay', async () => {
    const destination = acme({ responseFor: ({ account }) => says(account) });
    const answers = [{ status: 200, body: { said: 'a-1' } }, { status: 401 }];
    const { deliver } = testConnection({ destination, script: (_, position) => answers[position] ?? { status: 500 } });
    expect(kinds(await deliver([track('1')]))).toEqual(['delivered']);
    expect(kinds(await deliver([track('2')]))).toEqual(['suspended']);
  });

  it('may read the verdicts itself: in a test mode nothing is delivered', async () => {
    const responseFor = (): Partial<ResponseHandler<Item>> => ({
      readReply: (_exchange, { items }) => items.map(() => validated),
    });
    const { deliver, signals } = testConnection({
      destination: acme({ responseFor }),
      script: () => ({ status: 200, body: {} }),
    });
    expect(kinds(await deliver([track('1')]))).toEqual(['skipped']);
    expect(defects(signals)).toEqual([]);
  });

  it.each([
    ['a promise', () => Promise.resolve({})],
    ['nothing', () => undefined],
    ['null', () => null],
  ])('that returns %s keeps the connection from opening', (_, responseFor) => {
    expect(() => testConnection({ destination: acme({ responseFor: responseFor as never }) })).toThrow(
      'cannot work with these settings',
    );
  });
});
