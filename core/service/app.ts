import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { z } from '../index.ts';
import { tokenOf, type Token } from './access.ts';
import { refuseForeignPages, type ServiceAddress } from './origin-guard.ts';
import { loadHono } from './peers.ts';
import { Problem, type ProblemIssue } from './problem.ts';
import { storeProblem } from './store-problem.ts';
import { parsed, RequestBody } from './request-body.ts';
import type { Call, Route, StreamedAnswer } from './route.ts';
import { routesOf } from './routes/index.ts';
import type { ServiceParts } from './service-parts.ts';
import type { ClientAddress } from './tracking/client-address.ts';

const { Hono } = loadHono();

export type Fetch = (request: Request, env?: object) => Response | Promise<Response>;

interface AppSettings {
  readonly tokens: () => readonly Token[] | undefined;
  readonly address: ServiceAddress;
  readonly clientAddress: ClientAddress;
  readonly openMetrics: boolean;
}

/** `incoming` is Node's own request, where listen() serves it. */
type Env = { Bindings: { readonly incoming?: IncomingMessage } };

/** The routes behind what every request goes through: its id, the load, who sent it, what it may, and its errors. */
export function createApp(parts: ServiceParts, settings: AppSettings): { readonly fetch: Fetch } {
  const app = new Hono<Env>();
  const routes = routesOf(parts);
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    if (route.everyMethod === true) app.all(path, (context) => answer(route, context, parts, settings));
    else {
      app.on(route.method, path, (context) => answer(route, context, parts, settings));
      methods.set(path, [...(methods.get(path) ?? []), route.method]);
    }
  }
  for (const [path, allowed] of methods)
    app.all(path, ({ req }) => {
      const headers = { allow: allowed.join(', ') };
      const problem = new Problem('method-not-allowed', `it has: ${allowed.join(', ')}`, { headers });
      return finished(problem.response(), idOf(req.raw), parts);
    });
  app.notFound(({ req }) =>
    finished(new Problem('not-found', 'no route has this path').response(), idOf(req.raw), parts),
  );
  return { fetch: (request, env) => app.fetch(request, env) };
}

async function answer(
  route: Route,
  context: Context<Env>,
  parts: ServiceParts,
  settings: AppSettings,
): Promise<Response> {
  const request = context.req.raw;
  const requestId = idOf(request);
  const { incoming } = (context.env as Env['Bindings'] | undefined) ?? {};
  const loadOf = route.scope === 'write-key' ? 'strangers' : 'known';
  const body = new RequestBody(request, incoming, { load: parts.load, limits: parts.limits, of: loadOf });
  let release = (): void => body.release();
  let response: Response;
  try {
    const sender = admitted(route, request, settings);
    // Who watches the service must see it most of all when it is overloaded.
    const free = route.scope === 'none' ? undefined : parts.load.admit(loadOf);
    release = () => {
      body.release();
      free?.();
    };
    const call = await callOf(route, context, body, { requestId, sender, parts, settings });
    const answered = await route.handle(call);
    response = 'ended' in answered ? streamed(answered, request, release) : answered;
    if (!('ended' in answered)) release();
  } catch (error) {
    release();
    const problem = problemOf(error, parts, { requestId, route: route.path });
    response = route.refusal?.(problem) ?? problem.response();
    if (problem.kind !== 'too-slow') await body.discard();
  }
  parts.metrics?.requestAnswered?.(route.path, response.status);
  return finished(response, requestId, parts);
}

function streamed({ response, ended }: StreamedAnswer, { method }: Request, release: () => void): Response {
  void ended.finally(release);
  // Nobody reads the body of an answer to HEAD, so it would never end.
  if (method === 'HEAD') void response.body?.cancel();
  return response;
}

type Sender = Pick<Call, 'by' | 'isTrusted' | 'may'>;

