import type { ConfigSchema } from './config.ts';
import type { CredentialCheck } from './credential-check.ts';
import type { RetryDecision } from './decision.ts';
import type { Admission, Batch, Delivery, Transformed } from './delivery.ts';
import type { CdpEvent } from './event.ts';
import type { Exchange, Failure, HttpRequest, HttpResponse } from './failure.ts';
import type { BatchLimits, DestinationManifest } from './manifest.ts';
import type { Trace } from './mapping.ts';
import type { OperationList, Operations } from './operation.ts';
import type { SuccessForm } from './success-form.ts';

/**
 * The contract between the runtime and a destination.
 *
 * C is the parsed configuration, P the vendor's payload type.
 * Everything but send() is synchronous and pure: same input, same output, no network, no state; the only clock is context.now.
 */
export interface Destination<C, P> {
  readonly manifest: DestinationManifest;
  readonly config: ConfigSchema<C>;

  /** May this event go to this vendor at all? Cheap; the host also calls it to preview. */
  validate(event: CdpEvent, config: C, context: TransformContext): Admission;

  /** One event in, at most one payload out. */
  transform(event: CdpEvent, config: C, context: TransformContext): Transformed<P>;

  /** Packs deliveries into requests. Every delivery ends up in exactly one batch. */
  batch(deliveries: readonly Delivery<P>[], config: C): readonly Batch<P>[];

  /** Makes one attempt at one batch. Never retries and never sleeps: that is the runtime's job. */
  send(batch: Batch<P>, config: C, wire: Wire): Promise<Reply>;

  /** Judges a request that failed as a whole. Total: unknown failures get a decision too. */
  classifyError(failure: Failure, batch: Batch<P>): RetryDecision;
}

/**
 * What a pure function may know of its surroundings. `now` (epoch ms) is read by the runtime once per call or window;
 * `prepared` is what the definition's prepare(config) made when the connection opened; `trace` exists only in preview.
 */
export interface TransformContext<R = unknown> {
  readonly now: number;
  readonly prepared: R;
  readonly trace?: Trace | undefined;
}

/** What send() found out: a decision per item, in item order, or one failure for the whole request. */
export type Reply =
  | { readonly kind: 'settled'; readonly decisions: readonly RetryDecision[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The only way out of the process. Enforces manifest.hosts, the deadlines and the body cap; never throws. */
export interface Wire {
  request(request: HttpRequest): Promise<WireResult>;
  /** Aborted when the call is told to stop or the connection closes. */
  readonly signal: AbortSignal;
}

/** What came of one request: an answer of whatever status, or why there is none. */
export type WireResult = { readonly kind: 'response'; readonly response: HttpResponse } | Failure;

/**
 * response.ts: how this vendor says yes, no and not now.
 *
 * A 2xx is read in this order: `readReply`, where the vendor documents verdicts of its own; the usual words for a no (usualRefusal):
 * one with 429 or 5xx is read as that status, any other is `reject` for one event and `split` for several; `success`. What is none of
 * them is ambiguous. Every other status: `readReply`, then `classifyError`.
 */
export interface ResponseHandler<P> {
  classifyError(failure: Failure, batch: Batch<P>): RetryDecision;
  /**
   * Reads documented verdicts out of any HTTP answer (Rokt's 400 carries them too), one per item, in item order.
   * `undefined` = there are none in it.
   */
  readReply?(exchange: Exchange, batch: Batch<P>): readonly RetryDecision[] | undefined;
  /** The forms in which the vendor says yes to all of a request. Default: 200 with an empty body; with a `readReply`: none. */
  readonly success?: readonly SuccessForm<P>[];
  /**
   * false: where a 2xx is neither a yes nor a no, or cannot be read, nothing is sent again, as the vendor has nothing to know a copy
   * by. Default: as onAmbiguous says.
   */
  readonly resendUnclear?: false;
  /**
   * Messages that the vendor documents, without anything of an event in them. Where its words are shown as a reason's detail, what
   * matches is shown though an event holds the same word. A `^` is where the message begins, not the body.
   */
  readonly documented?: readonly RegExp[];
}

/** What goes around and between the texts of a batch: arrays `[` `,` `]`; default nothing. */
export interface Frame {
  readonly open: string;
  readonly separator: string;
  readonly close: string;
}

/** The parts only this vendor can know. Core supplies the rest. R is what prepare() makes, L the operations beside events. */
export type DestinationDefinition<C, P, R = undefined, L extends OperationList = OperationList> = {
  readonly manifest: DestinationManifest;
  readonly config: ConfigSchema<C>;
  readonly transform: (event: CdpEvent, config: C, context: TransformContext<R>) => Transformed<P>;
  readonly response: ResponseHandler<P>;
  /** Default: everything in manifest.accepts is admitted. Runs after that gate, never instead of it. */
  readonly validate?: (event: CdpEvent, config: C, context: TransformContext<R>) => Admission;
  /** Default: by group and lane, then by manifest.limits. */
  readonly batch?: Destination<C, P>['batch'];
  /** Pure, once per open: lookup tables, the auth header. Its result arrives as `context.prepared`. */
  readonly prepare?: (config: C) => R;
  /** The text of one payload. Default JSON.stringify; Adjust returns its form. Called once per payload. */
  readonly encode?: (payload: P, config: C) => string;
  readonly frame?: (config: C) => Frame;
  /** Settings may lower the manifest's limits, never raise them. `requestsPerDay` is a quota of the account. */
  readonly limitsFor?: (config: C) => Partial<BatchLimits> & { readonly requestsPerDay?: number | undefined };
  /** Connections with the same key share one rate bucket (ROKT-44: per credential set). */
  readonly paceKey?: (config: C) => string;
  /** What the vendor offers beside events. Never reachable from an event. */
  readonly operations?: Operations<C, R, L>;
  readonly check?: CredentialCheck<C, R>;
} & (
  | {
      /** Method, url, headers, optionally compress: 'gzip'. The body is the framed texts, unless the vendor gives its own. */
      readonly request: (batch: Batch<P>, config: C, prepared: R) => HttpRequest;
      readonly send?: never;
    }
  | { readonly send: Destination<C, P>['send']; readonly request?: never }
);

/** The contract this core speaks. The loader refuses a folder built against another one. */
export const contractVersion = 1;

/** What a vendor folder exports by default. */
export type DefinedDestination<C, P, R = undefined, L extends OperationList = OperationList> = DestinationDefinition<
  C,
  P,
  R,
  L
> & { readonly contract: typeof contractVersion };

// oxlint-disable-next-line typescript/no-explicit-any -- a registry holds destinations of every C, P, R and L
export type AnyDestination<L extends OperationList = any> = DefinedDestination<any, any, any, L>;

/** What a folder's index exports by default: its definition, typed, and marked with the contract it was written against. */
export const defineDestination = <C, P, R = undefined, L extends OperationList = OperationList>(
  definition: DestinationDefinition<C, P, R, L>,
): DefinedDestination<C, P, R, L> => ({ ...definition, contract: contractVersion });
