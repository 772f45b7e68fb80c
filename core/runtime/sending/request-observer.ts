import type { WireResult } from '../../api/destination.ts';
import type { Failure } from '../../api/failure.ts';
import type { OutcomeKind } from '../../api/outcome.ts';
import type { ReasonCode } from '../../api/reason-codes.ts';
import type { PendingDelivery } from '../batching/pending-delivery.ts';

/** How a request ended: with an answer, or with a failure, of which a network failure has a `code`. */
export interface EndedRequest {
  /** The HTTP status of the answer. */
  readonly status?: number;
  readonly failure?: Exclude<Failure['kind'], 'http'>;
  /** A code of Node or undici, such as ECONNRESET. */
  readonly code?: string;
}

/** Events of a request that have their outcome now. */
export interface SettledEvents {
  readonly positions: readonly number[];
  readonly outcome: OutcomeKind;
  readonly code?: ReasonCode;
}

/** Events of a request that have no outcome yet, and how they go on. */
export interface OpenEvents {
  readonly positions: readonly number[];
  /**
   * `retry`: again after a wait. `resend`: again at once, without those that were refused. `split`: in halves.
   * `isolate`: one by one. `question`: once it is known whether the vendor refuses them or the credentials.
   */
  readonly next: 'retry' | 'resend' | 'split' | 'isolate' | 'question';
  /** Why. */
  readonly code: ReasonCode;
  /** `retry`: the wait in milliseconds; what the pace adds to it is not known yet. */
  readonly afterMs?: number;
}

/** What the answer to a request led to. Each event of the request is in it once. */
export interface DecidedRequest {
  readonly settled: readonly SettledEvents[];
  readonly open: readonly OpenEvents[];
}

/** Told what becomes of one request. */
export interface RequestListener {
  /** Called once. */
  ended?(end: EndedRequest): void;
  /**
   * Called once, after ended(). Requests that follow may have started by then. Not called for an operation, a
   * credential check, and where a folder sends several requests for a batch, any but the last.
   */
  decided?(decided: DecidedRequest): void;
}

/** Deliveries of a request that its answer left without an outcome, as the sending stage groups them. */
interface OpenGroup {
  readonly kind: OpenEvents['next'];
  readonly deliveries: readonly PendingDelivery[];
  readonly waitMs?: number;
}

/** Tells a host's listener of one request. Never throws. */
export class RequestObserver {
  #listener: RequestListener | undefined;
  readonly #wantsDecision: boolean;
  #hasEnded = false;

  constructor(listener: RequestListener) {
    this.#listener = listener;
    this.#wantsDecision = typeof listener.decided === 'function';
  }

  /** Only the first call counts. */
  ended(result: WireResult): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    try {
      this.#listener?.ended?.(endOf(result));
    } catch {
      // The host's trace fails, which must not lose an event.
    }
  }

  /** `of`: the request's deliveries. `groups`: those that the answer left without an outcome. Only the first counts. */
  decided(of: readonly PendingDelivery[], groups: readonly OpenGroup[]): void {
    const listener = this.#listener;
    this.#listener = undefined;
    if (!this.#wantsDecision) return;
    try {
      listener?.decided?.(decidedOf(of, groups));
    } catch {
      // As above.
    }
  }
}

function decidedOf(of: readonly PendingDelivery[], groups: readonly OpenGroup[]): DecidedRequest {
  const open = groups.flatMap(({ kind, deliveries, waitMs }): OpenEvents[] => {
    const waiting = deliveries.filter(({ settled }) => settled === undefined);
    const [first] = waiting;
    if (first === undefined) return [];
    const code = first.reason?.code ?? 'vendor_unavailable';
    const wait = waitMs === undefined ? {} : { afterMs: waitMs };
    return [{ positions: waiting.map(({ index }) => index), next: kind, code, ...wait }];
  });
  const settled = new Map<string, SettledEvents & { readonly positions: number[] }>();
  for (const { index, settled: outcome } of of) {
    if (outcome === undefined) continue;
    const code = 'reason' in outcome ? { code: outcome.reason.code } : {};
    const key = `${outcome.kind} ${code.code ?? ''}`;
    const alike = settled.get(key);
    if (alike === undefined) settled.set(key, { positions: [index], outcome: outcome.kind, ...code });
    else alike.positions.push(index);
  }
  return { settled: [...settled.values()], open };
}

function endOf(result: WireResult): EndedRequest {
  if ('response' in result) return { status: result.response.status };
  return result.kind === 'network' ? { failure: 'network', code: result.code } : { failure: result.kind };
}
