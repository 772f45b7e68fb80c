// Tests core/testing/checks/planted-checks.ts and core/testing/kit/planted-replies.ts.
import path from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { accept, decide, verdictsByPosition, z, type AnyDestination } from '../../../core/index.ts';
import { plantedApart, textsOf } from '../../../core/testing/kit/planted-replies.ts';
import { failuresOf } from '../../support/contract/failures.ts';
import { config } from '../../support/contract/kites/config.ts';
import kites from '../../support/contract/kites/index.ts';
import { entriesOf, readReply, response } from '../../support/contract/kites/response.ts';

/** Kites whose folder shows the text of a refusal, after it has compared what else the answer says. */
const careful = {
  ...kites,
  response: {
    ...response,
    readReply: ((exchange, batch) => {
      const results = exchange.response.status === 200 ? entriesOf(exchange.response.body, 'results') : undefined;
      if (results === undefined) return readReply(exchange, batch);
      return verdictsByPosition(batch, results, ({ sale, ok, message }, { key }) => {
        if (sale !== key) return undefined;
        return ok === true ? accept() : decide('reject', 'vendor_rejected', `Kites says: ${JSON.stringify(message)}`);
      });
    }) satisfies typeof readReply,
  },
} as AnyDestination;

test.each([
  ['F-42 words that a vendor puts', /a word of the answer shows in \.\.\..*Kites says: /],
  ['F-42 what a vendor repeats', /what it repeats \(as it is\) shows in an outcome or a signal/],
])('%s beside ids that are right are caught where a folder compares the ids first', async (title, why) => {
  const options = { definition: careful, only: new RegExp(title) };
  expect(await failuresOf(path.resolve('test/support/contract/kites'), options)).toMatch(why);
});

test.each([
  [
    'of a setting is named by its setting',
    config.extend({ apiKey: z.string() }),
    /a signal: config\.apiKey, in outcomes\.\d\.reason\.message/,
  ],
  [
    'that the schema of a setting lists is public, and the next one is named',
    config.extend({ apiKey: z.enum(['key-1-example', 'key-2-example']) }),
    /a signal: events\.\d\.context\.traits\.\w+, in outcomes\.\d\.reason\.message/,
  ],
])('F-42 a text %s, with the place where it shows', async (_, config, why) => {
  const options = {
    definition: { ...careful, config } as AnyDestination,
    only: /^privacy: F-42 what a vendor repeats/,
  };
  const found = await failuresOf(path.resolve('test/support/contract/kites'), options);
  expect(found).toMatch(why);
  expect(found).not.toMatch(/key-1-example|@example\.com/);
});

describe('F-42 an answer with several texts', () => {
  const reply = {
    status: 400,
    headers: { 'content-type': 'application/json', 'x-note': 'n' },
    body: { status: 'Bad', failed: { perRefused: { id: '{{key}}', at: '{{index}}', message: 'no' } } },
  };
  const word = (_: string, number: number) => `w${number}`;

  it('has those that say something, and no count or form', () => {
    expect(textsOf([reply])).toEqual(['n', 'Bad', '{{key}}', 'no']);
  });

  it('is planted with all but its ids, then with one at a time', () => {
    const rounds = plantedApart([reply, { status: 200, body: 'ok' }], word);
    expect(rounds.map((replies) => textsOf(replies).join())).toEqual([
      'w0,w1,{{key}},w3,w4',
      'w0,Bad,{{key}},no,ok',
      'n,w1,{{key}},no,ok',
      'n,Bad,w2,no,ok',
      'n,Bad,{{key}},w3,ok',
      'n,Bad,{{key}},no,w4',
    ]);
  });

  it('needs no more rounds if it has one text', () => {
    expect(plantedApart([{ status: 200, body: { status: 'ok' } }], word)).toEqual([]);
  });
});
