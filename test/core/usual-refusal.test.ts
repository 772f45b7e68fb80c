import { describe, expect, it, test } from '@jest/globals';
import { accept, errorTable, decide, isObject, usualRefusal } from '../../core/api/index.ts';
import { acme, testConnection, codes, kinds, track, tracks } from '../support/runtime/test-connection.ts';
import type { ScriptedReply } from '../support/runtime/scripted-vendor.ts';

describe('the usual words for a no', () => {
  test.each<unknown>([
    { error: 'x' },
    { Error: true },
    { ERRORS: [null] },
    { errors: { a: 1 } },
    { fault: {} },
    { fault: 'x' },
    { error: 0 },
    { success: false },
    { Success: 'true' },
    { success: null },
    { success: 1 },
    { OK: false },
    { ok: {} },
    { status: 'FAILED' },
    { status: ' Failure ' },
    { result: 'error' },
    { code: 400 },
    { code: '404' },
    { status: 400 },
    { code: 1001 },
    { Status: '422' },
    [{ error: 'x' }],
    { results: [{ id: 1, Success: false }] },
    { success: true, error: 'x' },
  ])('F-07 %j says no', (answer) => {
    expect(usualRefusal(answer)).toStrictEqual({ partial: false });
  });

  test.each<[unknown, number]>([
    [{ code: 429 }, 429],
    [{ code: 500 }, 500],
    [{ Status: 503 }, 503],
    [{ status: '599' }, 599],
    [{ success: false, code: 503 }, 503],
    [{ error: { code: 503, message: 'x' } }, 503],
    [{ errors: [{ status: '429' }] }, 429],
    [[{ code: 500 }], 500],
  ])('F-07 %j names the status %i', (answer, status) => {
    expect(usualRefusal(answer)).toStrictEqual({ status, partial: false });
  });

  test.each<unknown>([
    undefined,
    null,
    false,
    'bad token',
    7,
    [],
    {},
    [[{ error: 'x' }]],
    { error: null, errors: [], fault: false, success: true, ok: true },
    { errors: {} },
    { error: '' },
    { fault: null },
    { status: 'ok', code: 200 },
    { status: 399, code: '0' },
    { code: 'BAD_REQUEST' },
    { status: 'failed to fail' },
    { message: 'error' },
    { data: { error: 'x' } },
    { list: ['error', 500] },
  ])('F-07 %j has none of them', (answer) => {
    expect(usualRefusal(answer)).toBeUndefined();
  });

  it('F-07 a list with both has refused a part', () => {
    expect(usualRefusal([{ ok: true }, { ok: false }])).toStrictEqual({ partial: true });
    expect(usualRefusal({ results: [{ ok: true }, { error: 'x' }] })).toStrictEqual({ partial: true });
    expect(usualRefusal({ succeeded: [{ id: 1 }], failed: [{ error: 'x' }] })).toStrictEqual({ partial: true });
    expect(usualRefusal({ succeeded: [], failed: [{ error: 'x' }] })).toStrictEqual({ partial: false });
    expect(usualRefusal([{ ok: false }, { error: 'x' }])).toStrictEqual({ partial: false });
  });

  it('F-07 looks into no list where only the top is asked about', () => {
    expect(usualRefusal({ alerts: [{ status: 'failed' }] }, 'top')).toBeUndefined();
    expect(usualRefusal([{ error: 'x' }], 'top')).toBeUndefined();
    expect(usualRefusal({ errors: [{ code: 503 }] }, 'top')).toStrictEqual({ status: 503, partial: false });
  });

  it('F-07 an answer that is nested without end is read at once', () => {
    const depth = 20_000;
    const nested = JSON.parse('{"error":'.repeat(depth) + '1' + '}'.repeat(depth)) as unknown;
    expect(usualRefusal(nested)).toStrictEqual({ partial: false });
  });
});

