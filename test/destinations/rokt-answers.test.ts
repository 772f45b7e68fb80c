import { describe, expect, it } from '@jest/globals';
import {
  decodeEntities,
  type Batch,
  type Delivery,
  type Exchange,
  type HttpResponse,
  type RetryDecision,
} from '../../core/api/index.ts';
import rokt from '../../destinations/rokt/index.ts';
import { decisionsFor } from '../support/destinations/answer-reading.ts';
import type { RoktBatch } from '../../destinations/rokt/mapping.ts';

const { response: handler } = rokt;

function delivery(index: number, confirmationref?: string): Delivery<RoktBatch> {
  const payload: RoktBatch = {
    environment: 'production',
    user_identities: { email: `user-${index}@example.com` },
    events: [
      {
        event_type: 'custom_event',
        data: {
          event_name: 'conversion',
          custom_attributes: {
            currency: 'USD',
            gift: 'é\u{1f600}',
            ...(confirmationref === undefined ? {} : { confirmationref }),
          },
        },
      },
    ],
  };
  const text = JSON.stringify(payload);
  return { index, eventId: `m-${index}`, payload, text, bytes: Buffer.byteLength(text) };
}
const batchOf = (...items: [Delivery<RoktBatch>, ...Delivery<RoktBatch>[]]): Batch<RoktBatch> => ({ items });
const lone = batchOf(delivery(0, 'o-0'));
const three = batchOf(delivery(0, 'o-0'), delivery(1, 'o-1'), delivery(2, 'o-2'));
const bodyOf = (batch: Batch<RoktBatch>) => `[${batch.items.map(({ text }) => text).join(',')}]`;

const answer = (status: number, body: unknown = '', headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  receivedAt: Date.parse('2026-01-15T12:00:00Z'),
});
const exchangeOf = (response: HttpResponse, sent: string): Exchange => ({
  request: { method: 'POST', url: 'https://s2s.us1.mparticle.com', headers: {}, body: sent },
  response,
});
const read = (response: HttpResponse, batch = three, sent = bodyOf(batch)) =>
  handler.readReply?.(exchangeOf(response, sent), batch);
/** With core's share of the reading. */
const readWhole = (response: HttpResponse, batch = three, sent = bodyOf(batch)) =>
  decisionsFor(rokt, exchangeOf(response, sent), batch as Batch<never>);
const judge = (response: HttpResponse, batch = lone): RetryDecision =>
  handler.classifyError({ kind: 'http', response }, batch);
const kinds = (decisions: readonly RetryDecision[] | undefined) => decisions?.map(({ kind }) => kind);
const errors = (...messages: unknown[]) => ({ errors: messages.map((message) => ({ code: 'BAD_REQUEST', message })) });
const reasonsIn = (decisions: readonly RetryDecision[] = []) =>
  decisions.map((decision) => (decision.kind === 'accept' ? undefined : decision.reason.message));

const yes = 'accept';
const no = 'reject';
const once = 'isolate';
const named = (index: number) => `Wrong. Path '[${index}].device_info.ios_advertising_id', line 1, position 3.`;
const vague = 'A batch could not be read.';

