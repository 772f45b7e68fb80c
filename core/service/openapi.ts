import type { OpenAPIRegistry as Registry } from '@asteasolutions/zod-to-openapi';
import { z } from '../index.ts';
import { scopes } from './access.ts';
import { loadZodToOpenApi } from './peers.ts';
import { problemKinds, type ProblemKind } from './problem.ts';
import type { Route } from './route.ts';
import { aProblem } from './schemas.ts';

const { OpenApiGeneratorV31, OpenAPIRegistry } = loadZodToOpenApi();

/** An OpenAPI 3.1 document. */
export type ApiDescription = Readonly<Record<string, unknown>>;

/** Describes the routes by the schemas that they check their requests with. */
export function apiDescription(routes: readonly Route[], version: string): ApiDescription {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: `A token of the token file; its scopes are of: ${scopes.join(', ')}. Without that file, none is needed`,
  });
  registry.registerComponent('securitySchemes', 'writeKey', {
    type: 'http',
    scheme: 'basic',
    description: 'The write key of a source is the user name; there is no password',
  });
  const { ref: retryAfter } = registry.registerComponent('headers', 'retry-after', {
    description: 'Seconds until it may be tried again',
    schema: { type: 'integer' },
  });
  const known = new Set(routes.flatMap(problemsOf));
  for (const kind of known) {
    const { status, title } = problemKinds[kind];
    registry.registerComponent('responses', kind, {
      description: title,
      ...(status === 429 || status === 503 ? { headers: { 'retry-after': retryAfter } } : {}),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
  }
  for (const route of routes) registry.registerPath(pathOf(route));
  return new OpenApiGeneratorV31([{ type: 'schema', schema: aProblem }, ...registry.definitions]).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Spillway',
      version,
      description:
        'Every answer has x-request-id, that of the request where it has one. What goes wrong is answered with a ' +
        'problem document (RFC 9457), which quotes nothing of the request.',
    },
    servers: [{ url: '/' }],
  }) as unknown as ApiDescription;
}

type Path = Parameters<Registry['registerPath']>[0];

function pathOf(route: Route): Path {
  const { method, path, scope, summary, description, query, input, body, answers } = route;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const content = input === undefined ? body : { 'application/json': input };
  return {
    method: method.toLowerCase() as 'get' | 'post' | 'delete',
    path,
    summary,
    operationId: operationIdOf(method, path),
    description: [description, whoMay(scope)].filter((text) => text !== undefined).join('\n\n'),
    security: scope === 'none' ? [] : [scope === 'write-key' ? { writeKey: [] } : { token: [scope] }],
    request: {
      ...(names.length === 0 ? {} : { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }),
      ...(query === undefined ? {} : { query }),
      ...(content === undefined
        ? {}
        : {
            body: {
              required: true,
              content: Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }])),
            },
          }),
    },
    responses: {
      ...Object.fromEntries(
        problemsOf(route).map((kind) => [problemKinds[kind].status, { $ref: `#/components/responses/${kind}` }]),
      ),
      ...Object.fromEntries(Object.entries(answers).map(([status, shapes]) => [status, answerOf(shapes)])),
    },
  };
}

const whoMay = (scope: Route['scope']): string => {
  if (scope === 'none') return 'Needs no token.';
  return scope === 'write-key' ? 'Needs the write key of a source.' : `Needs a token with the scope \`${scope}\`.`;
};

/** What may be wrong with a request to the route: what its parts can cause, and what it names itself. */
const problemsOf = ({ path, scope, input, body, problems = [] }: Route): readonly ProblemKind[] => [
  'not-valid',
  ...problemsOfScope(scope),
  ...(path.includes('{') ? (['not-found'] as const) : []),
  ...(input === undefined && body === undefined ? [] : (['too-slow', 'too-large', 'unsupported-media-type'] as const)),
  ...problems,
  'defect',
];

function problemsOfScope(scope: Route['scope']): readonly ProblemKind[] {
  if (scope === 'none') return ['forbidden'];
  return scope === 'write-key' ? ['unauthorized', 'too-many-requests'] : ['unauthorized', 'forbidden', 'unavailable'];
}

const answerOf = (shapes: Route['answers'][number]): Path['responses'][string] => ({
  description: shapes.map(({ description }) => description).join('; or: '),
  content: Object.fromEntries(
    shapes.flatMap(({ mediaType = 'application/json', schema }) =>
      schema === undefined ? [] : [[mediaType, { schema }]],
    ),
  ),
});

/** `postV1ConnectionsIdDeliver`: clients name their functions so. */
const operationIdOf = (method: string, path: string): string =>
  method.toLowerCase() +
  path
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
