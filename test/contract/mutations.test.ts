import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  accept,
  acceptAll,
  decide,
  verdictsByPosition,
  type AnyDestination,
  type ResponseHandler,
} from '../../core/index.ts';
import { failuresOf } from '../support/contract/failures.ts';
import kites from '../support/contract/kites/index.ts';
import type { Sale } from '../support/contract/kites/mapping.ts';
import { entriesOf, readReply, readResult, refusal, response } from '../support/contract/kites/response.ts';

const folder = path.resolve('test/support/contract/kites');

/** What fails without the folder's own cases, a line for each check. */
const failures = async (changes: object): Promise<string> => {
  const definition = { ...kites, ...changes } as AnyDestination;
  const found = await failuresOf(folder, { definition, only: /^(?!case |call |fuzz)/ });
  return found
    .split('\n')
    .filter((line) => line.includes(' <- '))
    .join('\n');
};

const reading = (read: ResponseHandler<Sale>['readReply']): object => ({ response: { ...response, readReply: read } });

const success = 'success: a recorded success that is cut';
const miscounted = 'success: with a verdict missing';
const named = 'batches: F-41 events that the answer names';
const unnamed = 'batches: F-41 an answer that refuses events, but none of the request';
const foreignWords = 'privacy: F-42 words that a vendor puts';
const repeated = 'privacy: F-42 what a vendor repeats';

/** A way to break the folder, the check that notices, and what the check says. */
const mutations: readonly (readonly [string, string, RegExp, object])[] = [
  [
    'any 200 is a success',
    success,
    /200 "\{.*" is delivered/,
    reading((exchange, batch) => (exchange.response.status === 200 ? acceptAll(batch) : readReply(exchange, batch))),
  ],
  [
    'a success that is cut off is accepted',
    success,
    /200 "\{.*" is delivered/,
    reading((exchange, batch) => {
      const { status, body } = exchange.response;
      const yes = [...body.matchAll(/"ok":true/g)].length;
      return status === 200 && yes === batch.items.length ? acceptAll(batch) : readReply(exchange, batch);
    }),
  ],
  [
    'verdicts are read for the item after theirs',
    named,
    /event \d+, (?:the poison|a good one), is \{"kind":"(?:delivered|rejected)"/,
    reading((exchange, batch) => {
      const results = exchange.response.status === 200 ? entriesOf(exchange.response.body, 'results') : undefined;
      if (results === undefined) return readReply(exchange, batch);
      const shifted = [...results.slice(-1), ...results.slice(0, -1)];
      return verdictsByPosition(batch, shifted, ({ ok, message }) => (ok === true ? accept() : refusal(message)));
    }),
  ],
  [
    'one verdict too few is accepted',
    miscounted,
    /"results":\[\]\} to 1 events delivers all of them/,
    reading((exchange, batch) => {
      const results = exchange.response.status === 200 ? entriesOf(exchange.response.body, 'results') : undefined;
      const counted = exchange.response.body.includes(`"received":${batch.items.length},`);
      if (results === undefined || !counted) return readReply(exchange, batch);
      return batch.items.map((item, index) => {
        const result = results[index];
        return result === undefined ? accept() : (readResult(result, item) ?? accept());
      });
    }),
  ],
  [
    "the vendor's text is part of the message",
    foreignWords,
    /a word of the answer shows in/,
    reading((exchange, batch) =>
      exchange.response.status === 200
        ? verdictsByPosition(batch, entriesOf(exchange.response.body, 'results') ?? [], ({ ok, message }) =>
            ok === true
              ? accept()
              : decide('reject', 'vendor_rejected', `Kites refuses the sale: ${JSON.stringify(message)}`),
          )
        : readReply(exchange, batch),
    ),
  ],
  [
    "a secret in the vendor's message is not masked, because the folder rewrites the message",
    repeated,
    /shows in an outcome or a signal/,
    reading((exchange, batch) =>
      readReply(
        { ...exchange, response: { ...exchange.response, body: exchange.response.body.replaceAll('-', '_') } },
        batch,
      ),
    ),
  ],
  [
    'items that a refused batch does not name are accepted',
    unnamed,
    /event \d is delivered by the answer of case/,
    reading((exchange, batch) => {
      const refused = exchange.response.status === 422 ? entriesOf(exchange.response.body, 'refused') : undefined;
      if (refused === undefined) return readReply(exchange, batch);
      return batch.items.map((_, index) =>
        refused.some((entry) => entry['index'] === index) ? refusal('') : accept(),
      );
    }),
  ],
];

test('a folder with a verdict for each event passes the whole contract', async () => {
  expect(await failuresOf(folder)).toBe('');
}, 60_000);

describe('the checks of the house alone notice that', () => {
  test.each(mutations)(
    '%s',
    async (_, title, why, changes) => {
      const found = await failures(changes);
      const line = found.split('\n').find((one) => one.startsWith(title));
      expect(line ?? `of "${title}" nothing fails; failing are:\n${found}`).toMatch(why);
    },
    60_000,
  );
});
