import type { ConfigSchema } from './config.ts';
import { contractVersion } from './contract-version.ts';
import { checkCredentialCheck, type CredentialCheck } from './credential-check.ts';
import type { RetryDecision } from './decision.ts';
import type { Admission, Batch, Delivery, Transformed } from './delivery.ts';
import type { CdpEvent } from './event.ts';
import type { Exchange, Failure, HttpRequest, HttpResponse } from './failure.ts';
import type { Frame } from './frame.ts';
import type { BatchLimits, DestinationManifest, Pace } from './manifest.ts';
import type { Trace } from './fields/mapping.ts';
import { checkMembers, type MemberTable } from './member-check.ts';
import type { OperationList, Operations } from './operation.ts';
import { checkForms, type SuccessForm } from './answers/success-form.ts';

/**
 * The contract between the runtime and a destination.
 *
 * C is the parsed configuration, P the vendor's payload type. Everything but send() is synchronous and pure: same
 * input, same output, no network, no state; the only clock is context.now.
 */
export interface Destination<C, P> {
  readonly manifest: DestinationManifest;
  readonly config: ConfigSchema<C>;

  /** May this event go to this vendor at all? Cheap; the host also calls it to preview. */
  validate(event: CdpEvent, config: C, context: TransformContext): Admission;

  /** One event in, at most one payload out. */
  transform(event: CdpEvent, config: C, context: TransformContext): Transformed<P>;

  /** Packs deliveries into requests. Every delivery is in exactly one batch. */
  batch(deliveries: readonly Delivery<P>[], config: C): readonly Batch<P>[];

  /** Makes one attempt at one batch. Never retries and never sleeps: that is the runtime's job. */
  send(batch: Batch<P>, config: C, wire: Wire): Promise<Reply>;

  /** Decides about a request that failed as a whole. Total: unknown failures get a decision, too. */
  classifyError(failure: Failure, batch: Batch<P>): RetryDecision;
}

/**
 * What a pure function may know besides its input. `now` (epoch ms) is read by the runtime once per call or window;
 * `prepared` is the result of the definition's prepare(config), computed when the connection opened; `trace` exists
 * only in preview.
 */
export interface TransformContext<R = unknown> {
  readonly now: number;
  readonly prepared: R;
  readonly trace?: Trace | undefined;
}

