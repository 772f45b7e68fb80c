import { createMetrics, type Metrics } from '../../../metrics/index.ts';
import type { DeliveryStore } from '../../../queue/index.ts';
import type { Service, ShownMetrics } from '../../../service/index.ts';

export interface ServiceMetrics extends Pick<Metrics, 'onSignal' | 'configReloaded'> {
  /** For the service that is observed. */
  readonly shown: ShownMetrics;
  /** Has the gauges speak of this service from now on. */
  observe(service: Pick<Service, 'observed'>): void;
}

/** The metrics of a process that serves. */
export function createServiceMetrics(store: DeliveryStore | undefined, labelled: number | undefined): ServiceMetrics {
  let service: Pick<Service, 'observed'> | undefined;
  const { register, onSignal, configReloaded, httpAnswered } = createMetrics({
    processMetrics: true,
    ...(labelled === undefined ? {} : { maxConnectionsLabelled: labelled }),
    source: {
      requestsInFlight: () => service?.observed.requestsInFlight() ?? 0,
      connections: () => service?.observed.connections() ?? [],
      ...(store === undefined
        ? {}
        : {
            status: () => store.status(),
            storeWritable: () => service?.observed.storeWritable() ?? Promise.resolve(true),
          }),
    },
  });
  return {
    onSignal,
    configReloaded,
    shown: { text: () => register.metrics(), contentType: register.contentType, requestAnswered: httpAnswered },
    observe(next) {
      service = next;
    },
  };
}
