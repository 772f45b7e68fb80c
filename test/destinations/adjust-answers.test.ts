import { describe, expect, it } from '@jest/globals';
import type { Failure, RetryDecision } from '../../core/api/index.ts';
import adjust from '../../destinations/adjust/index.ts';
import { eventOf, folderUnderTest } from '../../core/testing/index.ts';

const folder = folderUnderTest(adjust, {
  appToken: 'app0exmpl123',
  environment: 'production',
  eventTokens: { 'Order Completed': 'purch1' },
});
const purchase = eventOf('order-completed-ios');

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly cut?: boolean;
}

function verdict(answer: Answer): RetryDecision {
  const decisions = folder.decisions(answer, [purchase]);
  expect(decisions).toHaveLength(1);
  return decisions[0] as RetryDecision;
}

const error = (message: string) => JSON.stringify({ error: `Event request failed (${message})` });

function short(decision: RetryDecision): string {
  if (decision.kind === 'accept') return decision.note === undefined ? 'accept' : 'accept with a note';
  const scope = decision.kind === 'suspend' && decision.scope !== undefined ? ` ${decision.scope}` : '';
  const wait = decision.kind === 'retry' && decision.afterMs !== undefined ? ` after ${decision.afterMs}` : '';
  return `${decision.kind} ${decision.reason.code}${scope}${wait}`;
}