/** Checks where the request comes from and who sent it. Throws a Problem. */
function admitted(route: Route, request: Request, { tokens, address, openMetrics }: AppSettings): Sender {
  if (route.scope === 'write-key') return unknownSender;
  refuseForeignPages(request, address);
  const { headers } = request;
  const known = tokens();
  const isOpen = route.scope === 'none' || (openMetrics && route.path === '/metrics');
  if (known === undefined) return { by: undefined, isTrusted: true, may: () => true };
  const token = tokenOf(headers.get('authorization'), known);
  if (isOpen) return token === undefined ? unknownSender : senderOf(token);
  if (token === undefined)
    throw new Problem('unauthorized', 'send Authorization: Bearer and a token of the token file', {
      headers: { 'www-authenticate': 'Bearer realm="spillway"' },
    });
  if (!token.scopes.has(route.scope as never))
    throw new Problem('forbidden', `the token does not have the scope ${route.scope}`);
  return senderOf(token);
}

const unknownSender: Sender = { by: undefined, isTrusted: false, may: () => false };

const senderOf = ({ name, scopes }: Token): Sender => ({
  by: name,
  isTrusted: true,
  may: (scope) => scopes.has(scope),
});

/** What is known of a request before it is read. */
interface Admitted {
  readonly requestId: string;
  readonly sender: Sender;
  readonly parts: ServiceParts;
  readonly settings: AppSettings;
}

async function callOf(
  route: Route,
  context: Context<Env>,
  body: RequestBody,
  { requestId, sender, parts, settings }: Admitted,
): Promise<Call> {
  const request = context.req.raw;
  const { searchParams } = new URL(request.url);
  if (route.scope !== 'write-key') refuseRepeats(searchParams);
  const query = read(route.query ?? noQuery, Object.fromEntries(searchParams), 'the query');
  let input: unknown;
  if (route.input !== undefined) {
    takes(body, ['application/json']);
    input = read(route.input, parsed(await body.text(parts.limits.jsonBytes)), 'the body');
  } else if (route.body !== undefined) takes(body, Object.keys(route.body));
  return {
    requestId,
    params: context.req.param() as Readonly<Record<string, string>>,
    query,
    input,
    body,
    request,
    headers: request.headers,
    ip: settings.clientAddress(
      request.headers,
      (context.env as Env['Bindings'] | undefined)?.incoming?.socket.remoteAddress,
    ),
    get signal() {
      return request.signal;
    },
    ...sender,
  };
}

/** Only one of two values would hold, without a word. */
function refuseRepeats(query: URLSearchParams): void {
  if (new Set(query.keys()).size < query.size) throw new Problem('not-valid', 'the query has a parameter twice');
}

const noQuery = z.strictObject({});

function takes({ mediaType }: RequestBody, mediaTypes: readonly string[]): void {
  if (!mediaTypes.includes(mediaType) && !mediaTypes.includes('*/*'))
    throw new Problem('unsupported-media-type', `the content-type must be ${mediaTypes.join(' or ')}`, {
      headers: { accept: mediaTypes.join(', ') },
    });
}

function read(schema: z.ZodType, value: unknown, what: string): unknown {
  const { data, error, success } = schema.safeParse(value);
  if (success) return data;
  const errors = error.issues.map(({ path, message }): ProblemIssue => ({ path: path.map(String).join('.'), message }));
  throw new Problem('not-valid', `${what} is not as it must be`, { errors });
}

function problemOf(
  error: unknown,
  { log }: ServiceParts,
  at: { readonly requestId: string; readonly route: string },
): Problem {
  const known = error instanceof Problem ? error : storeProblem(error);
  if (known !== undefined) return known;
  log.error({ ...at, stack: stackOf(error) }, 'a defect of this service');
  return new Problem('defect', 'the log of the service has it under the x-request-id of this answer');
}

/** Without the message, which might quote an event or a credential. */
const stackOf = (error: unknown): string =>
  error instanceof Error
    ? [error.name, ...(error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line))].join('\n')
    : typeof error;

const requestIdForm = /^[\w.:-]{1,128}$/;

function idOf({ headers }: Request): string {
  const sent = headers.get('x-request-id');
  return sent !== null && requestIdForm.test(sent) ? sent : randomUUID();
}

function finished(response: Response, requestId: string, { readiness }: ServiceParts): Response {
  response.headers.set('x-request-id', requestId);
  if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
  // The client opens its next connection elsewhere, instead of finding this one reset.
  if (readiness.isDraining) response.headers.set('connection', 'close');
  return response;
}
