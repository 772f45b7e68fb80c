// Tests core/service/ndjson-answer.ts: items that fail, and clients that take nothing.
import { expect, test } from '@jest/globals';
import { ndjsonAnswer } from '../../core/service/ndjson-answer.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function* failing(): AsyncGenerator<object, void, undefined> {
  for (let n = 0; n < 5; n += 1) {
    yield { n };
    await pause(5);
  }
  throw new Error('the items fail');
}

test('Items that fail while the client takes nothing end its answer, and not the process', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  try {
    const { response, ended } = ndjsonAnswer(failing());
    await pause(100);
    await expect(response.text()).rejects.toThrow('the items fail');
    await ended;
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});
