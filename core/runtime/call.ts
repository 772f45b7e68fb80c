import { z } from 'zod';
import type { HttpRequest } from '../api/failure.ts';
import type { AnyOperation, CallResult, InputIssue, OperationBase, OperationList } from '../api/operation.ts';
import type { Reason } from '../api/outcome.ts';
import { withoutPersonal } from '../http/redact.ts';
import {
  aBoolean,
  anAbortSignal,
  atLeastZero,
  checkedOptions,
  someMilliseconds,
  type OptionTable,
} from './argument-check.ts';
import { defect, type ConnectionContext } from './connection-context.ts';
import { issuesOf } from './connection-options.ts';
import { judgeReply } from './operation-reply.ts';
import { sendRequest, type RequestResult } from './sending/send-request.ts';

export interface CallOptions {
  /** How long the call may take in milliseconds, retries included (default 30 s). */
  readonly withinMs?: number;
  readonly signal?: AbortSignal;
  /** A person has agreed to the operation's `confirm` question. */
  readonly confirmed?: boolean;
}

const optionTable: OptionTable<CallOptions> = {
  withinMs: someMilliseconds,
  signal: anAbortSignal,
  confirmed: aBoolean,
};

const defaultWithinMs = 30_000;

/**
 * Runs one operation. Throws for a name that the destination does not have.
 *
 * @internal
 */
export async function callOperation(
  context: ConnectionContext,
  name: string,
  input: unknown,
  callerOptions?: CallOptions,
): Promise<CallResult<unknown>> {
  const options = checkedOptions(callerOptions, optionTable, 'call()');
  const definition = operationNamed(context, name);
  const withinMs = atLeastZero(options.withinMs ?? defaultWithinMs, defaultWithinMs);
  const result = await run(context, definition, input, { ...options, until: context.clock.elapsed() + withinMs }).catch(
    (error: unknown): CallResult<unknown> => {
      defect(context, 'operation', error);
      return { kind: 'rejected', reason: internalError };
    },
  );
  const code = 'reason' in result ? { code: result.reason.code } : {};
  const { slug, id: connection } = context;
  context.emit?.({ kind: 'operation_finished', slug, connection, operation: name, result: result.kind, ...code });
  return result;
}

const internalError: Reason = { code: 'internal_error', message: 'A defect in the connector stopped the call' };

interface CheckedCallOptions extends Pick<CallOptions, 'signal' | 'confirmed'> {
  /** The deadline of the whole call, by clock.elapsed. */
  readonly until: number;
}

function operationNamed({ slug, vendor: { operations } }: ConnectionContext, name: string): AnyOperation {
  const list: OperationList = operations?.list ?? {};
  const definition = Object.hasOwn(list, name) ? list[name] : undefined;
  if (definition !== undefined) return definition;
  const names = Object.keys(list).join(', ');
  throw new Error(`${slug} has no operation "${name}"${names === '' ? '' : `; there are: ${names}`}`);
}

/** Runs an operation by its definition. If folder code throws here, nothing was sent; the caller reports a defect. */
async function run(
  context: ConnectionContext,
  definition: AnyOperation,
  input: unknown,
  options: CheckedCallOptions,
): Promise<CallResult<unknown>> {
  const parsed = inputSchema(definition).safeParse(input ?? {});
  if (!parsed.success) return { kind: 'invalid', issues: issuesOf(parsed.error).map(withoutNames) };
  const issues = [
    ...unfitForPath(parsed.data, namesIn(definition.params as z.ZodObject | undefined)),
    ...(definition.check?.(parsed.data, { now: context.clock.now() }) ?? []),
  ];
  if (issues.length > 0) return { kind: 'invalid', issues: issues.map(withoutNames) };
  if (definition.confirm !== undefined && options.confirmed !== true)
    return { kind: 'unconfirmed', question: definition.confirm };
  const kept = definition.setAside?.(parsed.data['body']);
  const setAside = (kept?.issues ?? []).map(withoutNames);
  if (kept !== undefined && kept.body === undefined) return { kind: 'invalid', issues: setAside };
  const checked = kept === undefined ? parsed.data : { ...parsed.data, body: kept.body };
  // The operation that runs first takes time, and the caller may change the input meanwhile.
  const ownInput = definition.after === undefined ? checked : structuredClone(checked);
  const result =
    (await beforehand(context, definition, ownInput, options)) ?? (await send(context, definition, ownInput, options));
  return setAside.length > 0 ? withSetAside(result, setAside) : result;
}

/** A part that is left out stays undone whatever comes of the rest, so each result names it: `invalid` as one more. */
function withSetAside(result: CallResult<unknown>, setAside: readonly InputIssue[]): CallResult<unknown> {
  if (result.kind === 'unconfirmed') return result;
  return result.kind === 'invalid'
    ? { kind: 'invalid', issues: [...result.issues, ...setAside] }
    : { ...result, setAside };
}

