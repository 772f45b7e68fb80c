import { z } from '../../index.ts';
import { apiDescription, type ApiDescription } from '../openapi.ts';
import { defineRoute, json, type Route } from '../route.ts';
import type { ServiceParts } from '../service-parts.ts';

/** The description of all routes, itself included. */
export function descriptionRoute(others: readonly Route[], { version }: ServiceParts): Route {
  let description: ApiDescription | undefined;
  const route: Route = defineRoute({
    method: 'GET',
    path: '/openapi.json',
    scope: 'none',
    summary: 'This description',
    answers: { 200: [{ description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) }] },
    handle: () => json((description ??= apiDescription([...others, route], version))),
  });
  return route;
}
