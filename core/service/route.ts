import type { z } from '../index.ts';
import type { Scope } from './access.ts';
import type { Problem, ProblemKind } from './problem.ts';
import type { RequestBody } from './request-body.ts';

/** A request, as a route gets it: who sent it is known, and what could be checked beforehand is. */
export interface Call<Query = unknown, Input = unknown> {
  /** Of the request: `x-request-id`. */
  readonly requestId: string;
  /** The parts of the path in braces. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** The JSON body, as the route's schema reads it. */
  readonly input: Input;
  readonly body: RequestBody;
  readonly request: Request;
  readonly headers: Headers;
  /** The address of the sender, or of a proxy that is not trusted. `undefined` where that is not known. */
  readonly ip: string | undefined;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /** The name of the token. `undefined` where the service has none. */
  readonly by: string | undefined;
  /** It came with a token; or the service has none, and everybody may see everything. */
  readonly isTrusted: boolean;
  /** Whether the sender has a scope, beside that of the route. */
  readonly may: (scope: Scope) => boolean;
}

/** An answer that goes on after its head. */
export interface StreamedAnswer {
  readonly response: Response;
  /** Resolves once the body has ended, or the client has gone. */
  readonly ended: Promise<void>;
}

/** An answer, for the API description. */
export interface AnswerShape {
  readonly description: string;
  /** Default: application/json. */
  readonly mediaType?: string;
  /** Of the body; of a line where the media type is NDJSON. Left out where there is no body. */
  readonly schema?: z.ZodType;
}

/**
 * A way into the service. Its schemas both check what comes and describe it in the API description, so that neither can
 * say what the other does not do.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Such as `/v1/connections/{id}`. */
  readonly path: string;
  /** `none`: without a token. `write-key`: with the write key of a source. */
  readonly scope: Scope | 'none' | 'write-key';
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  /** Of a JSON body, which is parsed before handle(). */
  readonly input?: z.ZodType;
  /** Of a body that the route reads by itself, by media type. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  readonly answers: Readonly<Record<number, readonly AnswerShape[]>>;
  /** handle() answers every method: a browser asks with OPTIONS before a page of another site may send. */
  readonly everyMethod?: true;
  /** The answer to a request that fails. Default: the problem document. */
  readonly refusal?: (problem: Problem) => Response;
  /** What else can be wrong than any route with such a path, scope and body says. */
  readonly problems?: readonly ProblemKind[];
  handle(call: Call): Promise<Response | StreamedAnswer> | Response | StreamedAnswer;
}

interface TypedRoute<Q extends z.ZodObject, I extends z.ZodType> extends Omit<Route, 'handle' | 'query' | 'input'> {
  readonly query?: Q;
  readonly input?: I;
  handle(call: Call<z.output<Q>, z.output<I>>): Promise<Response | StreamedAnswer> | Response | StreamedAnswer;
}

/** Has the types of a route's query and input follow from its schemas. */
export const defineRoute = <Q extends z.ZodObject = z.ZodObject, I extends z.ZodType = z.ZodType>(
  route: TypedRoute<Q, I>,
): Route => route as unknown as Route;

export const json = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });

/** Whether a client names a media type in Accept, and does not want JSON more. */
export function asksFor(headers: Headers, mediaType: string): boolean {
  const ranges = (headers.get('accept') ?? '').toLowerCase().split(',');
  const quality = qualityOf(mediaType, ranges);
  return quality > 0 && quality >= qualityOf('application/json', ranges);
}

function qualityOf(mediaType: string, ranges: readonly string[]): number {
  for (const range of ranges) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name === mediaType) return Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
  }
  return 0;
}
