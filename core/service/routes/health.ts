import { z } from '../../index.ts';
import { Problem } from '../problem.ts';
import { defineRoute, json, type Route } from '../route.ts';
import { isoTime } from '../schemas.ts';
import type { ServiceParts } from '../service-parts.ts';

const aState = z.object({
  ready: z.boolean(),
  settings: z.enum(['loaded', 'missing']),
  store: z.enum(['writable', 'full', 'unavailable', 'unusable', 'none']),
  draining: z.boolean(),
  lastReload: z
    .object({
      at: isoTime,
      result: z.enum(['applied', 'unchanged', 'invalid']),
      issues: z.array(z.object({ path: z.string(), message: z.string() })),
      restartNeeded: z.boolean(),
    })
    .optional()
    .describe('With a token alone, where the service asks for one'),
});

export const healthRoutes = ({ readiness, metrics }: ServiceParts): readonly Route[] => [
  defineRoute({
    method: 'GET',
    path: '/healthz',
    scope: 'none',
    summary: 'The process lives',
    answers: { 200: [{ description: 'It does', schema: z.object({ alive: z.literal(true) }) }] },
    handle: () => json({ alive: true }),
  }),
  defineRoute({
    method: 'GET',
    path: '/readyz',
    scope: 'none',
    summary: 'The settings are loaded, and the store can be written',
    answers: {
      200: [{ description: 'Ready', schema: aState }],
      503: [{ description: 'Not ready, and which part is not', schema: aState }],
    },
    async handle({ isTrusted }) {
      const state = await readiness.state();
      const { lastReload } = readiness;
      const shown = isTrusted && lastReload !== undefined ? { ...state, lastReload } : state;
      return json(shown, state.ready ? 200 : 503);
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/metrics',
    scope: 'read',
    summary: 'Metrics for Prometheus',
    answers: { 200: [{ description: 'Text', mediaType: 'text/plain', schema: z.string() }] },
    problems: ['not-found'],
    async handle() {
      if (metrics === undefined) throw new Problem('not-found', 'this service has no metrics');
      return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } });
    },
  }),
];
