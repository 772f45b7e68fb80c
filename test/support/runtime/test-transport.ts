import { createPools, type MakeDispatcher } from '../../../core/http/pools.ts';
import { createTargetCheck } from '../../../core/http/target.ts';
import { createTransport, type Transport, type TransportOptions } from '../../../core/http/transport.ts';

export interface TestTransportOptions extends Partial<TransportOptions> {
  readonly hosts?: readonly string[];
  readonly socketsPerOrigin?: number;
  readonly dispatcher?: MakeDispatcher;
}

/** A transport to api.example.com, pointed at a vendor of the test where there is an `origin`. */
export const testTransport = (
  origin: string | undefined,
  { hosts = ['api.example.com'], socketsPerOrigin = 2, dispatcher, ...more }: TestTransportOptions = {},
): Transport =>
  createTransport({
    target: createTargetCheck(hosts, origin),
    origin,
    timeoutMs: 2_000,
    now: Date.now,
    pools: createPools({ socketsPerOrigin, dispatcher }),
    ...more,
  });
