import { describe, expect, it, test } from '@jest/globals';
import { errorTable, type ErrorRow } from '../../core/api/answers/error-table.ts';
import { errorMessage } from '../../core/api/answers/vendor-errors.ts';
import { readResponse } from '../../core/runtime/sending/read-response.ts';
import { retryLater } from '../../core/api/answers/house-table.ts';
import { accept, decide, decisionKinds } from '../../core/api/decision.ts';
import type { Batch, Delivery } from '../../core/api/delivery.ts';
import type { HttpResponse } from '../../core/api/failure.ts';
import { jsonBody } from '../../core/api/answers/reply-readers.ts';
import { retryAfterMs } from '../../core/api/answers/retry-after.ts';

const receivedAt = Date.UTC(2026, 0, 15, 12);
const answer = (status: number, more: Partial<HttpResponse> = {}): HttpResponse => ({
  status,
  headers: {},
  body: '',
  receivedAt,
  ...more,
});
const item = (index: number, key?: string): Delivery<object> => ({
  index,
  key,
  eventId: `m-${index}`,
  payload: {},
  text: '{}',
  bytes: 2,
});
const batch: Batch<object> = { items: [item(0, 'a'), item(1, 'b'), item(2)] };
const waits = (written: string): HttpResponse => answer(429, { headers: { 'retry-after': written } });

