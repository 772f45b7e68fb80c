import { createPools, type MakeDispatcher } from '../../core/http/pools.ts';
import { createTransport, type Transport, type TransportOptions } from '../../core/http/transport.ts';

export interface TestTransportOptions extends Partial<TransportOptions> {
  readonly socketsPerOrigin?: number;
  readonly dispatcher?: MakeDispatcher;
}

/** A transport to api.example.com, pointed at a vendor of the test where there is an `origin`. */
export const testTransport = (
  origin: string | undefined,
  { socketsPerOrigin = 2, dispatcher, ...more }: TestTransportOptions = {},
): Transport =>
  createTransport({
    hosts: ['api.example.com'],
    origin,
    timeoutMs: 2_000,
    now: Date.now,
    pools: createPools({ socketsPerOrigin, dispatcher }),
    ...more,
  });