describe('a 2xx', () => {
  const house = errorTable<never>().classifyError;
  const delivering = async (answer: ScriptedReply, count: number, response: object = {}) => {
    const destination = acme({ response: { classifyError: house, ...response } as never }, { replay: 'harmful' });
    const { deliver, vendor } = testConnection({
      destination,
      script: () => answer,
      connection: { retry: { attempts: 1 } },
    });
    return { codes: codes(await deliver(tracks(count))), requests: vendor.requests.length };
  };
  const body = (said: unknown): ScriptedReply => ({ status: 200, body: said });
  const anyObject = { success: [{ body: isObject }] };

  it.each(['OK', '<html>OK</html>', { accepted: 1 }, '{}', 'null', 'false', '[]', '7', '"bad token"'])(
    'F-07 with %j is no yes at a folder that says nothing about its yes',
    async (said) => {
      expect((await delivering(body(said), 1)).codes).toEqual(['unknown: ambiguous_delivery']);
      expect((await delivering({ status: 200 }, 1)).codes).toEqual(['delivered']);
    },
  );

  it('F-07 a word that refuses wins over the form of a success: final for one event, smaller requests for several', async () => {
    expect(await delivering(body({ success: false }), 1, anyObject)).toEqual({
      codes: ['rejected: vendor_rejected'],
      requests: 1,
    });
    const { codes: outcomes, requests } = await delivering(body({ fault: {} }), 3, anyObject);
    expect(outcomes).toEqual(Array(3).fill('rejected: vendor_rejected'));
    expect(requests).toBe(5);
  });

  it('F-07 a no with 429 or 5xx is read as that status, by the folder’s own rows', async () => {
    expect((await delivering(body({ code: 429 }), 1, anyObject)).codes).toEqual(['deferred: rate_limited']);
    expect((await delivering(body({ status: 500 }), 1, anyObject)).codes).toEqual(['deferred: vendor_unavailable']);
    const own = errorTable<never>({
      rows: [{ status: 503, means: decide('suspend', 'misconfigured', 'Closed') }],
    }).classifyError;
    expect((await delivering(body({ code: 503 }), 1, { ...anyObject, classifyError: own })).codes).toEqual([
      'suspended: misconfigured',
    ]);
  });

  it('F-07 a no to a part that names nobody leaves all of it in doubt', async () => {
    const partly = body([{ ok: true }, { ok: false }]);
    expect((await delivering(partly, 2, { success: [{ body: Array.isArray }] })).codes).toEqual(
      Array(2).fill('unknown: ambiguous_delivery'),
    );
  });

  it.each([
    [{ stored: 2 }, 2, 'delivered'],
    [{ stored: 1 }, 2, 'unknown: ambiguous_delivery'],
    [{ stored: 3 }, 2, 'unknown: ambiguous_delivery'],
    [{ stored: '2' }, 2, 'unknown: ambiguous_delivery'],
    [{}, 1, 'unknown: ambiguous_delivery'],
    [{ stored: 0 }, 1, 'rejected: vendor_rejected'],
    [{ stored: 1, error: 'no' }, 1, 'rejected: vendor_rejected'],
  ])('a form that counts: %j to %i events is %s', async (said, count, outcome) => {
    const counts = { accepted: 'stored' };
    expect((await delivering(body(said), count, { success: [{ body: isObject, counts }] })).codes).toEqual(
      Array(count).fill(outcome),
    );
  });

  it('a form that counts leaves what its success means to the folder, and so does what is unclear', async () => {
    const counts = { accepted: 'stored' };
    const means = () => decide('skip', 'validated_only', 'A dry run');
    const counted = { success: [{ body: isObject, counts, means }], resendUnclear: false };
    expect((await delivering(body({ stored: 2 }), 2, counted)).codes).toEqual(Array(2).fill('skipped: validated_only'));
    const unclear = await delivering(body({ stored: 3 }), 2, { ...counted, resendUnclear: false });
    expect(unclear).toEqual({ codes: Array(2).fill('unknown: ambiguous_delivery'), requests: 1 });
  });

  it('F-07 the verdicts that a folder reads itself go before the words', async () => {
    const readReply = (_exchange: unknown, { items }: { items: readonly unknown[] }) => items.map(() => accept());
    expect((await delivering(body({ errors: ['a warning'] }), 2, { readReply })).codes).toEqual([
      'delivered',
      'delivered',
    ]);
  });

  it('F-07 a form of a yes is a status and a body: empty, a text, or what its JSON is', async () => {
    const success = [
      { status: [202, 204], body: 'empty' },
      { body: /^(?:ok|queued)$/i },
      { status: 201, body: (answer: unknown) => isObject(answer) && answer['accepted'] === 1 },
    ];
    const told = async (answer: ScriptedReply) => (await delivering(answer, 1, { success })).codes[0];
    for (const answer of [{ status: 202 }, { status: 204 }, body(' OK\n'), { status: 201, body: { accepted: 1 } }])
      expect(await told(answer)).toBe('delivered');
    for (const answer of [
      { status: 200 },
      body('ok, failed'),
      { status: 202, body: 'ok' },
      { status: 201 },
      { status: 201, body: { accepted: 0 } },
      { status: 201, body: 'accepted' },
    ])
      expect(await told(answer)).toBe('unknown: ambiguous_delivery');
  });

  it('F-07 a folder with verdicts of its own has no other yes unless it names one', async () => {
    const readReply = () => undefined;
    expect((await delivering({ status: 200 }, 1, { readReply })).codes).toEqual(['unknown: ambiguous_delivery']);
  });

  it.each([
    ['a name twice', '{"success":false,"success":true}'],
    ['a name twice, once in other letters', '{"\\u0065rror":"bad token","a":[{}],"error" : null}'],
    ['a name twice in an entry of a list', '{"results":[{"error":"x","id":"a:\\"b","error":null}]}'],
  ])('F-07 with %s says two things', async (_title, said) => {
    expect((await delivering({ status: 200, body: said }, 1, anyObject)).codes).toEqual([
      'unknown: ambiguous_delivery',
    ]);
  });

  it.each(['\uFEFF{"success":false}', '\u00a0{"success":false}'])(
    'F-07 a no is one behind whatever a yes may stand behind: %j',
    async (said) => {
      expect((await delivering({ status: 200, body: said }, 1, anyObject)).codes).toEqual([
        'rejected: vendor_rejected',
      ]);
    },
  );

  it('F-07 one name in two objects is no repetition', async () => {
    const said = '{"a":{"id":1},"id":"id\\":","b":[{"id":1},{"id":1}]}';
    expect((await delivering({ status: 200, body: said }, 1, anyObject)).codes).toEqual(['delivered']);
  });

  it('F-06 F-20 one that says nothing is sent again nowhere that has nothing to know a copy by', async () => {
    const destination = acme({ response: { classifyError: house, resendUnclear: false, ...anyObject } as never });
    const answers: readonly (readonly [ScriptedReply, string])[] = [
      [{ status: 200, body: 'what?' }, 'ambiguous_delivery'],
      [{ status: 200, body: `{"a":"${'x'.repeat(70_000)}"}` }, 'reply_too_large'],
      [{ status: 200, headers: { 'content-encoding': 'zstd' }, body: '{}' }, 'reply_unreadable'],
    ];
    for (const [answer, code] of answers) {
      const { deliver, vendor } = testConnection({ destination, script: () => answer });
      expect(codes(await deliver([track('a')]))).toEqual([`unknown: ${code}`]);
      expect(vendor.requests).toHaveLength(1);
    }
  });

  it('F-07 half a yes is none', async () => {
    const destination = acme(
      { response: { classifyError: house, success: [{ body: /^x+$/ }] } as never },
      { replay: 'harmful' },
    );
    const { deliver } = testConnection({ destination, script: () => ({ status: 200, body: 'x'.repeat(70_000) }) });
    expect(kinds(await deliver([track('a')]))).toEqual(['unknown']);
  });
});
