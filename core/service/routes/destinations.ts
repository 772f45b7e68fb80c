import { z } from '../../index.ts';
import { Problem } from '../problem.ts';
import { defineRoute, json, type Route } from '../route.ts';
import type { ServiceParts } from '../service-parts.ts';

const anEntry = z.looseObject({ manifest: z.looseObject({ slug: z.string(), name: z.string() }) }).meta({
  id: 'Destination',
  description: 'A destination with the JSON Schemas of its settings, options and operations',
});

export const destinationRoutes = ({ catalogue }: ServiceParts): readonly Route[] => [
  defineRoute({
    method: 'GET',
    path: '/v1/destinations',
    scope: 'read',
    summary: 'The catalogue',
    answers: { 200: [{ description: 'All destinations', schema: z.object({ destinations: z.array(anEntry) }) }] },
    handle: () => json({ destinations: catalogue }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/destinations/{slug}',
    scope: 'read',
    summary: 'A destination of the catalogue',
    answers: { 200: [{ description: 'The destination', schema: anEntry }] },
    handle({ params }) {
      const entry = catalogue.find(({ manifest }) => manifest.slug === params['slug']);
      if (entry === undefined) throw new Problem('not-found', 'no destination has this slug');
      return json(entry);
    },
  }),
];
