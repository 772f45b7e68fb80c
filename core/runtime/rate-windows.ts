import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AnyDestination } from '../api/destination.ts';
import type { Rate } from '../api/manifest.ts';

/**
 * The windows for the vendor's rates: shared by all connections with this key, or the connection's own. Processes that
 * share rates share those of one key, whatever the kind.
 */
export interface RateWindows {
  readonly rates: readonly Rate[];
  readonly kind: 'shared' | 'own';
  readonly key: string;
}

/**
 * One window for all connections with the same pace key. Without a pace key each connection has its own, and finds it
 * again when it is reopened with the same settings.
 */
export function rateWindows(
  destination: AnyDestination,
  config: unknown,
  vendorRates: readonly (Rate | undefined)[],
  sharesPauses: boolean,
): RateWindows {
  const rates = different(vendorRates.filter((rate) => rate !== undefined));
  if (rates.length === 0 && !sharesPauses) return noWindows;
  const { slug } = destination.manifest;
  const owner = destination.paceKey?.(config);
  return owner === undefined
    ? { rates, kind: 'own', key: `${slug} ${digestOf(config)}` }
    : { rates, kind: 'shared', key: `${slug} ${owner}` };
}

const noWindows: RateWindows = { rates: [], kind: 'own', key: '' };

/**
 * The first tenth of a daily quota may leave at once, and the rest comes evenly, so that it lasts the day and events
 * gather meanwhile: of 100 requests ten, then one each 960 s (of 864 s there would be 110 in the first 24 hours). A
 * quota under ten requests has no tenth.
 */
export function daily(requestsPerDay: number | undefined): Rate | undefined {
  if (requestsPerDay === undefined) return undefined;
  const rate: Rate = { permits: requestsPerDay, perMs: 86_400_000, cost: 'request' };
  return requestsPerDay < 10 ? rate : { ...rate, burst: Math.floor(requestsPerDay / 10) };
}

/** The same rate twice would be one shared window, in which everything counts twice. */
const different = (rates: readonly Rate[]): readonly Rate[] =>
  rates.filter((rate, index) => rates.findIndex((other) => isDeepStrictEqual(other, rate)) === index);

/** The bucket of the rate that a connection gives itself. */
export const ownRateKey = (slug: string, id: string, config: unknown): string =>
  JSON.stringify([slug, id, digestOf(config)]);

/** Identifies settings without keeping them, because they hold secrets. */
const digestOf = (config: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(config) ?? '')
    .digest('base64');
