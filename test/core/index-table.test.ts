import { describe, expect, it } from '@jest/globals';
import {
  accept,
  decide,
  indexTable,
  type Batch,
  type Delivery,
  type Exchange,
  type IndexTableOptions,
  type RetryDecision,
} from '../../core/api/index.ts';

interface Item {
  readonly user: string;
}
const item = (index: number): Delivery<Item> => ({
  index,
  eventId: `m-${index}`,
  payload: { user: `user-${index}` },
  text: '{}',
  bytes: 2,
});
const batch: Batch<Item> = { items: [item(0), item(1), item(2)] };
const answer = (status: number, body: unknown): Exchange => ({
  request: { method: 'POST', url: 'https://api.vendor.example/', headers: {} },
  response: { status, headers: {}, receivedAt: 0, body: typeof body === 'string' ? body : JSON.stringify(body) },
});

const refused = decide('reject', 'vendor_rejected', 'Acme refuses it');
const silent = decide('skip', 'vendor_rejected', 'Acme wants no more of it');
const resend = decide('resend', 'vendor_rejected', 'Acme refused another one');
const rows = [
  { status: 400, at: 'errors.invalid', means: refused },
  { status: [400, 207], at: 'silenced', means: silent },
];
const read = (exchange: Exchange, options: Partial<IndexTableOptions<Item>> = {}) =>
  indexTable<Item>({ rows, others: resend, ...options })(exchange, batch);
const kindsOf = (decisions: readonly RetryDecision[] | undefined) => decisions?.map(({ kind }) => kind);

describe('an answer that names items by index', () => {
  it.each<readonly [unknown, readonly string[]]>([
    [{ silenced: [1] }, ['resend', 'skip', 'resend']],
    [{ errors: { invalid: { time: [0, 2], ip: [2] } } }, ['reject', 'resend', 'reject']],
    [{ errors: { invalid: [{ index: 2, message: 'no' }] }, silenced: [] }, ['resend', 'resend', 'reject']],
    [{ errors: { invalid: [0] }, silenced: [0, 1] }, ['reject', 'skip', 'resend']],
  ])('%j', (body, kinds) => {
    expect(kindsOf(read(answer(400, body)))).toEqual(kinds);
  });

  it('adds the status of the answer to every reason', () => {
    const decisions = read(answer(400, { silenced: [1] }));
    expect(decisions?.map((decision) => 'reason' in decision && decision.reason.status)).toEqual([400, 400, 400]);
  });

  it('may look at the item and at the answer', () => {
    const means = ({ payload }: Delivery<Item>, said: object) =>
      decide('retry', 'rate_limited', 'Wait', { scope: payload.user, afterMs: Object.keys(said).length });
    const decisions = read(answer(429, { slow: [1], other: 1 }), { rows: [{ status: 429, at: 'slow', means }] });
    expect(decisions?.[1]).toMatchObject({ kind: 'retry', scope: 'user-1', afterMs: 2, reason: { status: 429 } });
  });

  it.each([
    [400, {}],
    [400, { silenced: [] }],
    [400, { silenced: null }],
    [422, { silenced: [1] }],
    [400, [1]],
    [400, '{"silenced":[1'],
    [400, ''],
  ])('is not read where no row names anything: %i %j', (status, body) => {
    expect(read(answer(status, body))).toBeUndefined();
  });

  it.each([{ silenced: [7] }, { silenced: [1.5] }, { silenced: [-1] }, { silenced: ['m-1'] }, { silenced: 'all' }])(
    'is split where what it names is no item and the vendor took nothing: %j',
    (body) => {
      expect(kindsOf(read(answer(400, body)))).toEqual(['split', 'split', 'split']);
    },
  );

  it.each([{ silenced: [7] }, { silenced: [{ id: 'm-1' }] }, { silenced: { a: 1 } }])(
    'accepts nothing where what it names is no item: %j',
    (body) => {
      const doubt = ['ambiguous', 'ambiguous', 'ambiguous'];
      expect(kindsOf(read(answer(207, body), { others: accept() }))).toEqual(doubt);
    },
  );

  it('leaves the other items in doubt unless the folder knows better', () => {
    const named = answer(207, { silenced: [0] });
    expect(kindsOf(indexTable<Item>({ rows })(named, batch))).toEqual(['skip', 'ambiguous', 'ambiguous']);
    expect(kindsOf(read(named, { others: accept() }))).toEqual(['skip', 'accept', 'accept']);
  });
});
