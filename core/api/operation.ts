import type { z } from 'zod';
import { checkRows, type ErrorRow } from './answers/error-table.ts';
import { checkMembers, type MemberTable } from './member-check.ts';
import type { RetryDecision } from './decision.ts';
import type { CdpEvent } from './event.ts';
import type { HttpRequest } from './failure.ts';
import type { Reason } from './outcome.ts';

/** A problem of an input: its path and what is wrong, never a value. */
export interface InputIssue {
  /** Dotted, as `body.end_date`. */
  readonly path: string;
  readonly message: string;
}

/**
 * One thing that a vendor offers besides events, as data. P, Q, B and R are the schemas of the path parameters, the
 * query parameters, the body and the reply. An input is flat: the parameters by name, and the body under `body`.
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
  /** With names in braces, `/v1/campaigns/{campaign_eid}/emails`, taken from `params`, else from OperationBase. */
  readonly path: string;
  readonly params?: P;
  readonly query?: Q;
  /** Sent as JSON. */
  readonly body?: B;
  /** Returns what is sent instead of the body, if its shape depends on the settings. */
  readonly write?: (body: z.output<B>, config: unknown) => unknown;
  /** The documented reply; lenient, because vendors add members. An empty answer is read as `undefined`. */
  readonly reply: R;
  /** The statuses of success. Default: 200. */
  readonly successStatus?: readonly number[];
  /** Reads a refusal out of a success status, such as `{"success": false}`. */
  readonly refusal?: (reply: z.output<R>) => RetryDecision | undefined;
  /** The documented errors. Others fall through to the house table; `split` and `isolate` reject. */
  readonly errors: readonly ErrorRow[];
  /**
   * Whether doing it twice is the same as once. If not, it is retried only if the vendor cannot have done it: the
   * request was never sent, or was throttled (429). If it may have been done, the result is `unknown`.
   */
  readonly idempotent: boolean;
  /** For an operation that cannot be undone: a question for a person. It then needs `{ confirmed: true }`. */
  readonly confirm?: string;
  /** Longest answer in bytes (default 64 KiB). A longer one is an error, never a shortened list. */
  readonly maxReplyBytes?: number;
  /** Time limit of one attempt in milliseconds, if it takes longer than `pace.timeoutMs` of the manifest. */
  readonly timeoutMs?: number;
  /** Rules that need the clock or several fields. Runs before anything is sent. `now` is epoch ms. */
  readonly check?: (input: OperationInput<P, Q, B>, context: { readonly now: number }) => readonly InputIssue[];
  /**
   * Takes out of the body what the vendor would ignore, or refuse the rest for: the rest is sent, and the result names
   * what was left out (`setAside`). A body of `undefined` says that nothing is left: then nothing is sent.
   */
  readonly setAside?: (body: z.output<B>) => {
    readonly body: z.output<B> | undefined;
    readonly issues: readonly InputIssue[];
  };
  /**
   * Another operation with the same path parameters that is called first; its reply says whether this one makes sense.
   */
  readonly after?: {
    readonly operation: string;
    readonly check: (reply: unknown, input: OperationInput<P, Q, B>) => readonly InputIssue[];
  };
  /** The reply as events for deliver(). The same reply gives the same message ids, without personal data. */
  readonly events?: (reply: z.output<R>) => readonly CdpEvent[];
}

type OperationInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = z.output<P> &
  z.output<Q> &
  ([B] extends [z.ZodNever] ? unknown : { readonly body: z.output<B> });

// oxlint-disable-next-line typescript/no-explicit-any -- a list holds operations of every input and reply
export type AnyOperation = OperationDefinition<any, any, any, any>;
export type OperationList = Readonly<Record<string, AnyOperation>>;

/** What all operations of a vendor have in common, derived from the settings. */
export interface OperationBase {
  /** The vendor's origin, without a path: `https://services.example.com`. */
  readonly origin: string;
  /** Lower-case names. `content-type` is added if there is a body. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** For names in paths that are not part of the input. */
  readonly params?: Readonly<Record<string, string>>;
}

