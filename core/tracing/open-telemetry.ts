import type * as Api from '@opentelemetry/api';
import { loadPeer } from '../optional-peer.ts';

/** The API of OpenTelemetry, an optional peer of `spillway/tracing`. */
export const loadOpenTelemetry = (load?: (id: string) => unknown): typeof Api =>
  loadPeer(
    { name: '@opentelemetry/api', version: '1.9.1', neededBy: 'spillway/tracing' },
    (module) => module('@opentelemetry/api') as typeof Api,
    load,
  );