describe('Adjust answers', () => {
  it.each<[string, Answer, string]>([
    ['ADJUST-51 OK as JSON', { status: 200, body: '{"status":"OK"}' }, 'accept'],
    [
      'ADJUST-51 OK with more members',
      { status: 200, body: '{"status":"OK","fine_conversion_value":3,"error":null}' },
      'accept',
    ],
    ['ADJUST-51 OK as text', { status: 200, body: ' ok\n' }, 'accept'],
    ['ADJUST-51 an empty 200', { status: 200 }, 'accept'],
    [
      'ADJUST-51 a 200 that is cut off',
      { status: 200, body: '{"status":"O', cut: true },
      'ambiguous ambiguous_delivery',
    ],
    ['ADJUST-51 a 200 with a web page', { status: 200, body: '<html>OK</html>' }, 'ambiguous ambiguous_delivery'],
    ['ADJUST-51 a 200 with a list', { status: 200, body: '[]' }, 'ambiguous ambiguous_delivery'],
    [
      'ADJUST-51 ADJUST-52 a 200 with a known error',
      { status: 200, body: error('App token not found') },
      'suspend misconfigured',
    ],
    [
      'ADJUST-51 ADJUST-52 a 200 with an unknown error',
      { status: 200, body: error('Something new') },
      'reject vendor_rejected',
    ],
    [
      'ADJUST-51 ADJUST-55 a 200 with the duplicate error',
      { status: 200, body: error('Ignoring event, earlier unique event tracked') },
      'accept with a note',
    ],
    [
      'ADJUST-36 ADJUST-53 a time before the install',
      { status: 400, body: error('Bad event state') },
      'reject vendor_rejected',
    ],
    ['ADJUST-54 an unknown app token', { status: 400, body: error('Invalid app token') }, 'suspend misconfigured'],
    [
      'ADJUST-55 a unique event that came before',
      { status: 400, body: error('Ignoring event, earlier unique event tracked') },
      'accept with a note',
    ],
    [
      'ADJUST-52 ADJUST-55 the same in message, beside a number in error',
      {
        status: 400,
        body: '{"error":400,"message":"Event request failed (Ignoring event, earlier unique event tracked)"}',
      },
      'accept with a note',
    ],
    [
      'ADJUST-55 the older text for a unique event',
      { status: 400, body: error('Ignoring event subsequent to an event supposed to be unique (purch1)') },
      'accept with a note',
    ],
    [
      'ADJUST-56 unreadable parameters',
      { status: 400, body: error('Invalid callback parameters') },
      'reject vendor_rejected',
    ],
    [
      'ADJUST-57 a wrong event token',
      { status: 400, body: error('Invalid event token') },
      'suspend misconfigured token:purch1',
    ],
    ['ADJUST-58 unusable revenue', { status: 400, body: error('Invalid revenue') }, 'reject vendor_rejected'],
    [
      'ADJUST-59 a failed authorisation',
      { status: 401, body: error('Failed to authorize request') },
      'suspend unauthorized',
    ],
    ['ADJUST-60 an app that is switched off', { status: 403, body: error('App is inactive') }, 'suspend misconfigured'],
    [
      'ADJUST-61 a platform that is switched off',
      { status: 403, body: error('Tracking disabled') },
      'suspend misconfigured platform:ios',
    ],
    [
      'ADJUST-62 a blacklisted token',
      { status: 403, body: error('Event token blacklisted') },
      'suspend misconfigured token:purch1',
    ],
    [
      'ADJUST-62 a blocklisted token',
      { status: 403, body: error('Event token blocklisted') },
      'suspend misconfigured token:purch1',
    ],
    ['ADJUST-63 a missing app', { status: 404, body: error('App token not found') }, 'suspend misconfigured'],
    ['ADJUST-64 an unknown device', { status: 404, body: error('Device not found') }, 'reject vendor_rejected'],
    [
      'ADJUST-64 an unknown device under 401',
      { status: 401, body: error('device not found') },
      'reject vendor_rejected',
    ],
    [
      'ADJUST-65 a request too large',
      { status: 413, body: error('Request size too large') },
      'reject payload_too_large',
    ],
    ['ADJUST-66 an opted-out device', { status: 451, body: error('Device is opted out') }, 'skip consent_denied'],
    ['ADJUST-66 a 451 without a word', { status: 451 }, 'skip consent_denied'],
    [
      'ADJUST-67 an internal error',
      { status: 500, body: error('Internal error, contact support@adjust.com') },
      'retry vendor_unavailable',
    ],
    [
      'ADJUST-69 a missing S2S token',
      { status: 202, body: error('Missing authentication token') },
      'suspend unauthorized',
    ],
    [
      'ADJUST-69 a wrong S2S token, as text',
      { status: 202, body: 'Wrong authentication token' },
      'suspend unauthorized',
    ],
    ['ADJUST-69 any other 202', { status: 202, body: '{"status":"OK"}' }, 'ambiguous ambiguous_delivery'],
    ['ADJUST-51 any other 2xx', { status: 204 }, 'ambiguous ambiguous_delivery'],
    [
      'ADJUST-70 an S2S token without the scope',
      { status: 401, body: error('Session failed') },
      'suspend unauthorized',
    ],
    [
      'ADJUST-71 ALL-05 a pause in seconds',
      { status: 429, headers: { 'retry-after': '7' } },
      'retry rate_limited after 7000',
    ],
    [
      'ADJUST-71 ALL-05 a pause until a date',
      { status: 429, headers: { 'retry-after': 'Thu, 15 Jan 2026 12:00:09 GMT' } },
      'retry rate_limited after 9000',
    ],
    ['ADJUST-71 a 408', { status: 408 }, 'retry vendor_unavailable'],
    ['ADJUST-71 a 503', { status: 503, body: '<html>' }, 'retry vendor_unavailable'],
    ['F-08 ADJUST-71 ADJUST-72 a 502 of a gateway', { status: 502, body: '<html>' }, 'ambiguous ambiguous_delivery'],
    ['F-08 ADJUST-71 ADJUST-72 a 504 of a gateway', { status: 504 }, 'ambiguous ambiguous_delivery'],
    ['F-23 ADJUST-68 an unpaid account', { status: 402 }, 'suspend misconfigured'],
    ['ADJUST-71 a 501', { status: 501 }, 'retry vendor_unavailable'],
    ['ALL-02 a redirect', { status: 302, headers: { location: 'https://example.com' } }, 'suspend misconfigured'],
  ])('%s', (_, answer, expected) => expect(short(verdict(answer))).toBe(expected));

  it.each<[number, string]>([
    [400, 'reject vendor_rejected'],
    [401, 'suspend unauthorized'],
    [403, 'suspend unauthorized'],
    [404, 'reject vendor_rejected'],
  ])('ADJUST-68 judges a %i by its message and is careful with one it does not know', (status, expected) => {
    expect(short(verdict({ status, body: error('Something new') }))).toBe(expected);
    expect(short(verdict({ status, body: error('Invalid event token') }))).toBe(
      status === 400 ? 'suspend misconfigured token:purch1' : expected,
    );
  });

  it.each([
    ['spaces inside the parentheses', '{"error":"Event request failed ( Invalid revenue )"}'],
    ['another case', '{"error":"EVENT REQUEST FAILED (INVALID REVENUE)"}'],
    [
      'more members',
      '{"timestamp":"2026-01-15","error":"Event request failed (Invalid revenue)","message":"Invalid app token"}',
    ],
    ['the message alone', '{"error":"Invalid revenue"}'],
    ['the message in another member', '{"message":"Invalid revenue"}'],
    ['plain text', 'Event request failed (Invalid revenue)'],
    ['JSON that is cut', '{"error":"Event request failed (Invalid revenue)'],
  ])('ADJUST-52 finds the message in spite of %s', (_, body) => {
    expect(verdict({ status: 400, body })).toMatchObject({
      kind: 'reject',
      reason: { field: 'properties.revenue', status: 400 },
    });
  });

  it('ADJUST-52 a huge hostile answer is judged at once', () => {
    const body = 'request failed ('.repeat(4_000);
    const before = performance.now();
    expect(short(verdict({ status: 400, body }))).toBe('reject vendor_rejected');
    expect(performance.now() - before).toBeLessThan(500);
  });

  it.each<[string, Failure, string]>([
    ['ADJUST-72 a timeout', { kind: 'timeout', afterMs: 10_000 }, 'ambiguous ambiguous_delivery'],
    ['ADJUST-72 a reset', { kind: 'network', code: 'ECONNRESET', received: 'maybe' }, 'ambiguous ambiguous_delivery'],
    ['ADJUST-72 a request that never left', { kind: 'network', code: 'ECONNREFUSED', received: 'no' }, 'retry network'],
  ])('%s', (_, failure, expected) => expect(short(folder.decision(failure, [purchase]))).toBe(expected));
});
