import { z } from '../../index.ts';
import type { ConnectionBacklog } from '../../queue/index.ts';
import type { LiveConnection } from '../connections.ts';
import { defineRoute, json, type Route } from '../route.ts';
import { aConnection, aMinute, wholeNumberOr } from '../schemas.ts';
import { connectionIn, type ServiceParts } from '../service-parts.ts';

export const connectionRoutes = (parts: ServiceParts): readonly Route[] => [
  defineRoute({
    method: 'GET',
    path: '/v1/connections',
    scope: 'read',
    summary: 'What every connection is doing',
    answers: { 200: [{ description: 'All connections', schema: z.object({ connections: z.array(aConnection) }) }] },
    handle: async () => json({ connections: await connectionStates(parts) }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/connections/{id}',
    scope: 'read',
    summary: 'What a connection is doing',
    answers: { 200: [{ description: 'The connection', schema: aConnection }] },
    async handle({ params }) {
      const live = connectionIn(parts, params);
      const status = await parts.store?.status(live.id);
      return json(stateOf(live, status?.connections[0], parts));
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/connections/{id}/series',
    scope: 'read',
    summary: 'What happened on a connection, minute by minute',
    query: z.strictObject({ minutes: wholeNumberOr(60, 1, 60) }),
    answers: { 200: [{ description: 'The oldest first', schema: z.object({ minutes: z.array(aMinute) }) }] },
    handle: ({ params, query }) =>
      json({ minutes: parts.activity.series(connectionIn(parts, params).id, query.minutes) }),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/connections/{id}/resume',
    scope: 'operate',
    summary: 'Ends a suspension',
    query: z.strictObject({ scope: z.string().optional() }),
    answers: { 200: [{ description: 'The connection', schema: aConnection }] },
    async handle({ params, query, by, requestId }) {
      const live = connectionIn(parts, params);
      const { length } = live.connection.suspended();
      live.connection.resume(query.scope);
      if (query.scope === undefined) live.worker?.resume();
      else live.worker?.wake();
      const ended = length - live.connection.suspended().length;
      parts.log.info({ token: by, connection: live.id, ended, requestId }, 'suspensions were ended');
      const status = await parts.store?.status(live.id);
      return json(stateOf(live, status?.connections[0], parts));
    },
  }),
];

export async function connectionStates(parts: ServiceParts): Promise<readonly z.input<typeof aConnection>[]> {
  const status = await parts.store?.status();
  const backlogs = new Map(status?.connections.map((backlog) => [backlog.connection, backlog]));
  return parts.connections.all().map((live) => stateOf(live, backlogs.get(live.id), parts));
}

function stateOf(
  live: LiveConnection,
  backlog: ConnectionBacklog | undefined,
  { store, activity }: ServiceParts,
): z.input<typeof aConnection> {
  const suspended = [...live.connection.suspended()];
  const worker = live.worker?.state();
  const hold =
    worker?.state === 'held' && worker.reason !== null
      ? { ...worker.reason, since: worker.since, until: worker.until }
      : null;
  return {
    id: live.id,
    destination: live.destination.manifest.slug,
    state:
      suspended.length > 0
        ? 'suspended'
        : hold !== null
          ? 'held'
          : store !== undefined && worker === undefined
            ? 'starting'
            : 'open',
    suspended,
    held: hold,
    circuitOpenUntil: hold?.cause === 'unreachable' ? hold.until : null,
    failing: worker === undefined ? null : { ...worker.failing },
    waiting: store === undefined ? null : (backlog?.waiting ?? 0),
    oldestMs: store === undefined ? null : (backlog?.oldestMs ?? 0),
    dead: store === undefined ? null : (backlog?.dead ?? 0),
    perSecond: worker?.perSecond ?? null,
    lastDelivered: worker?.lastDelivered ?? null,
    ...activity.of(live.id),
  };
}
