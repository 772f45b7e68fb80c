import { describe, expect, test } from '@jest/globals';
import { accept, decide, verdictsByIndex, type Batch, type Exchange, type RetryDecision } from '../../core/index.ts';
import type { Sale } from '../support/contract/kites/mapping.ts';
import { entriesOf, readReply, refusal } from '../support/contract/kites/response.ts';
import { checksOfKites, reply, sales, type Recorded } from '../support/contract/recorded-kites.ts';

const named = /^batches: F-41 events that the answer names as refused/;
const unnamed = /^batches: F-41 what an answer that refuses events by name leaves unnamed/;

const result = async (title: RegExp, read: unknown, recorded?: Recorded) =>
  (await checksOfKites(title, { readReply: read }, recorded, { only: recorded !== undefined }))[0];

/** Kites whose 422 means that for the sales it does not name. */
const others =
  (decision: RetryDecision) =>
  (exchange: Exchange, batch: Batch<Sale>): readonly RetryDecision[] | undefined => {
    const { status, body } = exchange.response;
    const refused = status === 422 ? entriesOf(body, 'refused') : undefined;
    if (refused === undefined || refused.length === 0) return readReply(exchange, batch);
    return verdictsByIndex(
      batch,
      refused.map(({ index }) => [typeof index === 'number' ? index : undefined, refusal('')] as const),
      decision,
    );
  };
const again = decide('resend', 'vendor_rejected', 'Another sale of the request was refused');

describe('F-41 of an answer that names refused events beside another one that does, also with a 4xx', () => {
  test('the others must not be delivered where its case sends them again', async () => {
    expect(await result(unnamed, others(accept()))).toMatchObject({
      ok: false,
      why: expect.stringMatching(
        /^event 0 is delivered by a refusal that names event 1 alone, but in case refused-by-index it is sent again: \{"status":422,/,
      ),
    });
    expect(await result(unnamed, others(again))).toMatchObject({ ok: true, ran: true });
  });

  test('the others must not be refused, and those it names are, at any position', async () => {
    expect(await result(named, others(refusal('')))).toMatchObject({
      ok: false,
      why: expect.stringMatching(/^a 422 as in case refused-by-index: event 1, a good one, is \{"kind":"rejected"/),
    });
    expect(await result(named, others(again))).toMatchObject({ ok: true, ran: true });
  });
});

describe('F-41 a form of refusal that no case shows in an answer to several events', () => {
  const sale = (number: number) => ({ sale: `person-${number}@example.com`, ok: true });
  const form = { refused: { perRefused: { index: '{{index}}', message: 'no' } } };
  const recorded: Recorded = {
    'replies/one.json': reply(200, { received: 1, results: [sale(0)] }),
    'cases/one.json': sales(['one'], ['delivered']),
    'replies/form.json': reply(422, form),
    'cases/form.json': sales(['form'], ['rejected']),
  };

  test('takes no other event, because a 4xx says no', async () => {
    expect(await result(unnamed, others(accept()), recorded)).toMatchObject({
      ok: false,
      why: expect.stringMatching(/but no case has an event that it takes: \{"status":422,/),
    });
  });

  test('takes the others where a case shows so', async () => {
    const shown = { ...recorded, 'cases/form.json': sales(['form'], ['rejected', 'delivered']) };
    expect(await result(unnamed, others(accept()), shown)).toMatchObject({
      ran: false,
      why: 'every recorded answer that names some takes the others',
    });
  });
});