/** Masks personal data in an issue: a schema quotes an unknown key, and the key may be an e-mail address. */
const withoutNames = ({ path, message }: InputIssue): InputIssue => ({
  path: withoutPersonal(path),
  message: withoutPersonal(message),
});

/**
 * Rejects path parameters that a URL cannot hold: `.` and `..` change the path, and a lone surrogate has no encoding.
 */
function unfitForPath(input: Record<string, unknown>, names: readonly string[]): InputIssue[] {
  return names
    .filter((name) => {
      const value = input[name];
      return typeof value === 'string' && (/^\.{1,2}$/.test(value) || /\p{Surrogate}/u.test(value));
    })
    .map((path) => ({ path, message: 'cannot stand in a URL' }));
}

/** Runs the operation that has to come first, if there is one; `undefined` if it does not object. */
async function beforehand(
  context: ConnectionContext,
  { after }: AnyOperation,
  input: Record<string, unknown>,
  options: CheckedCallOptions,
): Promise<CallResult<unknown> | undefined> {
  if (after === undefined) return undefined;
  const sharedInput = pick(input, namesIn(operationNamed(context, after.operation).params as z.ZodObject | undefined));
  const { signal, until } = options;
  const withinMs = until - context.clock.elapsed();
  const firstResult = await callOperation(context, after.operation, sharedInput, {
    withinMs,
    ...(signal && { signal }),
  });
  if (firstResult.kind === 'unknown') {
    const message = `${after.operation} has to say something first, and its answer is not understood: nothing was sent`;
    return { kind: 'rejected', reason: { ...firstResult.reason, message } };
  }
  if (firstResult.kind !== 'done') return firstResult;
  const issues = after.check(firstResult.reply, input);
  return issues.length === 0 ? undefined : { kind: 'invalid', issues: issues.map(withoutNames) };
}

async function send(
  context: ConnectionContext,
  definition: AnyOperation,
  input: Record<string, unknown>,
  { until, signal }: CheckedCallOptions,
): Promise<CallResult<unknown>> {
  const { operations, settings, prepared } = context.vendor;
  const base = (operations as NonNullable<typeof operations>).base(settings, prepared);
  const { write } = definition;
  const encodedInput = write === undefined ? input : { ...input, body: write(input['body'], settings) };
  let reply: unknown;
  const result = await sendRequest(context, {
    request: requestOf(definition, base, encodedInput),
    withinMs: Math.max(0, until - context.clock.elapsed()),
    mostMs: definition.timeoutMs,
    signal,
    input,
    replyBytes: definition.maxReplyBytes,
    onAmbiguous: definition.idempotent ? 'retry' : 'report',
    judge: (answer, batch) =>
      judgeReply(definition, answer, batch, (parsed) => {
        reply = parsed;
      }),
  });
  return resultOf(result, reply);
}

/**
 * The whole input as one schema, for checks and forms: the parameters by name, and `body`.
 *
 * @internal
 */
export const inputSchema = ({ params, query, body }: AnyOperation): z.ZodObject =>
  z.strictObject({
    ...(params as z.ZodObject | undefined)?.shape,
    ...(query as z.ZodObject | undefined)?.shape,
    ...(body === undefined ? {} : { body: body as z.ZodType }),
  });

function requestOf(definition: AnyOperation, base: OperationBase, input: Record<string, unknown>): HttpRequest {
  const { method, path, query: querySchema, body } = definition;
  const query = new URLSearchParams(base.query);
  for (const [name, value] of Object.entries(pick(input, namesIn(querySchema as z.ZodObject | undefined)))) {
    if (value !== undefined) query.set(name, textOf(value));
  }
  const encodedPath = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = input[name] ?? base.params?.[name];
    if (value === undefined) throw new Error(`nothing gives the path's {${name}}`);
    return encodeURIComponent(textOf(value));
  });
  const search = query.toString();
  const url = `${base.origin}${encodedPath}${search === '' ? '' : `?${search}`}`;
  if (body === undefined) return { method, url, headers: base.headers };
  const headers = { 'content-type': 'application/json', ...base.headers };
  return { method, url, headers, body: JSON.stringify(input['body']) };
}

const namesIn = (schema: z.ZodObject | undefined): readonly string[] => Object.keys(schema?.shape ?? {});

/**
 * Writes a parameter, which is a single value. Throws for anything else: the folder's schema should not let it through.
 */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error('a parameter is neither text, number nor boolean');
}

const pick = (from: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.filter((name) => Object.hasOwn(from, name)).map((name) => [name, from[name]]));

function resultOf(result: RequestResult, reply: unknown): CallResult<unknown> {
  return result.kind === 'accepted' ? { kind: 'done', reply, attempts: result.attempts } : result;
}