describe('what a 202 and a 400 say of each batch', () => {
  it.each(['', ' \n', '{"errors":[]}', '{"errors":[],"error":false}'])(
    'ROKT-52 a 202 to a bulk request with the body %p is a yes to all',
    (body) => {
      expect(kinds(readWhole(answer(202, body)))).toEqual([yes, yes, yes]);
    },
  );

  it('F-07 ROKT-52 a 202 to a request of one batch has nothing in it', () => {
    const [{ text }] = lone.items;
    expect(kinds(readWhole(answer(202), lone, text))).toEqual([yes]);
    expect(kinds(readWhole(answer(202, '{"errors":[]}'), lone, text))).toEqual(['ambiguous']);
  });

  it.each(['OK', '{"errors":[{"mess', '[]', '"accepted"', '{}', '{"errors":null}', '{"note":"queued"}'])(
    'F-07 ROKT-52 ROKT-62 a 202 with the body %p cannot be read, so nobody knows',
    (body) => {
      expect(read(answer(202, body))).toBeUndefined();
      expect(kinds(readWhole(answer(202, body)))).toEqual(['ambiguous', 'ambiguous', 'ambiguous']);
    },
  );

  it.each(['{"errors":"many"}', '{"error":"broken"}'])(
    'F-07 ROKT-62 a 202 with %p is a no that names nobody: smaller requests tell',
    (body) => {
      expect(read(answer(202, body))).toBeUndefined();
      expect(kinds(readWhole(answer(202, body)))).toEqual(['split', 'split', 'split']);
      expect(kinds(readWhole(answer(202, body), lone))).toEqual([no]);
    },
  );

  it('ROKT-52 a body that is cut is not read, however whole it looks', () => {
    expect(read({ ...answer(202), cut: true })).toBeUndefined();
    expect(read({ ...answer(400, errors(vague)), cut: true })).toBeUndefined();
  });

  it.each([200, 201, 204, 206])('ROKT-52 a %p is no yes', (status) => {
    expect(read(answer(status))).toBeUndefined();
    expect(judge(answer(status))).toMatchObject({ kind: 'ambiguous' });
  });

  it.each([
    ['an index', [named(1)], [yes, no, yes]],
    ['two indexes', [named(0), named(2)], [no, yes, no]],
    ['the same index twice', [named(2), named(2)], [yes, yes, no]],
    ['an index nobody has', [named(3)], [once, once, once]],
    ['an index and nobody', [named(0), vague], [no, once, once]],
    ['no message', [undefined], [once, once, once]],
    ['another line', ["Path 'data', line 2, position 10."], [once, once, once]],
  ])('ROKT-62 a 202 whose errors name %s', (_what, messages, decisions) => {
    expect(kinds(read(answer(202, errors(...messages))))).toEqual(decisions);
  });

  it('ROKT-62 a position in the sent text names the batch it falls into, to the character', () => {
    const [first, second] = three.items.map(({ text }) => text.length) as [number, number];
    const at = (position: number, sent?: string) =>
      kinds(
        read(
          answer(202, errors(`Bad. Path 'data.custom_attributes.currency', line 1, position ${position}.`)),
          three,
          sent,
        ),
      );
    expect(at(1)).toEqual([once, once, once]);
    expect(at(2)).toEqual([no, yes, yes]);
    expect(at(1 + first)).toEqual([no, yes, yes]);
    expect(at(2 + first)).toEqual([once, once, once]);
    expect(at(3 + first)).toEqual([yes, no, yes]);
    expect(at(2 + first + second)).toEqual([yes, no, yes]);
    expect(at(4 + first + second)).toEqual([yes, yes, no]);
    expect(at(bodyOf(three).length)).toEqual([once, once, once]);
    expect(at(99_999)).toEqual([once, once, once]);
    expect(at(3 + first, 'another text')).toEqual([once, once, once]);
  });

  it('ROKT-53 ROKT-62 entities are decoded before a message is read', () => {
    const escaped = 'Bad &quot;value&quot;. Path &#39;[2].events&#x27;, line 1, position 9.';
    expect(kinds(read(answer(202, errors(escaped))))).toEqual([yes, yes, no]);
    expect(decodeEntities('&lt;&amp;gt;&#38;&apos;&#x1F600;&#9999999;&nbsp;')).toBe("<&gt;&'\u{1f600}&#9999999;&nbsp;");
  });

  it('ROKT-62 what a message quotes cannot pass for its path', () => {
    const quoting = `Cannot convert "Path '[0].x', line 1, position 5." Path '[1].events', line 1, position 7.`;
    expect(kinds(read(answer(202, errors(quoting))))).toEqual([yes, no, yes]);
  });

  it('F-11 ROKT-62 a path or a position that was sent with an event names nobody', () => {
    const quoted = (text: string, message: string) => {
      const culprit = delivery(1, text);
      const batch = batchOf(delivery(0, 'o-0'), culprit, delivery(2, 'o-2'));
      return kinds(read(answer(202, errors(message)), batch));
    };
    const inside = `Path '[0].x', line 1, position 5.`;
    expect(quoted(inside, `Cannot convert "${inside}"`)).toEqual([once, once, once]);
    expect(quoted(inside, `Cannot convert ${inside}`)).toEqual([once, once, once]);
    expect(quoted('[0].x', `Wrong. Path '[0].x', line 1, position 5.`)).toEqual([once, once, once]);
    expect(quoted('at line 1, position 5', `Wrong. Path 'x', line 1, position 5`)).toEqual([once, once, once]);
    expect(quoted(`Path '[0]["x"]'.`, `Wrong Path '[0]["x"]'.`)).toEqual([once, once, once]);
    expect(quoted('Path &#39;[0][&quot;x&quot;]&#39;.', 'Wrong Path &#39;[0][&quot;x&quot;]&#39;.')).toEqual([
      once,
      once,
      once,
    ]);
    expect(quoted(inside, `Wrong. Path '[1].events', line 1, position 7.`)).toEqual([yes, no, yes]);
  });

  it('F-10 ROKT-62 what a 202 may have taken carries that doubt, named or not', () => {
    const doubts = (messages: readonly unknown[], status = 202) =>
      (read(answer(status, errors(...messages))) ?? []).map(
        (made) => made.kind !== 'accept' && made.ambiguous === true,
      );
    expect(doubts([vague])).toEqual([true, true, true]);
    expect(doubts([named(0), vague])).toEqual([false, true, true]);
    expect(doubts([named(1)])).toEqual([false, false, false]);
    expect(doubts([vague], 400)).toEqual([false, false, false]);
  });

  it('ROKT-34 ROKT-62 after a vague 202 only what Rokt deduplicates goes once more', () => {
    const mixed = batchOf(delivery(0, 'o-0'), delivery(1));
    expect(kinds(read(answer(202, errors(vague)), mixed))).toEqual([once, 'ambiguous']);
  });

  it('ROKT-63 a 400 is a no to every batch, and the unnamed go once more, alone', () => {
    expect(kinds(read(answer(400, errors(named(1)))))).toEqual([once, no, once]);
    expect(kinds(read(answer(400, errors(vague))))).toEqual([once, once, once]);
    expect(kinds(read(answer(400, errors(named(0), named(1), named(2)))))).toEqual([no, no, no]);
  });

  it.each([202, 400])('ROKT-53 the errors of a %p to a lone batch are its own, whatever they name', (status) => {
    for (const message of [vague, named(7)]) expect(kinds(read(answer(status, errors(message)), lone))).toEqual([no]);
  });

  it('ROKT-53 ROKT-63 a 400 without readable errors is split, and alone it is final', () => {
    for (const body of ['', '<html>', '{}', '{"errors":[]}']) {
      expect(read(answer(400, body))).toBeUndefined();
      expect(judge(answer(400, body), three)).toMatchObject({ kind: 'split' });
    }
  });

  it('ROKT-53 a reason names an attribute that was sent, and nothing else of the message', () => {
    const blamed = [
      [
        `Bad "jane.doe@example.com". Path '[0].events[0].data.custom_attributes.currency', line 1, position 2.`,
        ' because of "currency"',
      ],
      [`Bad. Path '[0].events[0].data.custom_attributes['gift']', line 1, position 2.`, ' because of "gift"'],
      ['Required event field "event_type" is missing or empty.', ' because of "event_type"'],
      [`Required event field "event_type" is missing. Path '[0]', line 1, position 2.`, ' because of "event_type"'],
      [`Bad. Path '[0].jane', line 1, position 2.`, ''],
      [`Bad. Path '[0].constructor', line 1, position 2.`, ''],
      ['"user-0@example.com" is no address', ''],
      ['', ''],
    ] as const;
    for (const [message, because] of blamed) {
      expect(reasonsIn(read(answer(400, errors(message)), lone))).toEqual([`Rokt refused the conversion${because}`]);
    }
  });

  it('ALL-04 every batch gets one decision, whatever the errors say', () => {
    const many = Array.from({ length: 500 }, (_, index) => named(index));
    expect(read(answer(202, errors(...many)))).toHaveLength(3);
    expect(read(answer(400, { errors: [null, 7, 'x', [], {}] }))).toHaveLength(3);
  });
});