/** operations.ts: what a vendor offers besides events. L is the list, by kebab-case name. */
export interface Operations<C, R, L extends OperationList> {
  readonly base: (config: C, prepared: R) => OperationBase;
  readonly list: L;
}

/**
 * One operation, with types inferred from its schemas. Throws a TypeError for a member that no operation has.
 *
 * @example
 * operation({
 *   summary: 'Pauses a campaign.',
 *   method: 'POST',
 *   path: '/v1/campaigns/{campaign}/pause',
 *   params: z.strictObject({ campaign: z.string() }),
 *   reply: z.looseObject({ paused: z.boolean() }),
 *   errors: [{ status: 404, means: decide('reject', 'vendor_rejected', 'Acme does not know this campaign') }],
 *   idempotent: true,
 * });
 */
export const operation = <
  P extends z.ZodObject,
  Q extends z.ZodObject,
  R extends z.ZodType,
  B extends z.ZodType = z.ZodNever,
>(
  definition: OperationDefinition<P, Q, B, R>,
): OperationDefinition<P, Q, B, R> => {
  checkMembers<AnyOperation>('operation()', definition, operationMembers);
  checkRows('operation(): errors', definition.errors);
  return definition;
};

const operationMembers: MemberTable<AnyOperation> = {
  summary: 'required',
  method: 'required',
  path: 'required',
  params: 'optional',
  query: 'optional',
  body: 'optional',
  write: 'optional',
  reply: 'required',
  successStatus: 'optional',
  refusal: 'optional',
  errors: 'required',
  idempotent: 'required',
  confirm: 'optional',
  maxReplyBytes: 'optional',
  timeoutMs: 'optional',
  check: 'optional',
  setAside: 'optional',
  after: 'optional',
  events: 'optional',
};

/** The input of `call()` for an operation: the parameters by name, and the body. */
export type CallInput<O extends AnyOperation> = InputOf<NonNullable<O['params']>> &
  InputOf<NonNullable<O['query']>> &
  BodyOf<NonNullable<O['body']>>;

/** A missing part is inferred as any object, which requires nothing. */
type InputOf<S extends z.ZodObject> = z.ZodObject extends S ? unknown : z.input<S>;
type BodyOf<S extends z.ZodType> = [S] extends [z.ZodNever] ? unknown : { readonly body: z.input<S> };

/** The reply that `call()` returns for an operation that was done. */
export type CallReply<O extends AnyOperation> = z.output<O['reply']>;

/** The result of a call. Only `done` is confirmed by the vendor. */
export type CallResult<T> =
  | (PartlySent & { readonly kind: 'done'; readonly reply: T; readonly attempts: number })
  /** Nothing was sent: the problems of the input, by path, without values. */
  | { readonly kind: 'invalid'; readonly issues: readonly InputIssue[] }
  /** Nothing was sent: the operation cannot be undone, and `{ confirmed: true }` is missing. */
  | { readonly kind: 'unconfirmed'; readonly question: string }
  /** The vendor refuses this call. */
  | (PartlySent & { readonly kind: 'rejected'; readonly reason: Reason })
  /** The vendor refuses such calls for these credentials or this account. */
  | (PartlySent & { readonly kind: 'refused'; readonly reason: Reason })
  /** It was not done, but may work later: the vendor says so, or the request was never sent. */
  | (PartlySent & { readonly kind: 'deferred'; readonly reason: Reason; readonly retryAt?: string })
  /** It may have been done: there was no answer, or none that can be understood. */
  | (PartlySent & { readonly kind: 'unknown'; readonly reason: Reason });

/** What a call leaves out of its input, whatever becomes of the rest. */
interface PartlySent {
  /** The parts of the input that are left out, by path: the result is about the rest. */
  readonly setAside?: readonly InputIssue[];
}
