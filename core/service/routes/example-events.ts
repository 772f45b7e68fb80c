import { z, type CdpEvent } from '../../index.ts';
import { Problem } from '../problem.ts';
import { defineRoute, json, type Route } from '../route.ts';
import { anEvent } from '../schemas.ts';
import type { ServiceParts } from '../service-parts.ts';

const anExample = z
  .object({
    name: z.string(),
    description: z.string(),
    event: anEvent,
  })
  .meta({ id: 'ExampleEvent' });

export const exampleEventsRoute = ({ catalogue, trials }: ServiceParts): Route =>
  defineRoute({
    method: 'GET',
    path: '/v1/destinations/{slug}/events',
    scope: 'read',
    summary: 'Events to try a destination with',
    description:
      'Made-up events of every kind that the SDKs send and this destination takes. They happened a minute ago.',
    problems: ['conflict'],
    answers: { 200: [{ description: 'By name', schema: z.object({ events: z.array(anExample) }) }] },
    async handle({ params }) {
      const entry = catalogue.find(({ manifest }) => manifest.slug === params['slug']);
      if (entry === undefined) throw new Problem('not-found', 'no destination has this slug');
      if (trials.events === undefined) throw new Problem('conflict', 'this service was started without example events');
      const accepted: readonly string[] = entry.manifest.accepts;
      const examples = Object.entries(await trials.events()).filter(([, { type }]) => accepted.includes(type));
      const now = Date.now();
      return json({
        events: examples.map(([name, event]) => ({ name, description: described(event), event: asOf(event, now) })),
      });
    },
  });

/** `track "Order Completed", from an iPhone`. */
function described(event: CdpEvent): string {
  const { type, context } = event;
  const name = 'event' in event ? event.event : 'name' in event ? event.name : undefined;
  const os = (context?.['os'] as { readonly name?: unknown } | undefined)?.name;
  return `${type}${typeof name === 'string' ? ` "${name}"` : ''}, ${typeof os === 'string' ? os : 'web'}`;
}

const times = ['timestamp', 'originalTimestamp', 'sentAt', 'receivedAt'] as const;
const minuteMs = 60_000;

/** Vendors refuse what is too old. */
function asOf(event: CdpEvent, now: number): object {
  const of = event as unknown as Readonly<Record<string, unknown>>;
  const shift = now - minuteMs - Date.parse(String(of['timestamp']));
  const shifted = times.flatMap((name) => {
    const time = Date.parse(String(of[name]));
    return Number.isNaN(time + shift) ? [] : [[name, new Date(time + shift).toISOString()]];
  });
  return { ...event, ...(Object.fromEntries(shifted) as object) };
}
