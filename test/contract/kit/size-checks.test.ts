// Tests core/testing/checks/size-checks.ts.
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { jsonArray, type AnyDestination, type Batch, type Frame } from '../../../core/index.ts';
import { failuresOf } from '../../support/contract/failures.ts';
import kites from '../../support/contract/kites/index.ts';
import { request } from '../../support/contract/kites/request.ts';

/** Kites with a body of its own, whose bytes are counted as those of a frame. */
const framed = (frame: Frame) =>
  ({
    ...kites,
    request: undefined,
    requestFor: ({ items }: Batch<unknown>, config: Parameters<typeof request>[0]) => ({
      ...request(config),
      body: `[${items.map(({ text }) => text).join(',')}]`,
    }),
    frame: () => frame,
  }) as unknown as AnyDestination;

const failures = (frame: Frame): Promise<string> =>
  failuresOf(path.resolve('test/support/contract/kites'), {
    definition: framed(frame),
    only: /^batches: F-41 what leaves is never larger/,
  });

test('F-41 a frame that counts all of the body, or more, passes', async () => {
  expect(await failures(jsonArray)).toBe('');
  expect(await failures({ ...jsonArray, close: '],"more":[]' })).toBe('');
});

test.each([
  ['nothing', { open: '', separator: '', close: '' }, /<- 1 events of/],
  ['no separators', { ...jsonArray, separator: '' }, /<- 2 events of \d+ bytes in a request, where \d+ are allowed/],
])('F-41 a frame that counts %s of a body that has it is caught', async (_, frame, why) => {
  expect(await failures(frame)).toMatch(why);
});
