import { describe, expect, test } from '@jest/globals';
import { isObject, jsonBody, verdictsByCount, type Batch, type Exchange } from '../../core/index.ts';
import type { Sale } from '../support/contract/kites/mapping.ts';
import { checksOfKites, reply, sales, type Recorded } from '../support/contract/recorded-kites.ts';

const named = /^batches: F-41 events that the answer names as refused/;

const result = async (recorded: Recorded, handler: object = {}) =>
  (await checksOfKites(named, handler, recorded, { only: true }))[0];

const sale = (number: number) => ({ sale: `person-${number}@example.com`, ok: true });
const base: Recorded = {
  'replies/one.json': reply(200, { received: 1, results: [sale(0)] }),
  'cases/one.json': sales(['one'], ['delivered']),
};
const refused: Recorded = {
  'replies/refused.json': reply(422, { refused: [{ index: 1, message: 'no' }] }),
  'cases/refused.json': sales(['refused', 'one'], ['delivered', 'rejected']),
};
const lacking = (why: RegExp) => ({ ok: true, ran: false, lacks: true, why: expect.stringMatching(why) });

describe('F-41 a folder that reads a verdict for each event, and has no answer with perRefused, lacks it', () => {
  test('where one recorded answer refuses an event and the other is sent again', async () => {
    expect(await result({ ...base, ...refused })).toMatchObject(lacking(/^it needs .*contract\/replies .*perRefused$/));
  });

  test('where a recorded success has an entry for each', async () => {
    expect(await result(base)).toMatchObject(lacking(/perRefused$/));
  });

  test('where it has a reader, and no recorded answer takes a part of a request', async () => {
    const count = (exchange: Exchange, batch: Batch<Sale>) => {
      const answer = jsonBody(exchange.response.body);
      const accepted = isObject(answer) ? answer['stored'] : undefined;
      return typeof accepted === 'number' ? verdictsByCount(batch, { accepted }) : undefined;
    };
    const counted: Recorded = {
      'replies/one.json': reply(200, { stored: 1 }),
      'cases/one.json': sales(['one'], ['delivered']),
    };
    expect(await result(counted, { readReply: count })).toMatchObject(lacking(/or with the count that it gives$/));
    expect(
      await result(
        {
          ...counted,
          'replies/part.json': reply(200, { stored: 1 }),
          'replies/none.json': reply(200, { stored: 0 }),
          'cases/part.json': sales(['part', 'one', 'none'], ['delivered', 'unknown']),
        },
        { readReply: count },
      ),
    ).toEqual(
      expect.objectContaining({ ok: true, ran: false, why: 'no recorded answer has a verdict for each event' }),
    );
  });

  test('but not with perRefused in one of its answers', async () => {
    const form = {
      received: '{{n}}',
      results: { perItem: { sale: '{{key}}', ok: true }, perRefused: { sale: '{{key}}', ok: false } },
    };
    expect(
      await result({
        ...base,
        ...refused,
        'replies/any.json': reply(200, form),
        'cases/any.json': sales(['any'], ['rejected', 'delivered']),
      }),
    ).toMatchObject({ ok: true, ran: true });
  });

  test('and not where every event is sent again by itself', async () => {
    const split: Recorded = {
      'replies/one.json': reply(200, { yes: true }),
      'cases/one.json': sales(['one'], ['delivered']),
      'replies/bad.json': reply(400, { message: 'bad' }),
      'cases/bad.json': sales(['bad', 'one', 'bad'], ['delivered', 'rejected']),
    };
    const success = [
      { body: (answer: unknown) => isObject(answer as never) && (answer as { yes?: unknown }).yes === true },
    ];
    expect(await result(split, { readReply: undefined, success })).toMatchObject({
      ran: false,
      why: 'no recorded answer has a verdict for each event',
    });
  });
});