describe('the house table', () => {
  const house = errorTable<object>().classifyError;

  test.each([
    [301, 'suspend', 'misconfigured'],
    [304, 'suspend', 'misconfigured'],
    [308, 'suspend', 'misconfigured'],
    [400, 'split', 'vendor_rejected'],
    [401, 'suspend', 'unauthorized'],
    [403, 'suspend', 'unauthorized'],
    [404, 'split', 'vendor_rejected'],
    [408, 'retry', 'vendor_unavailable'],
    [413, 'split', 'payload_too_large'],
    [422, 'split', 'vendor_rejected'],
    [421, 'retry', 'vendor_unavailable'],
    [423, 'retry', 'vendor_unavailable'],
    [424, 'retry', 'vendor_unavailable'],
    [425, 'retry', 'vendor_unavailable'],
    [402, 'suspend', 'misconfigured'],
    [407, 'suspend', 'misconfigured'],
    [426, 'suspend', 'misconfigured'],
    [428, 'suspend', 'misconfigured'],
    [511, 'suspend', 'misconfigured'],
    [431, 'split', 'vendor_rejected'],
    [499, 'ambiguous', 'ambiguous_delivery'],
    [520, 'ambiguous', 'ambiguous_delivery'],
    [521, 'ambiguous', 'ambiguous_delivery'],
    [522, 'ambiguous', 'ambiguous_delivery'],
    [523, 'ambiguous', 'ambiguous_delivery'],
    [524, 'ambiguous', 'ambiguous_delivery'],
    [525, 'retry', 'vendor_unavailable'],
    [429, 'retry', 'rate_limited'],
    [451, 'split', 'vendor_rejected'],
    [500, 'retry', 'vendor_unavailable'],
    [501, 'retry', 'vendor_unavailable'],
    [502, 'ambiguous', 'ambiguous_delivery'],
    [503, 'retry', 'vendor_unavailable'],
    [504, 'ambiguous', 'ambiguous_delivery'],
    [599, 'retry', 'vendor_unavailable'],
    [200, 'ambiguous', 'ambiguous_delivery'],
    [202, 'ambiguous', 'ambiguous_delivery'],
    [204, 'ambiguous', 'ambiguous_delivery'],
  ])('F-08 F-23 F-82 %i means %s (%s)', (status, kind, code) => {
    expect(house({ kind: 'http', response: answer(status) }, batch)).toMatchObject({ kind, reason: { code, status } });
  });

  test.each([
    ['never left', { kind: 'network', code: 'ECONNREFUSED', received: 'no' }, 'retry', 'network'],
    [
      'reset after it began to leave',
      { kind: 'network', code: 'ECONNRESET', received: 'maybe' },
      'ambiguous',
      'ambiguous_delivery',
    ],
    ['timeout', { kind: 'timeout', afterMs: 1000 }, 'ambiguous', 'ambiguous_delivery'],
    [
      'crash before it left',
      { kind: 'crash', error: new Error('secret text'), left: false },
      'split',
      'internal_error',
    ],
    [
      'crash after it left',
      { kind: 'crash', error: new Error('secret text'), left: true },
      'ambiguous',
      'ambiguous_delivery',
    ],
  ] as const)('no answer, %s: %s', (_title, failure, kind, code) => {
    const decision = house(failure, batch);
    expect(decision).toMatchObject({ kind, reason: { code } });
    expect(JSON.stringify(decision)).not.toContain('secret text');
    expect(decision).not.toHaveProperty('reason.status');
  });

  it('F-08 a gateway that gave up keeps its Retry-After, and is told from the vendor', () => {
    const response = answer(504, { headers: { 'retry-after': '7' } });
    expect(house({ kind: 'http', response }, batch)).toMatchObject({ kind: 'ambiguous', afterMs: 7000 });
  });

  it('F-08 rows of the vendor’s own do not undo a gateway’s status, unless the body says so', () => {
    const again503 = decide('retry', 'vendor_unavailable', 'Later');
    const bare = errorTable<object>({ rows: [{ status: [499, 500, 502, 504, 520], means: again503 }] }).classifyError;
    for (const status of [499, 502, 504, 520])
      expect(bare({ kind: 'http', response: answer(status) }, batch)).toMatchObject({ kind: 'ambiguous' });
    expect(bare({ kind: 'http', response: answer(500) }, batch)).toMatchObject({ kind: 'retry' });
    const documented = errorTable<object>({
      rows: [{ status: 502, body: /"taken":false/, means: again503 }],
    }).classifyError;
    const said = answer(502, { body: '{"taken":false}' });
    expect(documented({ kind: 'http', response: said }, batch)).toMatchObject({ kind: 'retry' });
    expect(documented({ kind: 'http', response: answer(502) }, batch)).toMatchObject({ kind: 'ambiguous' });
  });

  it('F-23 a 407 names the proxy', () => {
    const decision = house({ kind: 'http', response: answer(407) }, batch);
    expect(decision).toMatchObject({ reason: { message: expect.stringContaining('proxy') } });
  });

  it('F-23 a wait that cannot be read is one all the same: the connection pauses', () => {
    const response = answer(503, { headers: { 'retry-after': 'soon' } });
    const decision = house({ kind: 'http', response }, batch);
    expect(decision).toMatchObject({ kind: 'retry', reason: { code: 'rate_limited' } });
    expect(decision).not.toHaveProperty('afterMs');
  });

  it('ALL-05 waits as long as a transient answer asks, and calls that a rate limit', () => {
    const response = answer(503, { headers: { 'retry-after': '7' } });
    expect(house({ kind: 'http', response }, batch)).toMatchObject({
      kind: 'retry',
      afterMs: 7000,
      reason: { code: 'rate_limited' },
    });
    expect(house({ kind: 'http', response: answer(503) }, batch)).not.toHaveProperty('afterMs');
  });

  it('ROKT-56 reads no date where the vendor documents seconds alone', () => {
    const response = waits('Thu, 15 Jan 2026 12:00:30 GMT');
    const rokt = errorTable<object>({ retryAfter: 'seconds' }).classifyError;
    expect(house({ kind: 'http', response }, batch)).toMatchObject({ afterMs: 30_000 });
    expect(rokt({ kind: 'http', response }, batch)).not.toHaveProperty('afterMs');
    expect(retryLater(waits('4'), 'seconds')).toMatchObject({ kind: 'retry', afterMs: 4000 });
  });
});

describe('a vendor’s own rows', () => {
  /* oxlint-disable unicorn/no-thenable -- rows of a table, never awaited */
  const rows: readonly ErrorRow<object>[] = [
    {
      status: 400,
      body: /unknown token/i,
      means: decide('suspend', 'misconfigured', 'No such token', { scope: 'token:t' }),
    },
    { status: [400, 404], means: decide('reject', 'invalid_value', 'Refused') },
    { status: 409, means: accept('already had it') },
    {
      status: 500,
      means: (response, { items }) => decide('reject', 'vendor_rejected', `${response.body} ${items.length}`),
    },
  ];
  const classify = errorTable({ rows }).classifyError;
  const of = (status: number, body = '') => classify({ kind: 'http', response: answer(status, { body }) }, batch);

  it('win over the house table, the first that matches status and body', () => {
    expect(of(400, 'UNKNOWN TOKEN t')).toEqual(
      decide('suspend', 'misconfigured', 'No such token', { status: 400, scope: 'token:t' }),
    );
    expect(of(400, 'other')).toEqual(decide('reject', 'invalid_value', 'Refused', { status: 400 }));
    expect(of(404)).toEqual(decide('reject', 'invalid_value', 'Refused', { status: 404 }));
    expect(of(409)).toEqual(accept('already had it'));
    expect(of(500, 'for')).toEqual(decide('reject', 'vendor_rejected', 'for 3', { status: 500 }));
  });

  it('leave everything they do not mention to the house table', () => {
    expect(of(403)).toMatchObject({ kind: 'suspend' });
    expect(classify({ kind: 'timeout', afterMs: 1 }, batch)).toMatchObject({ kind: 'ambiguous' });
  });
});

