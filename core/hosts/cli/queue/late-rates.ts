import type { RuntimeOptions } from '../../../index.ts';
import type { OpenStore } from './store.ts';
import type { StoreLocation } from './store-location.ts';

type RateLimiter = NonNullable<OpenStore['rateLimiter']>;

/** The pace of connections that processes share by their store. They are opened before the store is. */
export interface LateRates {
  readonly option: Pick<RuntimeOptions, 'sharedRates'>;
  /** The store is there. Nothing leaves before. */
  arrive(store: OpenStore): void;
}

/** In a directory, one process delivers, and its pace is its own. */
export function lateRates(location: StoreLocation | undefined): LateRates {
  if (location?.kind !== 'broker') return { option: {}, arrive: () => undefined };
  let resolve: (limiter: RateLimiter) => void = () => undefined;
  const sharedRates = new Promise<RateLimiter>((arrived) => (resolve = arrived));
  return {
    option: { sharedRates },
    arrive: ({ rateLimiter }) => {
      if (rateLimiter !== undefined) resolve(rateLimiter);
    },
  };
}