describe('what the other statuses mean', () => {
  it.each([
    ['ROKT-54', 401, 'suspend', 'unauthorized'],
    ['ROKT-55', 403, 'suspend', 'unauthorized'],
    ['ROKT-58', 503, 'retry', 'vendor_unavailable'],
    ['ROKT-59', 500, 'retry', 'vendor_unavailable'],
    ['ROKT-59', 501, 'retry', 'vendor_unavailable'],
    ['ROKT-59', 599, 'retry', 'vendor_unavailable'],
    ['ROKT-60', 404, 'suspend', 'misconfigured'],
    ['ROKT-60', 405, 'suspend', 'misconfigured'],
    ['ROKT-60', 415, 'suspend', 'misconfigured'],
    ['ROKT-60', 408, 'retry', 'vendor_unavailable'],
    ['ROKT-60', 413, 'split', 'payload_too_large'],
    ['ROKT-60', 422, 'split', 'vendor_rejected'],
    ['ALL-02', 302, 'suspend', 'misconfigured'],
  ])('%s a %p makes it %s, %s', (_rule, status, kind, code) => {
    expect(read(answer(status))).toBeUndefined();
    expect(judge(answer(status), three)).toMatchObject({ kind, reason: { code, status } });
  });

  it.each([
    ['0', 0],
    ['7', 7000],
    [' 120 ', 120_000],
    ['1.5', undefined],
    ['-1', undefined],
    ['soon', undefined],
    ['Thu, 15 Jan 2026 12:20:00 GMT', undefined],
    [undefined, undefined],
  ])('ROKT-56 ROKT-57 ALL-05 a 429 with Retry-After %p asks for %p ms', (written, afterMs) => {
    const decision = judge(answer(429, '', written === undefined ? {} : { 'retry-after': written }));
    expect(decision).toMatchObject({ kind: 'retry', reason: { code: 'rate_limited', status: 429 } });
    expect(decision.kind === 'retry' ? decision.afterMs : 'none').toBe(afterMs);
  });

  it('ROKT-56 ALL-05 a Retry-After date is not read on a 503 either', () => {
    const date = { 'retry-after': 'Thu, 15 Jan 2026 12:20:00 GMT' };
    expect(judge(answer(503, '', date))).not.toHaveProperty('afterMs');
  });

  it('ROKT-64 the limit that was exceeded is named when it is one of the documented ones', () => {
    const message = (limit: string) => {
      const decision = judge(answer(429, '', { 'x-mp-rate-limit-exceeded': limit }));
      return decision.kind === 'retry' ? decision.reason.message : '';
    };
    for (const limit of ['org', 'account', 'app', 'feed', 'workspace', 'system', 'Acceleration']) {
      expect(message(limit)).toContain(limit.toLowerCase());
    }
    expect(message('jane.doe@example.com')).not.toContain('jane');
  });

  it('ROKT-61 what broke before an answer is retried or ambiguous, never refused', () => {
    expect(handler.classifyError({ kind: 'network', code: 'ECONNREFUSED', received: 'no' }, lone)).toMatchObject({
      kind: 'retry',
    });
    expect(handler.classifyError({ kind: 'network', code: 'ECONNRESET', received: 'maybe' }, lone)).toMatchObject({
      kind: 'ambiguous',
    });
    expect(handler.classifyError({ kind: 'timeout', afterMs: 10_000 }, lone)).toMatchObject({ kind: 'ambiguous' });
    expect(rokt.manifest.replay).toBe('tolerated');
  });
});
