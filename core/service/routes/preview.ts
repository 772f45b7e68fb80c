import {
  createRuntime,
  z,
  type AnyDestination,
  type ConfigIssue,
  type ConnectionOptions,
  type EventOrText,
  type Preview,
} from '../../index.ts';
import { isDeeperThan, mostJsonLevels } from '../../json-text.ts';
import { aPreview } from '../preview-schema.ts';
import { Problem } from '../problem.ts';
import { defineRoute, json, type Route } from '../route.ts';
import { anEvent } from '../schemas.ts';
import { connectionIn, type ServiceParts } from '../service-parts.ts';

const mostEvents = 100;
const someEvents = { event: anEvent.optional(), events: z.array(anEvent).min(1).max(mostEvents).optional() };
const exampleEvent = { type: 'track', event: 'Order Completed', messageId: 'order-1001' };
const previews = z.object({ previews: z.array(aPreview) });

export const previewRoutes = (parts: ServiceParts): readonly Route[] => [
  defineRoute({
    method: 'POST',
    path: '/v1/connections/{id}/preview',
    scope: 'events',
    summary: 'Shows what a connection would send',
    input: z.strictObject(someEvents).meta({ examples: [{ event: exampleEvent }] }),
    answers: { 200: [{ description: 'One preview for each event', schema: previews }] },
    handle: async ({ params, input }) =>
      json({ previews: await previewsOf(connectionIn(parts, params).connection, eventsOf(input)) }),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/preview',
    scope: 'events',
    summary: 'Shows what settings would send, which belong to no connection',
    problems: ['not-found'],
    description:
      'The settings are taken literally: references such as ${NAME} belong to the file of the service alone.',
    input: z
      .strictObject({
        destination: z.string(),
        config: z.unknown().optional(),
        options: z.looseObject({}).optional(),
        ...someEvents,
      })
      .meta({
        examples: [
          {
            destination: 'adjust',
            config: { appToken: 'abcdefghijkl', environment: 'sandbox', eventTokens: { 'Order Completed': 'abc123' } },
            events: [exampleEvent],
          },
        ],
      }),
    answers: { 200: [{ description: 'One preview for each event', schema: previews }] },
    async handle({ input }) {
      const events = eventsOf(input);
      return withSettings(parts, input, async (connection) => json({ previews: await previewsOf(connection, events) }));
    },
  }),
];

interface GivenSettings {
  readonly destination: string;
  readonly config?: unknown;
  readonly options?: object | undefined;
}

/** Opens a connection of a request for as long as `act` takes. Throws a Problem with all that is wrong with it. */
export async function withSettings<T>(
  { destinations, runtime: options }: Pick<ServiceParts, 'destinations' | 'runtime'>,
  { destination: slug, config, options: connectionOptions }: GivenSettings,
  act: (connection: Pick<PreviewedConnection, 'preview'>, destination: AnyDestination) => Promise<T>,
): Promise<T> {
  refuseReferences({ config, options: connectionOptions });
  const destination = destinations.find(({ manifest }) => manifest.slug === slug);
  if (destination === undefined) throw new Problem('not-found', 'no destination has this slug');
  const { onSignal: _onSignal, ...quiet } = options;
  // All of them, as the options of the runtime may name any.
  const runtime = createRuntime({ ...quiet, destinations });
  try {
    const opened = runtime.open(destination, config, connectionOptions as ConnectionOptions);
    if (opened.kind === 'invalid') throw notValid(opened.issues);
    return await act(opened.connection, destination);
  } finally {
    await runtime.close();
  }
}

interface PreviewedConnection {
  preview(event: EventOrText): Promise<Preview>;
}

const notValid = (errors: readonly ConfigIssue[]): Problem =>
  new Problem('not-valid', 'the settings are not valid', { errors });

/** A file of the operator fills them in. A request that could name them would have secrets read for strangers. */
export function refuseReferences(settings: object): void {
  if (isDeeperThan(settings, mostJsonLevels))
    throw new Problem('not-valid', `the settings are nested deeper than ${mostJsonLevels} levels`);
  if (JSON.stringify(settings).includes('${'))
    throw new Problem('not-valid', 'settings in a request hold no references such as ${NAME}: send the values');
}

function eventsOf({
  event,
  events,
}: {
  readonly event?: object | undefined;
  readonly events?: readonly object[] | undefined;
}): readonly EventOrText[] {
  if ((event === undefined) === (events === undefined))
    throw new Problem('not-valid', 'the body needs either "event" or "events"');
  return (events ?? [event]) as readonly EventOrText[];
}

const previewsOf = (connection: PreviewedConnection, events: readonly EventOrText[]): Promise<readonly Preview[]> =>
  Promise.all(events.map((event) => connection.preview(event)));