/** The result of send(): a decision per item, in item order, or one failure for the whole request. */
export type Reply =
  | { readonly kind: 'settled'; readonly decisions: readonly RetryDecision[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The only way out of the process. Enforces manifest.hosts, the deadlines and the body cap; never throws. */
export interface Wire {
  request(request: HttpRequest): Promise<WireResult>;
  /** Aborted when the call is aborted or the connection closes. */
  readonly signal: AbortSignal;
}

/** The result of one request: an answer of any status, or why there is none. */
export type WireResult = { readonly kind: 'response'; readonly response: HttpResponse } | Failure;

/**
 * response.ts: how this vendor signals success, refusal and throttling.
 *
 * A 2xx is read in this order: `readReply`, if the vendor documents verdicts of its own; the vendor's error rows
 * (`readRefusal`); the usual forms of refusal (usualRefusal), of which one with 429 or 5xx is read as that status, and
 * any other is `reject` for one event and `split` for several; `success`. Anything else is ambiguous. Every other
 * status: `readReply`, then `classifyError`.
 */
export interface ResponseHandler<P> {
  classifyError(failure: Failure, batch: Batch<P>): RetryDecision;
  /**
   * Reads a 2xx that `readReply` does not read, but the vendor's own error rows do: a no of its own, or the meaning of
   * a usual form of refusal (`usual`), which covers the whole request. `errorTable` supplies it.
   */
  readRefusal?(response: HttpResponse, batch: Batch<P>, usual: boolean): RetryDecision | undefined;
  /**
   * Reads documented verdicts from any HTTP answer (Rokt's 400 has them, too): one per item, in item order. `undefined`
   * if the answer has none.
   */
  readReply?(exchange: Exchange, batch: Batch<P>): readonly RetryDecision[] | undefined;
  /**
   * The forms in which the vendor confirms a whole request. Default: 200 with an empty body; with a `readReply`, no
   * form.
   */
  readonly success?: readonly SuccessForm<P>[];
  /**
   * false: a 2xx that is neither success nor refusal, or cannot be read, is never sent again, because the vendor cannot
   * recognise a duplicate. Default: onAmbiguous decides.
   */
  readonly resendUnclear?: false;
  /**
   * Messages that the vendor documents and that hold nothing of an event. In a reason's detail, a match is shown even
   * if an event contains the same word. A `^` matches the beginning of the message, not of the body.
   */
  readonly documented?: readonly RegExp[];
}

/** The parts that only this vendor can know; core supplies the rest. R is the result of prepare(), L the operations. */
export type DestinationDefinition<C, P, R = undefined, L extends OperationList = OperationList> = {
  readonly manifest: DestinationManifest;
  readonly config: ConfigSchema<C>;
  readonly transform: (event: CdpEvent, config: C, context: TransformContext<R>) => Transformed<P>;
  readonly response: ResponseHandler<P>;
  /** Members of `response` that depend on the settings, such as a test mode. Called once per open. */
  readonly responseFor?: (config: C, prepared: R) => Partial<ResponseHandler<P>>;
  /** Default: admits everything in manifest.accepts. Runs after that gate, never instead of it. */
  readonly validate?: (event: CdpEvent, config: C, context: TransformContext<R>) => Admission;
  /** Default: by group and lanes, then by manifest.limits. */
  readonly batch?: Destination<C, P>['batch'];
  /** Pure, called once per open: lookup tables, the auth header. Its result is `context.prepared`. */
  readonly prepare?: (config: C) => R;
  /** The text of one payload. Default JSON.stringify; Adjust returns its form. Called once per payload. */
  readonly encode?: (payload: P, config: C) => string;
  /** What stands around the texts of a request and between them. Called once per open. Default: `bare`. */
  readonly frame?: (config: C) => Frame;
  /**
   * Settings may lower the manifest's limits, never raise them. `requestsPerDay` is a quota of the account: no 24 hours
   * see more requests, and of ten or more a tenth may leave at once, while the others come evenly.
   */
  readonly limitsFor?: (config: C) => { readonly [limit in keyof BatchLimits | 'requestsPerDay']?: number | undefined };
  /**
   * Settings may lower the manifest's pace, or the one the host grants, never raise it. A `rate` of the settings (a
   * small plan of the account) holds beside the manifest's, shared like it (`paceKey`).
   */
  readonly paceFor?: (config: C) => { readonly [part in keyof Pace]?: Pace[part] | undefined };
  /** Connections with the same key share one rate limit (ROKT-44: per credential set). */
  readonly paceKey?: (config: C) => string;
  /** What the vendor offers besides events. No event can trigger it. */
  readonly operations?: Operations<C, R, L>;
  readonly check?: CredentialCheck<C, R>;
} & (
  | {
      /**
       * Method, url, headers, optionally compress: 'gzip', the same for every batch: called once, when the connection
       * opens, and the host check looks at its URL then. The body is the framed texts.
       */
      readonly request: (config: C, prepared: R) => HttpRequest;
      readonly requestFor?: never;
      readonly send?: never;
    }
  | {
      /** The request of one batch, if it depends on the batch. The body is the framed texts, unless it has its own. */
      readonly requestFor: (batch: Batch<P>, config: C, prepared: R) => HttpRequest;
      readonly request?: never;
      readonly send?: never;
    }
  | { readonly send: Destination<C, P>['send']; readonly request?: never; readonly requestFor?: never }
);

/** What a vendor folder exports by default. */
export type DefinedDestination<C, P, R = undefined, L extends OperationList = OperationList> = DestinationDefinition<
  C,
  P,
  R,
  L
> & { readonly contract: typeof contractVersion };

// oxlint-disable-next-line typescript/no-explicit-any -- a registry holds destinations of every C, P, R and L
export type AnyDestination<L extends OperationList = any> = DefinedDestination<any, any, any, L>;

/**
 * Types a destination's definition and marks it with the contract version. A folder's index exports the result by
 * default. Throws a TypeError for a member that no definition has, such as `limitFor`, or that none of its parts has.
 *
 * @example
 * // destinations/acme/index.ts
 * export default defineDestination({ manifest, config, transform, request, response, check });
 */
export const defineDestination = <C, P, R = undefined, L extends OperationList = OperationList>(
  definition: DestinationDefinition<C, P, R, L>,
): DefinedDestination<C, P, R, L> => {
  checkDefinition(definition as unknown as AnyDestination);
  return { ...definition, contract: contractVersion };
};

/** What is missing, loadDestinations() and createRuntime() say. */
const definitionMembers: MemberTable<AnyDestination> = {
  contract: 'optional',
  manifest: 'optional',
  config: 'optional',
  transform: 'optional',
  response: 'optional',
  responseFor: 'optional',
  validate: 'optional',
  batch: 'optional',
  prepare: 'optional',
  encode: 'optional',
  frame: 'optional',
  limitsFor: 'optional',
  paceFor: 'optional',
  paceKey: 'optional',
  operations: 'optional',
  check: 'optional',
  request: 'optional',
  requestFor: 'optional',
  send: 'optional',
};

const responseMembers: MemberTable<ResponseHandler<never>> = {
  classifyError: 'optional',
  readRefusal: 'optional',
  readReply: 'optional',
  success: 'optional',
  resendUnclear: 'optional',
  documented: 'optional',
};

function checkDefinition(definition: AnyDestination): void {
  const where = 'defineDestination()';
  checkMembers(where, definition, definitionMembers);
  const { response, check } = definition as Partial<AnyDestination>;
  if (response !== undefined) {
    checkMembers(`${where}: response`, response, responseMembers);
    checkForms(`${where}: response.success`, response.success);
  }
  if (check !== undefined) checkCredentialCheck(`${where}: check`, check);
}
