import { describe, expect, test } from '@jest/globals';
import {
  accept,
  isObject,
  jsonValue,
  verdictsByIndex,
  verdictsByPosition,
  type Batch,
  type Exchange,
} from '../../core/index.ts';
import type { Sale } from '../support/contract/kites/mapping.ts';
import { entriesOf, readReply, readResult, refusal } from '../support/contract/kites/response.ts';
import { checksOfKites, reply, sales, type Recorded } from '../support/contract/recorded-kites.ts';

const contradiction = /^batches: F-41 an answer that refuses some by name, but/;

const check = async (read: unknown, recorded?: Recorded) => {
  const [result] = await checksOfKites(contradiction, { readReply: read }, recorded, { only: recorded !== undefined });
  return result;
};

/** The refused sales of a 400 by their index; the others are taken. */
const byIndex = (fits: (answer: Readonly<Record<string, unknown>>, batch: Batch<Sale>) => boolean) => {
  return (exchange: Exchange, batch: Batch<Sale>) => {
    const { status, body } = exchange.response;
    const refused = status === 400 ? entriesOf(body, 'refused') : undefined;
    const answer = jsonValue(body);
    if (refused === undefined || refused.length === 0 || !isObject(answer)) return readReply(exchange, batch);
    const verdicts = refused.map(({ index }) => [typeof index === 'number' ? index : undefined, refusal('')] as const);
    return fits(answer, batch) ? verdictsByIndex(batch, verdicts, accept()) : undefined;
  };
};

const one = { sale: 'person-0@example.com', ok: true };
const recorded = (body: object): Recorded => ({
  'replies/one.json': reply(200, { received: 1, results: [one] }),
  'cases/one.json': sales(['one'], ['delivered']),
  'replies/some.json': reply(400, body),
  'cases/some.json': sales(['some'], ['delivered', 'rejected', 'delivered']),
});

describe('F-41 an answer that names the refused events, and whose count does not fit', () => {
  const counting = recorded({ code: 400, stored: 2, refused: [{ index: 1 }] });

  test('must not deliver: a folder that does not read the count is caught', async () => {
    expect(
      await check(
        byIndex(() => true),
        counting,
      ),
    ).toMatchObject({
      ok: false,
      why: expect.stringMatching(
        /^event 0 is delivered by an answer to 3 events that contradicts itself: \{"status":400.*"stored":[13],/,
      ),
    });
  });

  test('does not deliver where the count is compared', async () => {
    const fits = byIndex(({ stored, refused }, { items }) => stored === items.length - (refused as unknown[]).length);
    expect(await check(fits, counting)).toMatchObject({ ok: true, ran: true });
  });

  test('is found where a reply writes the count as {{n}}', async () => {
    expect(
      await check(({ response: { body } }: Exchange, batch: Batch<Sale>) =>
        verdictsByPosition(batch, entriesOf(body, 'results') ?? [], readResult),
      ),
    ).toMatchObject({ ok: false, why: expect.stringMatching(/"received":[24],/) });
    expect(await check(readReply)).toMatchObject({ ok: true, ran: true });
  });

  test('is not made out of a number that counts nothing', async () => {
    const others = { code: 400, error_code: 1, total_quota: 2, processing_ms: 2, refused: [{ index: 1 }] };
    expect(
      await check(
        byIndex(() => true),
        recorded(others),
      ),
    ).toMatchObject({
      ok: true,
      ran: false,
      why: 'the answer that names the refused events has no count of them, and one name for each',
    });
  });
});

describe('F-41 an answer that names a refused event by its place and by the id of another', () => {
  const named: Recorded = recorded({ refused: [{ index: 1, sale: 'person-1@example.com' }] });

  test('must not deliver: a folder that reads the place alone is caught', async () => {
    expect(
      await check(
        byIndex(() => true),
        named,
      ),
    ).toMatchObject({
      ok: false,
      why: expect.stringContaining('"refused":[{"index":1,"sale":"nobody-4711"}]'),
    });
  });

  test('does not deliver where the two are compared', async () => {
    const fits = byIndex(({ refused }, { items }) =>
      (refused as readonly { readonly index: number; readonly sale: string }[]).every(
        ({ index, sale }) => items[index]?.key === sale,
      ),
    );
    expect(await check(fits, named)).toMatchObject({ ok: true, ran: true });
  });
});
