import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { bare, type Answer } from './answer.ts';
import type { FaultKind, FaultPlan } from './faults.ts';

export interface Misbehaviour {
  readonly kind: FaultKind;
  readonly plan: FaultPlan;
  /** What the vendor would have said. */
  readonly honest: Answer;
  /** The status of this vendor's yes, for answers that only look like one. */
  readonly successStatus: number;
  /** A yes on the status line with this vendor's no in the body. */
  readonly errorInside: Answer;
  readonly write: (answer: Answer) => void;
  readonly later: (ms: number, then: () => void) => void;
  readonly now: () => number;
}

/** Plays one fault on an answer that has not begun. */
export function misbehave(response: ServerResponse, fault: Misbehaviour): void {
  const { plan, successStatus, write } = fault;
  const seconds = plan.retryAfterSeconds ?? 0;
  switch (fault.kind) {
    case 'error-500':
      return write(bare(500));
    case 'unavailable-503':
      return write(bare(503));
    case 'throttled-429':
      return write(bare(429));
    case 'throttled-429-seconds':
      return write(bare(429, { 'retry-after': String(seconds) }));
    case 'unavailable-503-date':
      return write(bare(503, { 'retry-after': new Date(fault.now() + seconds * 1000).toUTCString() }));
    case 'reset-before-commit':
    case 'reset-after-commit':
      response.socket?.resetAndDestroy();
      return;
    case 'truncated-body':
      response.writeHead(successStatus, { 'content-type': 'application/json', 'content-length': '64' });
      response.write('{"sta', () => response.socket?.destroy());
      return;
    case 'reset-after-head':
      // By hand: a server of Node's would write a length, or the chunks that tell an end.
      response.socket?.write(`HTTP/1.1 ${successStatus} OK\r\nconnection: close\r\n\r\n`);
      return fault.later(20, () => response.socket?.resetAndDestroy());
    case 'gzip-answer': {
      const { status, headers = {}, body = '' } = fault.honest;
      const zipped = gzipSync(body);
      if (status === 204) return write(fault.honest);
      response.writeHead(status, { ...headers, 'content-encoding': 'gzip', 'content-length': zipped.length });
      response.end(zipped);
      return;
    }
    case 'garbage-body':
      return write({ status: successStatus, headers: { 'content-type': 'text/html' }, body: '<html><b>\u0000 Hel' });
    case 'error-inside-2xx':
      return write(fault.errorInside);
    case 'undocumented-2xx':
      return write(bare(204));
    case 'slow':
      return fault.later(plan.slowMs ?? 50, () => write(fault.honest));
    case 'hang':
      return;
  }
}