describe('F-33 what a row of an error table can match', () => {
  const stop = decide('suspend', 'misconfigured', 'Stop');
  const refused = decide('reject', 'vendor_rejected', 'No');
  const json = (value: unknown) => ({ body: JSON.stringify(value) });
  const scoped = (...scopes: (string | undefined)[]): Batch<object> => ({
    items: scopes.map((scope, index) => ({
      ...item(index),
      ...(scope === undefined ? {} : { scopes: ['device:1', scope] }),
    })) as unknown as Batch<object>['items'],
  });
  const tableOf = (...rows: ErrorRow<object>[]) => errorTable<object>({ rows });
  const judge = (rows: ErrorRow<object>[], status: number, more: Partial<HttpResponse> = {}, of = batch) =>
    tableOf(...rows).classifyError({ kind: 'http', response: answer(status, more) }, of);

  it('the message in a usual place, or the text of the body', () => {
    const rows = [{ status: 400, says: /^bad token$/, means: stop }];
    for (const body of [
      { error: 'bad token' },
      { message: ' bad token ' },
      { error: { message: 'bad token' } },
      { errors: [{ message: 'bad token' }] },
      ['bad token'],
    ])
      expect(judge(rows, 400, json(body))).toMatchObject({ kind: 'suspend', reason: { status: 400 } });
    expect(judge(rows, 400, { body: 'bad token\n' })).toMatchObject({ kind: 'suspend' });
    expect(judge(rows, 400, json({ error: 'a bad token' }))).toMatchObject({ kind: 'split' });
    expect(judge(rows, 404, json({ error: 'bad token' }))).toMatchObject({ kind: 'split' });
  });

  it('a code or a parameter of any of its errors, to the letter', () => {
    const rows: ErrorRow<object>[] = [
      { status: 400, code: ['17', 'E2'], means: stop },
      { status: 400, about: 'token', means: refused },
    ];
    expect(judge(rows, 400, json({ errors: [{ message: 'x' }, { code: 17 }] }))).toMatchObject({ kind: 'suspend' });
    expect(judge(rows, 400, json([{ name: 'token', error: 'bad' }]))).toMatchObject({ kind: 'reject' });
    for (const body of [{ error: 'E2' }, { code: 'E22' }, { name: 'token' }, { note: '"code":"E2"' }])
      expect(judge(rows, 400, json(body))).toMatchObject({ kind: 'split' });
  });

  it('a pattern with the flags g and y remembers nothing from one answer to the next', () => {
    const { classifyError } = tableOf({ status: 400, says: /bad/gy, body: /bad/g, means: stop });
    const failure = { kind: 'http', response: answer(400, { body: 'bad' }) } as const;
    for (let time = 0; time < 4; time++) expect(classifyError(failure, batch)).toMatchObject({ kind: 'suspend' });
  });

  it('words make a gateway’s answer and a 403 the vendor’s own', () => {
    const rows: ErrorRow<object>[] = [{ status: [403, 502], says: /^closed/, means: stop }];
    expect(judge(rows, 502, { body: 'closed' })).toMatchObject({ kind: 'suspend' });
    expect(judge(rows, 502, { body: '<html>' })).toMatchObject({ kind: 'ambiguous' });
    expect(judge(rows, 403, { body: 'closed' })).not.toHaveProperty('unproven');
    expect(judge([{ status: 403, means: stop }], 403)).toHaveProperty('unproven', true);
  });

  it('a row that means retry waits as the table’s form of Retry-After says', () => {
    const date = { headers: { 'retry-after': 'Thu, 15 Jan 2026 12:00:30 GMT' } };
    const rows: ErrorRow<object>[] = [{ status: 418, means: 'retry' }];
    expect(judge(rows, 418, date)).toMatchObject({ kind: 'retry', afterMs: 30_000 });
    const { classifyError } = errorTable<object>({ rows, retryAfter: 'seconds' });
    expect(classifyError({ kind: 'http', response: answer(418, date) }, batch)).not.toHaveProperty('afterMs');
  });

  it('a suspension is limited to the scope that all items share; if they differ, the request is split first', () => {
    const rows: ErrorRow<object>[] = [{ status: 400, means: stop, scope: 'token:' }];
    expect(judge(rows, 400, {}, scoped('token:a', 'token:a'))).toMatchObject({ kind: 'suspend', scope: 'token:a' });
    for (const mixed of [scoped('token:a', 'token:b'), scoped('token:a', undefined)])
      expect(judge(rows, 400, {}, mixed)).toMatchObject({ kind: 'split', reason: { message: 'Stop', status: 400 } });
    expect(judge(rows, 400, {}, scoped(undefined))).not.toHaveProperty('scope');
    const waits: ErrorRow<object>[] = [{ status: 429, means: 'retry', scope: 'token:' }];
    expect(judge(waits, 429, {}, scoped('token:a'))).toMatchObject({ kind: 'retry', scope: 'token:a' });
    expect(judge(waits, 429, {}, scoped('token:a', 'token:b'))).not.toHaveProperty('scope');
  });

  it('the vendor’s message goes along with a refusal, and not with what is transient', () => {
    const table = errorTable<object>({
      messageOf: errorMessage('why'),
      rows: [{ status: 400, means: decide('reject', 'vendor_rejected', 'No', { vendorMessage: 'own' }) }],
    });
    const of = (status: number, body: unknown) =>
      table.classifyError({ kind: 'http', response: answer(status, json(body)) }, batch);
    expect(of(422, { why: 'odd' })).toMatchObject({ kind: 'split', vendorMessage: 'odd' });
    expect(of(400, { why: 'odd' })).toMatchObject({ kind: 'reject', vendorMessage: 'own' });
    expect(of(503, { why: 'odd' })).not.toHaveProperty('vendorMessage');
    expect(of(502, { why: 'odd' })).not.toHaveProperty('vendorMessage');
    const whole = errorTable<object>({ messageOf: errorMessage('why'), detail: 'body' });
    const failure = { kind: 'http', response: answer(422, json({ why: 'odd' })) } as const;
    expect(whole.classifyError(failure, batch)).not.toHaveProperty('vendorMessage');
    expect(errorTable<object>().classifyError(failure, batch)).not.toHaveProperty('vendorMessage');
  });

  it('F-11 a message counts as documented if its pattern has words of its own and no wildcard', () => {
    const fixed = [/^bad event/i, /bl(?:ack|ock)listed/, /authori[sz]e\b/, /a\.b/];
    const open = [/^bad .*/, /token \w+/, /[^a]/, /a+/, /.{3}/, /\S/];
    const table = errorTable({
      documented: [/x/],
      rows: [...fixed, ...open].map((says) => ({ status: 400, says, means: stop })),
    });
    expect(table.documented).toEqual([/x/, ...fixed]);
  });
});

