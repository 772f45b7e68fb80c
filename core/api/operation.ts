import type { z } from 'zod';
import type { ErrorRule } from './classify.ts';
import type { RetryDecision } from './decision.ts';
import type { CdpEvent } from './event.ts';
import type { HttpRequest } from './failure.ts';
import type { Reason } from './outcome.ts';

/** What an input's schema cannot say: where in the input, and what is wrong; never a value. */
export interface InputIssue {
  /** Dotted, as `body.end_date`. */
  readonly path: string;
  readonly message: string;
}

/**
 * One thing a vendor offers beside events, as data. P, Q, B and R are the schemas of the path's and the query's
 * parameters, of the body and of the reply. An input is flat: the parameters by name, and the body under `body`.
 */
export interface OperationDefinition<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodNever,
  R extends z.ZodType = z.ZodType,
> {
  /** One sentence for a list. */
  readonly summary: string;
  readonly method: HttpRequest['method'];
  /** With names in braces, `/v1/campaigns/{campaign_eid}/emails`: out of `params`, else out of the settings (OperationBase). */
  readonly path: string;
  readonly params?: P;
  readonly query?: Q;
  /** Sent as JSON. */
  readonly body?: B;
  /** What travels in place of the body, where the settings choose its shape. */
  readonly write?: (body: z.output<B>, config: unknown) => unknown;
  /** What the vendor documents of its answer; lenient, as more may come. An empty answer is read as `undefined`. */
  readonly reply: R;
  /** The vendor's yes. Default: 200. */
  readonly successStatus?: readonly number[];
  /** What a yes says that is none, such as `{"success": false}`. */
  readonly refusal?: (reply: z.output<R>) => RetryDecision | undefined;
  /** The documented errors. What is not there falls through to the house table; `split` and `isolate` reject. */
  readonly errors: readonly ErrorRule[];
  /**
   * Whether doing it twice is as good as once. If not, it is only tried again where the vendor cannot have done it: the request
   * never left, or was throttled (429). What may have been done comes back `unknown`.
   */
  readonly idempotent: boolean;
  /** What cannot be undone, as a question for a person; then it needs `{ confirmed: true }`. */
  readonly confirm?: string;
  /** Longest answer that is read, in bytes (default 64 KiB). A longer one is an error, never a shortened list. */
  readonly maxReplyBytes?: number;
  /** Milliseconds one attempt may take, where a long answer takes longer than the manifest's pace gives a request. */
  readonly timeoutMs?: number;
  /** Rules of the vendor that need the clock, or two fields at once. Runs before anything is sent. `now` is epoch ms. */
  readonly check?: (input: OperationInput<P, Q, B>, context: { readonly now: number }) => readonly InputIssue[];
  /** Another operation, with the same path parameters, whose reply says whether this one makes sense. */
  readonly after?: {
    readonly operation: string;
    readonly check: (reply: unknown, input: OperationInput<P, Q, B>) => readonly InputIssue[];
  };
  /** The reply as events that deliver() takes. Message ids are the same for the same reply, and hold no personal data. */
  readonly events?: (reply: z.output<R>) => readonly CdpEvent[];
}

type OperationInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = z.output<P> &
  z.output<Q> &
  ([B] extends [z.ZodNever] ? unknown : { readonly body: z.output<B> });

// oxlint-disable-next-line typescript/no-explicit-any -- a list holds operations of every input and reply
export type AnyOperation = OperationDefinition<any, any, any, any>;
export type OperationList = Readonly<Record<string, AnyOperation>>;

/** What every operation of a vendor carries, out of the settings. */
export interface OperationBase {
  /** The vendor's own, without a path: `https://services.example.com`. */
  readonly origin: string;
  /** Lower-case names. `content-type` is added where there is a body. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** For the names in the paths that no input gives. */
  readonly params?: Readonly<Record<string, string>>;
}

/** operations.ts: what a vendor offers beside events. L is the list, by kebab-case name. */
export interface Operations<C, R, L extends OperationList> {
  readonly base: (config: C, prepared: R) => OperationBase;
  readonly list: L;
}

/** One operation, its types taken from its schemas. */
export const operation = <
  P extends z.ZodObject,
  Q extends z.ZodObject,
  R extends z.ZodType,
  B extends z.ZodType = z.ZodNever,
>(
  definition: OperationDefinition<P, Q, B, R>,
): OperationDefinition<P, Q, B, R> => definition;

/** What `call()` takes for an operation: the parameters by name, and the body. */
export type CallInput<O extends AnyOperation> = InputOf<NonNullable<O['params']>> &
  InputOf<NonNullable<O['query']>> &
  BodyOf<NonNullable<O['body']>>;

/** A part that is left out is inferred as any object: that asks for nothing. */
type InputOf<S extends z.ZodObject> = z.ZodObject extends S ? unknown : z.input<S>;
type BodyOf<S extends z.ZodType> = [S] extends [z.ZodNever] ? unknown : { readonly body: z.input<S> };

/** What `call()` gives back for an operation that was done. */
export type CallReply<O extends AnyOperation> = z.output<O['reply']>;

/** What became of a call. Only `done` has the vendor's word that it was done. */
export type CallResult<T> =
  | { readonly kind: 'done'; readonly reply: T; readonly attempts: number }
  /** Nothing was sent: what is wrong with the input, by path, without values. */
  | { readonly kind: 'invalid'; readonly issues: readonly InputIssue[] }
  /** Nothing was sent: it cannot be undone, and `{ confirmed: true }` was not given. */
  | { readonly kind: 'unconfirmed'; readonly question: string }
  /** The vendor will not do it as it is. */
  | { readonly kind: 'rejected'; readonly reason: Reason }
  /** The vendor will do nothing of the kind for these credentials, or this account. */
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** It was not done, and may be later: the vendor said so, or the request never left. */
  | { readonly kind: 'deferred'; readonly reason: Reason; readonly retryAt?: string }
  /** It may have been done: no answer came, or none that can be understood. */
  | { readonly kind: 'unknown'; readonly reason: Reason };
