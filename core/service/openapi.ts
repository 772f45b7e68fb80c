import type { OpenAPIRegistry as Registry } from '@asteasolutions/zod-to-openapi';
import { z } from '../index.ts';
import { loadZodToOpenApi } from './peers.ts';
import { problemStatuses } from './problem.ts';
import type { Route } from './route.ts';
import { aProblem } from './schemas.ts';

const { OpenApiGeneratorV31, OpenAPIRegistry } = loadZodToOpenApi();

/** An OpenAPI 3.1 document. */
export type ApiDescription = Readonly<Record<string, unknown>>;

const problem = { content: { 'application/problem+json': { schema: aProblem } } };

/** Describes the routes by the schemas that they check their requests with. */
export function apiDescription(routes: readonly Route[], version: string): ApiDescription {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'writeKey', {
    type: 'http',
    scheme: 'basic',
    description: 'The write key of a source is the user name; there is no password',
  });
  for (const route of routes) registry.registerPath(pathOf(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Spillway', version },
    servers: [{ url: '/' }],
  }) as unknown as ApiDescription;
}

type Path = Parameters<Registry['registerPath']>[0];

function pathOf({ method, path, scope, summary, description, query, input, body, answers }: Route): Path {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const content = input === undefined ? body : { 'application/json': input };
  return {
    method: method.toLowerCase() as 'get' | 'post' | 'delete',
    path,
    summary,
    operationId: operationIdOf(method, path),
    ...(description === undefined ? {} : { description }),
    security: scope === 'none' ? [] : [scope === 'write-key' ? { writeKey: [] } : { token: [] }],
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
      ...Object.fromEntries(Object.entries(answers).map(([status, shapes]) => [status, answerOf(shapes)])),
      default: { description: `A problem: ${problemStatuses.join(', ')}`, ...problem },
    },
  };
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