describe('F-33 a 2xx that is a no', () => {
  const stop = decide('suspend', 'misconfigured', 'No such token');
  const rows: readonly ErrorRow<object>[] = [
    { status: 202, says: /^wrong/, means: stop },
    { status: 400, says: /^no such token/, means: stop },
    { status: 400, says: /^duplicate/, means: accept('already had it') },
    { status: 400, means: decide('reject', 'vendor_rejected', 'No') },
  ];
  const handler = {
    ...errorTable<object>({ rows }),
    success: [{ body: 'empty' as const }, { status: 202, body: /^ok$/ }],
  };
  const lone: Batch<object> = { items: [item(0)] };
  const read = (
    status: number,
    body: unknown,
    { of = lone, ...more }: Partial<HttpResponse> & { of?: Batch<object> } = {},
  ) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request = { method: 'POST', url: 'https://api.vendor.example', headers: {} } as const;
    const reply = readResponse(handler, { request, response: answer(status, { body: text, ...more }) }, of);
    return reply.kind === 'settled' ? reply.decisions.map(({ kind }) => kind) : reply.kind;
  };

  it('is read by a row for its status, before the forms of success', () => {
    expect(read(202, 'wrong token')).toEqual(['suspend']);
    expect(read(202, 'ok')).toEqual(['accept']);
    expect(read(202, 'wrong token', { of: batch })).toEqual(['suspend', 'suspend', 'suspend']);
  });

  it('means in a usual form what the first row with its words means, whatever the row’s status', () => {
    expect(read(200, { error: 'no such token' })).toEqual(['suspend']);
    expect(read(200, { error: 'duplicate of m-1' })).toEqual(['accept']);
    expect(read(200, { error: 'something new' })).toEqual(['reject']);
    expect(read(200, { message: 'no such token' })).toEqual(['ambiguous']);
    expect(read(200, { message: 'duplicate of m-1' })).toEqual(['ambiguous']);
    expect(read(200, { error: { code: 503, message: 'no such token' } })).toBe('failed');
  });

  it('accepts nothing that is cut, and nothing of a partial refusal', () => {
    expect(read(200, { error: 'duplicate of m-1' }, { cut: true })).toEqual(['ambiguous']);
    const partial = [{ ok: true }, { error: 'duplicate' }];
    expect(read(200, partial, { of: batch })).toEqual(['split', 'split', 'split']);
  });

  it('is no place to accept: success is what the forms of success name', () => {
    expect(() => errorTable({ rows: [{ status: [200, 202], says: /^ok/, means: accept() }] })).toThrow(
      'a row for a 2xx',
    );
    const sly = errorTable<object>({ rows: [{ status: 200, means: () => accept() }] });
    expect(sly.readRefusal(answer(200), batch, false)).toBeUndefined();
  });
});

