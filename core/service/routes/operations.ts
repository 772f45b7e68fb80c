import { catalogueEntry, z } from '../../index.ts';
import { aCallResult, aCheckResult } from '../operation-schema.ts';
import { Problem } from '../problem.ts';
import { defineRoute, json, type Route } from '../route.ts';
import { wholeNumber } from '../schemas.ts';
import { connectionIn, type ServiceParts } from '../service-parts.ts';

const longestMs = 600_000;
const within = wholeNumber(0, longestMs).optional().describe('Milliseconds');

export const operationRoutes = (parts: ServiceParts): readonly Route[] => [
  defineRoute({
    method: 'POST',
    path: '/v1/connections/{id}/check',
    scope: 'operate',
    summary: 'Asks the vendor once whether it accepts the credentials',
    description: 'An `ok` ends a suspension of the whole connection.',
    query: z.strictObject({ within }),
    answers: {
      200: [
        {
          description: 'What the vendor said',
          schema: aCheckResult,
        },
      ],
    },
    async handle({ params, query, signal }) {
      const { connection, worker } = connectionIn(parts, params);
      const result = await connection.check({
        signal,
        ...(query.within === undefined ? {} : { withinMs: query.within }),
      });
      if (result.kind === 'ok') worker?.wake();
      return json(result);
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/connections/{id}/operations/{name}',
    scope: 'operate',
    summary: 'Runs an operation that the vendor offers beside events',
    description:
      'GET /v1/destinations/{slug} names the operations and the schemas of their inputs. One that asks first needs ' +
      '`confirm: true`.',
    query: z.strictObject({ within }),
    input: z
      .strictObject({ input: z.unknown().optional(), confirm: z.boolean().optional() })
      .meta({ examples: [{ input: { since: '2026-11-24T10:00:00Z' } }] }),
    answers: {
      200: [
        {
          description: 'What the vendor answered; the status is 200 whatever that is',
          schema: aCallResult,
        },
      ],
    },
    async handle({ params, query, input, signal, by, requestId }) {
      const live = connectionIn(parts, params);
      const { name = '' } = params;
      const { operations } = catalogueEntry(live.destination);
      if (!operations.some((operation) => operation.name === name))
        throw new Problem(
          'not-found',
          `this destination has no such operation; it has: ${operations.map((one) => one.name).join(', ') || 'none'}`,
        );
      const result = await live.connection.call(name, input.input as never, {
        signal,
        confirmed: input.confirm === true,
        ...(query.within === undefined ? {} : { withinMs: query.within }),
      });
      parts.log.info(
        { token: by, connection: live.id, operation: name, result: result.kind, requestId },
        'an operation ran',
      );
      return json(result);
    },
  }),
];
