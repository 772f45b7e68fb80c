import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decide, errorTable, type ErrorRow } from '../../core/index.ts';
import { replyFormat } from '../../core/testing/kit/case-format.ts';
import { failuresOf } from '../support/contract/failures.ts';
import { checksOfKites, reply, sales, type Recorded } from '../support/contract/recorded-kites.ts';

const no = decide('reject', 'vendor_rejected', 'Kites does not take this');
const off = decide('suspend', 'misconfigured', 'Kites is closed');
const rows = (...list: readonly ErrorRow[]): object => errorTable({ rows: list });

const poison = /^batches: a poison event/;
const unnamed = /^batches: F-41 a 4xx that names no event/;
const stated = /^batches: F-41 a refusal that a reply calls one of the whole request/;
const tooLarge = /^batches: F-41 a vendor that finds requests too large/;

const only = async (title: RegExp, handler: object, recorded?: Recorded) => {
  const results = await checksOfKites(title, handler, recorded);
  expect(results).toHaveLength(1);
  return results[0];
};

const wholeRequest = 'KITES-09, page "Errors": a 400 means that the list could not be read';
/** A 400 to two sales, of which neither is sent again. */
const statement = (kind: string, body?: unknown): Recorded => ({
  'replies/unread.json': reply(400, body, { wholeRequest }),
  'cases/unread.json': sales(['unread'], [kind, kind]),
});

describe('F-41 a folder whose row rejects every event of a request that is refused', () => {
  test('is caught where one of them is at fault: the others are rejected, too', async () => {
    expect(await only(poison, rows({ status: 400, means: no }))).toMatchObject({
      ok: false,
      ran: true,
      why: expect.stringMatching(/^event \d+, a good one, is \{"kind":"rejected"/),
    });
  });

  test.each([400, 406, 409, 418, 422, 431])('is caught with a %i, and told what it can say', async (status) => {
    expect(await only(unnamed, rows({ status, means: no }))).toMatchObject({
      ok: false,
      why: expect.stringMatching(new RegExp(`^${status} to 4 events: event 0 is rejected, [^]*"wholeRequest"$`)),
    });
  });

  test('is caught with a 413, which no statement excuses', async () => {
    const results = await checksOfKites(/^batches/, rows({ status: 413, means: no }), {
      'replies/unread.json': reply(400, undefined, { wholeRequest }),
      'cases/unread.json': sales(['unread'], ['rejected', 'rejected']),
    });
    const failed = results.filter(({ ok }) => !ok).map(({ title }) => title);
    expect(failed).toEqual([
      expect.stringMatching(unnamed),
      expect.stringMatching(stated),
      expect.stringMatching(tooLarge),
    ]);
  });

  test('is caught with a 413 that is recorded with a body, where only that body is rejected', async () => {
    const handler = rows({ status: 413, says: /too big/, means: no });
    expect(await only(tooLarge, handler)).toMatchObject({ ok: true });
    const recorded: Recorded = {
      'replies/too-big.json': reply(413, { message: 'too big' }),
      'cases/too-big.json': sales(['too-big'], ['rejected']),
    };
    for (const title of [unnamed, tooLarge]) expect(await only(title, handler, recorded)).toMatchObject({ ok: false });
  });
});

test('F-41 a folder that suspends on a bare 400 is caught: one poison event would stop the others', async () => {
  expect(await only(unnamed, rows({ status: 400, means: off }))).toMatchObject({
    ok: false,
    why: expect.stringContaining('the request is not split, and one event stops the others'),
  });
});

test('F-41 a folder may suspend on another 4xx', async () => {
  expect(await only(unnamed, rows({ status: [409, 422], means: off }))).toMatchObject({ ok: true, ran: true });
});

describe('F-41 a reply that says where the vendor calls its 400 one of the whole request', () => {
  test('excuses a folder that does not split it, and its words are the reason', async () => {
    const handler = rows({ status: 400, means: no });
    const results = await checksOfKites(/^(?:batches|case|replies)/, handler, statement('rejected'));
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results.find(({ title }) => poison.test(title))).toMatchObject({
      ran: false,
      why: `a 400 of this vendor is about the whole request: ${wholeRequest}`,
    });
    expect(results.find(({ title }) => stated.test(title))).toMatchObject({ ran: true });
  });

  test('is about the answer with its body alone, if it has one', async () => {
    const body = { message: 'The list could not be read' };
    const recorded = statement('rejected', body);
    const worded = rows({ status: 400, says: /^The list could not be read$/, means: no });
    for (const title of [poison, unnamed, stated])
      expect(await only(title, worded, recorded)).toMatchObject({ ok: true, ran: true });
    for (const title of [poison, unnamed])
      expect(await only(title, rows({ status: 400, means: no }), recorded)).toMatchObject({ ok: false });
  });

  test('is untrue if the folder splits that answer', async () => {
    expect(await only(stated, rows(), statement('rejected'))).toMatchObject({
      ok: false,
      why: expect.stringMatching(/unread\.json says wholeRequest, but the folder tries .* in smaller requests$/),
    });
  });

  test('is untrue if another recorded answer with that status names the refused events', async () => {
    const recorded: Recorded = {
      ...statement('rejected'),
      'replies/unread.json': reply(422, undefined, { wholeRequest }),
      'replies/named.json': reply(422, { refused: { perRefused: { index: '{{index}}' } } }),
      'cases/named.json': sales(['named', 'results'], ['rejected', 'delivered']),
      // The house looks at the first answer that names events.
      'replies/results.json': reply(200, { received: '{{n}}', results: { perItem: { sale: '{{key}}', ok: true } } }),
      'cases/second-refused.json': sales(['results'], ['delivered']),
    };
    expect(await only(stated, rows({ status: 422, means: no }), recorded)).toMatchObject({
      ok: false,
      why: expect.stringMatching(/says wholeRequest of every 422, but a recorded 422 names the events/),
    });
  });

  test('has a source at the vendor, and no answer but a refusal has it', () => {
    const errorsOf = (json: object): string => JSON.stringify(replyFormat.safeParse(json).error?.issues ?? 'none');
    expect(errorsOf(reply(400, undefined, { wholeRequest }))).toBe('"none"');
    expect(errorsOf(reply(400, undefined, { wholeRequest, source: 'policy' }))).toContain('cannot be \\"policy\\"');
    expect(errorsOf(reply(400, undefined, { wholeRequest: 'yes' }))).toContain('must say where the vendor says so');
    for (const status of [200, 413, 503])
      expect(errorsOf(reply(status, undefined, { wholeRequest }))).toContain('is for a 4xx, and not for a 413');
  });
});

test('F-41 a folder that gets one event a request, or sends by itself, has no such checks to pass', async () => {
  const adjust = await failuresOf(path.resolve('destinations/adjust'), { only: /^batches: F-41/ });
  expect(adjust).toBe('');
});
