import { z, type ConfigIssue, type JsonValue } from '../../index.ts';
import type { ConnectionSetup, LiveConnection } from '../connections.ts';
import { keepEvents } from '../keep-events.ts';
import { Problem } from '../problem.ts';
import { parsed } from '../request-body.ts';
import { defineRoute, type Route } from '../route.ts';
import { anEvent } from '../schemas.ts';
import type { ServiceParts } from '../service-parts.ts';
import { createTrackingApi, refusal, type TrackingApi } from '../tracking/tracking-api.ts';
import { trackingCalls, type TrackingCall } from '../tracking/tracking-call.ts';
import type { TrackingSource } from '../tracking/tracking-sources.ts';

/** What the SDKs send around and in their events, for the description: what they leave out is filled in. */
const aCall = z.looseObject({ messageId: z.string().optional(), writeKey: z.string().optional() });
const aBatch = z.looseObject({
  batch: z.array(anEvent),
  sentAt: z.string().optional(),
  writeKey: z.string().optional(),
});

/**
 * The tracking API of the SDKs of Segment and RudderStack: `all` that it answers, and of these the `described` ones.
 */
export function trackingRoutes(parts: ServiceParts): {
  readonly all: readonly Route[];
  readonly described: readonly Route[];
} {
  const api = createTrackingApi({
    sources: parts.sources,
    keep: (events, ids) =>
      parts.connections.hold(() =>
        keepEvents(
          parts,
          ids.map((id) => connectionNow(parts, id)),
          events,
          { onlyWanted: true },
        ),
      ),
    now: Date.now,
    elapsed: () => performance.now(),
  });
  const all = [...trackingCalls].map(([path, call]) => trackingRoute(path, call, api, parts));
  // Java's SDK of Segment ends its path with a slash.
  const imports = trackingRoute('/v1/import/', 'batch', api, parts);
  const longPaths = new Set([...trackingCalls.values()].map((call) => `/v1/${call}`));
  return { all: [...all, imports], described: all.filter(({ path }) => longPaths.has(path)) };
}

const trackingRoute = (path: string, call: TrackingCall, api: TrackingApi, { limits }: ServiceParts): Route =>
  defineRoute({
    method: 'POST',
    path,
    scope: 'write-key',
    everyMethod: true,
    summary: call === 'batch' ? 'Keeps what an SDK sends' : `Keeps the ${call} call of an SDK`,
    description:
      'The tracking API of the SDKs of Segment and RudderStack, also from pages of any site: for the connections of the ' +
      'source whose write key it is. Fills in what the servers of both do. What can be taken later is a 429.',
    query: z.looseObject({ writeKey: z.string().optional() }),
    body: { '*/*': call === 'batch' ? aBatch : aCall },
    answers: { 200: [{ description: 'All of it is on disk', schema: z.object({ success: z.literal(true) }) }] },
    refusal,
    handle: ({ request, ip, body }) =>
      api({ request, ip, readJson: async () => parsed(await body.text(limits.jsonBytes)) as JsonValue }),
  });

/** A change of the settings may have taken it away since the write key was read. */
function connectionNow({ connections }: ServiceParts, id: string): LiveConnection {
  const live = connections.get(id);
  if (live === undefined) throw new Problem('conflict', 'the settings of the source are being replaced');
  return live;
}

/** What keeps sources from sending events to these connections, with paths below `sources`. */
export function sourceIssues(
  sources: readonly TrackingSource[],
  setups: readonly ConnectionSetup[],
  { store }: Pick<ServiceParts, 'store'>,
): readonly ConfigIssue[] {
  if (sources.length > 0 && store === undefined)
    return [{ path: 'sources', message: 'what they send is kept in a store, and this service has none' }];
  const ids = new Set(setups.map(({ id }) => id));
  return sources.flatMap(({ id, writeKey, connections }, index) => {
    const before = sources.slice(0, index);
    const issues: ConfigIssue[] = connections.flatMap((name, position) =>
      ids.has(name)
        ? []
        : [{ path: `sources.${index}.connections.${position}`, message: 'there is no connection with this id' }],
    );
    if (writeKey === '') issues.push({ path: `sources.${index}.writeKey`, message: 'must not be empty' });
    if (before.some((other) => other.id === id))
      issues.push({ path: `sources.${index}.id`, message: 'another source has this id' });
    if (before.some((other) => other.writeKey === writeKey))
      issues.push({ path: `sources.${index}.writeKey`, message: 'another source has this write key' });
    return issues;
  });
}
