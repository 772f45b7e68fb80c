import { gzipSync } from 'node:zlib';
import { bare, type Answer } from './answer.ts';
import type { FaultKind, FaultPlan } from './faults.ts';

export interface FaultContext {
  readonly plan: FaultPlan;
  /** What the vendor would have said. */
  readonly honest: Answer;
  /** The status of this vendor's yes, for answers that only look like one. */
  readonly successStatus: number;
  /** A yes on the status line with this vendor's no in the body. */
  readonly errorInside: Answer;
  /** Epoch ms. */
  readonly now: () => number;
}

/** An answer as it goes over the wire. */
export type WireAnswer = Omit<Answer, 'body'> & { readonly body?: string | Buffer };

/**
 * What a client gets to see: an answer; one whose head promises more than comes; a head alone, without a length, and a
 * reset; or less. `slow` is the honest answer, too late.
 */
export type DeliveredAnswer =
  WireAnswer | { readonly breaksOff: Answer } | { readonly headOnly: number } | 'reset' | 'slow' | 'silence';

/** A gateway or a firewall before the vendor speaks HTML. */
const page = (status: number, title: string): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html><head><title>${status} ${title}</title></head><body><h1>${title}</h1></body></html>`,
});

export function faultyAnswer(
  kind: FaultKind,
  { plan, honest, successStatus, errorInside, now }: FaultContext,
): DeliveredAnswer {
  const seconds = plan.retryAfterSeconds ?? 0;
  switch (kind) {
    case 'unauthorized-401':
      return bare(401);
    case 'error-500':
      return bare(500);
    case 'unavailable-503':
      return bare(503);
    case 'throttled-429':
      return bare(429);
    case 'throttled-429-seconds':
      return bare(429, { 'retry-after': String(seconds) });
    case 'unavailable-503-date':
      return bare(503, { 'retry-after': new Date(now() + seconds * 1000).toUTCString() });
    case 'firewall-403':
      return page(403, 'Forbidden');
    case 'bad-gateway-502':
      return page(502, 'Bad Gateway');
    case 'reset-before-commit':
    case 'reset-after-commit':
      return 'reset';
    case 'truncated-body':
      return { breaksOff: { status: successStatus, ...beginning } };
    case 'reset-after-head':
      return { headOnly: successStatus };
    case 'gzip-answer':
      return zipped(honest);
    case 'garbage-body':
      return { status: successStatus, headers: { 'content-type': 'text/html' }, body: '<html><b>\u0000 Hel' };
    case 'error-inside-2xx':
      return errorInside;
    case 'undocumented-2xx':
      return bare(204);
    case 'items-refused':
      return honest;
    case 'slow':
      return 'slow';
    case 'hang':
      return 'silence';
  }
}

const beginning = {
  headers: { 'content-type': 'application/json', 'content-length': '64' },
  body: '{"sta',
} as const;

const zipped = (answer: Answer): WireAnswer =>
  answer.status === 204
    ? answer
    : { ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' }, body: gzipSync(answer.body ?? '') };
