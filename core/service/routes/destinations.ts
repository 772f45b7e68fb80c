import { z } from '../../index.ts';
import { aDestination } from '../destination-schema.ts';
import { Problem } from '../problem.ts';
import { defineRoute, json, type Route } from '../route.ts';
import type { ServiceParts } from '../service-parts.ts';

export const destinationRoutes = ({ catalogue }: ServiceParts): readonly Route[] => [
  defineRoute({
    method: 'GET',
    path: '/v1/destinations',
    scope: 'read',
    summary: 'The catalogue',
    answers: { 200: [{ description: 'All destinations', schema: z.object({ destinations: z.array(aDestination) }) }] },
    handle: () => json({ destinations: catalogue }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/destinations/{slug}',
    scope: 'read',
    summary: 'A destination of the catalogue',
    answers: { 200: [{ description: 'The destination', schema: aDestination }] },
    handle({ params }) {
      const entry = catalogue.find(({ manifest }) => manifest.slug === params['slug']);
      if (entry === undefined) throw new Problem('not-found', 'no destination has this slug');
      return json(entry);
    },
  }),
];