describe('decide', () => {
  it('carries a wait only where one is waited for, a scope only where one is held, and no empty keys', () => {
    const extra = { afterMs: 1, scope: 's', field: 'f', status: 400 };
    const reason = { code: 'network', message: 'm', field: 'f', status: 400 };
    for (const kind of decisionKinds) {
      if (kind === 'accept') continue;
      const waits = kind === 'retry' || kind === 'defer';
      const own = {
        ...(waits || kind === 'ambiguous' ? { afterMs: 1 } : {}),
        ...(waits || kind === 'suspend' ? { scope: 's' } : {}),
      };
      expect(decide(kind, 'network', 'm', extra)).toStrictEqual({ kind, reason, ...own });
      expect(decide(kind, 'network', 'm')).toStrictEqual({ kind, reason: { code: 'network', message: 'm' } });
    }
  });

  it('accepts with or without a note', () => {
    expect(accept()).toStrictEqual({ kind: 'accept' });
    expect(accept('again')).toStrictEqual({ kind: 'accept', note: 'again' });
  });
});

describe('Retry-After', () => {
  test.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Thu, 15 Jan 2026 12:00:30 GMT', 30_000],
    ['Thu, 15 Jan 2026 11:00:00 GMT', 0],
    ['999999999', 999_999_999_000],
    ['1768478430000', 999_999_999_000],
    ['9'.repeat(400), 999_999_999_000],
    ['1.5', 1_500],
    ['0.0001', 1],
    ['120, 7', 120_000],
    ['7,120', 120_000],
    ['soon, 7', 7_000],
    ['7, Thu, 15 Jan 2026 12:00:30 GMT', 30_000],
    ['Thu, 15 Jan 2026 12:00:30 GMT, 120', 120_000],
    ['Thu, 15 Jan 2026 12:00:30 GMT, Thu, 15 Jan 2026 12:00:40 GMT', 40_000],
    ['Thursday, 15-Jan-26 12:00:30 GMT', 30_000],
    ['Friday, 15-Jan-99 12:00:30 GMT', 0],
    ['Thu Jan 15 12:00:30 2026', 30_000],
    ['Sun Feb  1 12:00:00 2026', 17 * 86_400_000],
    ['Thu, 15 Jan 2026 12:00:60 GMT', 60_000],
  ])('F-23 "%s" asks for %i ms: clamping is the retry policy’s', (written, ms) => {
    expect(retryAfterMs(waits(written))).toBe(ms);
  });

  test.each([
    '',
    '-5',
    '+5',
    '1e3',
    '5s',
    '1.5.5',
    'Thu, 15 Foo 2026 12:00:30 GMT',
    'Thu, 15 anF 2026 12:00:30 GMT',
    'Mon Feb 30 12:00:00 2026',
    '2026-01-15T12:00:30Z',
    'Thu, 15 Jan 2026 12:00:30 CET',
    'Thu, 99 Jan 2026 12:00:30 GMT',
    'soon',
  ])('"%s" asks for nothing', (written) => {
    expect(retryAfterMs(waits(written))).toBeUndefined();
  });

  it('is absent in most answers', () => {
    expect(retryAfterMs(answer(429))).toBeUndefined();
  });
});

describe('a body as JSON', () => {
  it('jsonBody reads objects and arrays, and nothing from an empty, cut or foreign body', () => {
    expect(jsonBody('{"a":1}')).toEqual({ a: 1 });
    expect(jsonBody('[1]')).toEqual([1]);
    for (const body of ['', '{"a":', '<html>', 'null', '"text"', '7'])
      expect([body, jsonBody(body)]).toEqual([body, undefined]);
  });
});
