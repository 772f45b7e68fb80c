import { z } from '../../index.ts';
import { lanesBy } from '../../queue/index.ts';
import { Problem } from '../problem.ts';
import { defineRoute, json, type Route } from '../route.ts';
import { aCount } from '../schemas.ts';
import { connectionIn, storeOf, type ServiceParts } from '../service-parts.ts';

const time = z.iso.datetime({ offset: true });

export const replayRoute = (parts: ServiceParts): Route =>
  defineRoute({
    method: 'POST',
    path: '/v1/connections/{id}/replay',
    scope: 'operate',
    summary: 'Puts what was done between two times into the queue again',
    description:
      'Where a repeat does harm, or events have an order that a replay would break, the answer is 409 unless `force` is true.',
    input: z
      .strictObject({ from: time, to: time.optional(), force: z.boolean().optional() })
      .meta({ examples: [{ from: '2026-11-24T10:00:00Z', to: '2026-11-24T11:00:00Z' }] }),
    answers: { 200: [{ description: 'How many', schema: z.object({ count: aCount }) }] },
    problems: ['conflict', 'too-many-requests'],
    async handle({ params, input, by, requestId }) {
      const { id, connection, destination } = connectionIn(parts, params);
      const store = storeOf(parts);
      const from = Date.parse(input.from);
      const to = input.to === undefined ? Date.now() : Date.parse(input.to);
      if (to < from)
        throw new Problem('not-valid', undefined, { errors: [{ path: 'to', message: 'is before "from"' }] });
      const { connections } = await store.status(id);
      const registered = connections[0]?.registered;
      const { slug, displayName, replay } = destination.manifest;
      const spansOther = registered?.former?.some(({ destination: former, until }) => former !== slug && from < until);
      if (spansOther === true)
        throw new Problem('conflict', 'some of that was for another destination of this connection');
      const harms = [
        ...(replay === 'harmful' ? [`${displayName} counts an event as often as it arrives`] : []),
        ...(registered?.hasLanes === true
          ? ['its events must keep their order, and these would arrive after newer ones']
          : []),
      ];
      if (harms.length > 0 && input.force !== true)
        throw new Problem('conflict', `${harms.join('; ')}; "force": true replays anyway`);
      const count = await store.replay(id, from, to, lanesBy(connection));
      parts.log.info({ token: by, connection: id, count, requestId }, 'events were replayed');
      return json({ count });
    },
  });
