import { describe, expect, it } from '@jest/globals';
import {
  accept,
  decide,
  indexTable,
  isObject,
  type Batch,
  type Delivery,
  type Exchange,
  type IndexTableOptions,
  type JsonValue,
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

  it.each([
    { silenced: [7] },
    { silenced: [{ id: 'm-1' }] },
    { silenced: { a: 1 } },
    // F-40 a lone number may be a count.
    { silenced: 1 },
    { silenced: 'quota exceeded' },
  ])('accepts nothing where what it names is no item: %j', (body) => {
    const doubt = ['ambiguous', 'ambiguous', 'ambiguous'];
    expect(kindsOf(read(answer(207, body), { others: accept() }))).toEqual(doubt);
  });

  it('leaves the other items in doubt unless the folder knows better', () => {
    const named = answer(207, { silenced: [0] });
    expect(kindsOf(indexTable<Item>({ rows })(named, batch))).toEqual(['skip', 'ambiguous', 'ambiguous']);
    expect(kindsOf(read(named, { others: accept() }))).toEqual(['skip', 'accept', 'accept']);
  });

  it('may look at the entry that names the item', () => {
    const means = (_item: Delivery<Item>, _said: object, entry: JsonValue) =>
      decide('reject', 'vendor_rejected', isObject(entry) ? `About ${JSON.stringify(entry['field'])}` : 'About all');
    const decisions = read(answer(400, { failed: [{ index: 2, field: 'time' }, 0] }), {
      rows: [{ status: 400, at: 'failed', means }],
    });
    expect(decisions?.map((decision) => 'reason' in decision && decision.reason.message)).toEqual([
      'About all',
      'Acme refused another one',
      'About "time"',
    ]);
  });
});

describe('an answer that repeats the key of what it names by index', () => {
  const keyed: Batch<Item> = {
    items: [
      { ...item(0), key: 'm-0' },
      { ...item(1), key: '17' },
    ],
  };
  const checked = indexTable<Item>({
    rows: [{ status: 400, at: 'failed', keyAt: ['$id', 'id'], means: refused }],
    others: accept(),
  });
  const kinds = (failed: unknown) => kindsOf(checked(answer(400, { failed }), keyed));

  it.each([
    [[{ index: 1, id: '17' }]],
    [[{ index: 1, $id: '17', id: 'ignored' }]],
    [[{ index: 1, $id: null, id: 17 }]],
    [[{ index: 1 }]],
    [[1]],
  ])('is believed where the key is that of the item, or is not there: %j', (failed) => {
    expect(kinds(failed)).toEqual(['accept', 'reject']);
  });

  it.each([
    [[{ index: 1, id: 'm-0' }]],
    [[{ index: 1, $id: 'm-0', id: '17' }]],
    [[{ index: 1, id: {} }]],
    [[{ index: 1, id: '' }]],
  ])('accepts nothing where it is another: %j', (failed) => {
    expect(kinds(failed)).toEqual(['ambiguous', 'ambiguous']);
  });

  it('still refuses what another entry names for certain', () => {
    expect(
      kinds([
        { index: 0, id: 'm-0' },
        { index: 1, id: 'm-9' },
      ]),
    ).toEqual(['reject', 'ambiguous']);
  });

  it('says nothing of an item that was sent without a key', () => {
    expect(kindsOf(checked(answer(400, { failed: [{ index: 1, id: 'm-1' }] }), batch))).toEqual(
      Array(3).fill('ambiguous'),
    );
  });
});

describe('an answer that counts beside what it names by index', () => {
  const all = { accepted: 'taken', refused: 'stats.failed', total: 'received' };
  const counted = (body: object, options: Partial<IndexTableOptions<Item>> = {}) =>
    kindsOf(read(answer(400, { silenced: [1], ...body }), { others: accept(), counts: all, ...options }));
  const right = { taken: 2, stats: { failed: 1 }, received: 3 };

  it('is believed where all counts fit', () => {
    expect(counted(right)).toEqual(['accept', 'skip', 'accept']);
    expect(counted({ taken: 2 }, { counts: { accepted: 'taken' } })).toEqual(['accept', 'skip', 'accept']);
    expect(counted({ taken: 2, silenced: [1, 1] }, { counts: { accepted: 'taken' } })).toEqual([
      'accept',
      'skip',
      'accept',
    ]);
    expect(counted({ taken: 0 }, { others: resend, counts: { accepted: 'taken' } })).toEqual([
      'resend',
      'skip',
      'resend',
    ]);
  });

  it.each([
    { ...right, taken: 1 },
    { ...right, taken: '2' },
    { ...right, taken: undefined },
    { ...right, stats: { failed: 2 } },
    { ...right, stats: 1 },
    { ...right, received: 4 },
  ])('leaves all in doubt but what a row refuses where one does not: %j', (body) => {
    expect(counted(body)).toEqual(['ambiguous', 'skip', 'ambiguous']);
  });

  it('sends nothing again for certain where a part was taken after all', () => {
    const counts = { accepted: 'taken' };
    expect(counted({ taken: 1 }, { others: resend, counts })).toEqual(['ambiguous', 'skip', 'ambiguous']);
    expect(counted({ taken: 1, silenced: [1, 7] }, { others: resend, counts })).toEqual(Array(3).fill('ambiguous'));
  });

  it('does not count as refused what a row accepts', () => {
    const rowsThatAccept = [...rows, { status: 400, at: 'known', means: accept() }];
    const body = { known: [0], taken: 2, stats: { failed: 1 }, received: 3 };
    expect(counted(body, { rows: rowsThatAccept })).toEqual(['accept', 'skip', 'accept']);
    expect(counted({ ...body, taken: 1 }, { rows: rowsThatAccept })).toEqual(['ambiguous', 'skip', 'ambiguous']);
  });

  it('says so with the status of the answer', () => {
    const [first] = read(answer(400, { silenced: [1] }), { counts: { total: 'n' } }) ?? [];
    expect(first).toMatchObject({ reason: { code: 'ambiguous_delivery', status: 400 } });
  });
});
