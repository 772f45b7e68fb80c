import type { Route } from '../route.ts';
import type { ServiceParts } from '../service-parts.ts';
import { connectionRoutes } from './connections.ts';
import { deadRoutes } from './dead.ts';
import { deliverRoute } from './deliver.ts';
import { destinationRoutes } from './destinations.ts';
import { eventsRoutes } from './events.ts';
import { exampleEventsRoute } from './example-events.ts';
import { healthRoutes } from './health.ts';
import { liveRoute } from './live.ts';
import { descriptionRoute } from './description.ts';
import { operationRoutes } from './operations.ts';
import { previewRoutes } from './preview.ts';
import { replayRoute } from './replay.ts';
import { trackingRoutes } from './tracking.ts';
import { tryRoute } from './try.ts';

/** Everything that the service answers, in the order of the documentation. */
export function routesOf(parts: ServiceParts): readonly Route[] {
  const tracking = trackingRoutes(parts);
  const described = [
    deliverRoute(parts),
    ...eventsRoutes(parts),
    ...tracking.described,
    ...previewRoutes(parts),
    tryRoute(parts),
    ...operationRoutes(parts),
    ...destinationRoutes(parts),
    exampleEventsRoute(parts),
    ...connectionRoutes(parts),
    liveRoute(parts),
    ...deadRoutes(parts),
    replayRoute(parts),
    ...healthRoutes(parts),
  ];
  const undescribed = tracking.all.filter((route) => !tracking.described.includes(route));
  return [...described, ...undescribed, descriptionRoute(described, parts)];
}
