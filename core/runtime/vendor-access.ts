import type { AnyDestination } from '../api/destination.ts';
import type { Pace } from '../api/manifest.ts';
import { createTargetCheck, isLoopbackOrigin, type TargetCheck } from '../http/target.ts';
import { withoutUndefined } from './without-undefined.ts';

/** How fast a host may send to a vendor, and where to. */
export interface VendorAccess {
  readonly pace: Pace;
  /** Connections of one vendor nearly always name the same URL, which is checked once. */
  readonly target: TargetCheck;
  /** Where the host points the vendor, if it does, and whether that is on loopback. */
  readonly origin?: string | undefined;
  readonly isLocal?: boolean;
}

/** What the host allows of each destination. */
export const vendorAccess = (
  destinations: readonly AnyDestination[],
  paces: Readonly<Record<string, Partial<Pace>>>,
  origins: ReadonlyMap<string, string>,
  allowedOrigins: readonly string[],
): ReadonlyMap<string, VendorAccess> =>
  new Map(
    destinations.map(({ manifest: { slug, hosts, pace } }) => {
      const origin = origins.get(slug);
      return [
        slug,
        {
          pace: { ...pace, ...withoutUndefined(paces[slug] ?? {}) },
          target: createTargetCheck(hosts === 'origins' ? { origins: allowedOrigins } : hosts, origin),
          origin,
          isLocal: origin !== undefined && isLoopbackOrigin(origin),
        },
      ];
    }),
  );

/** Throws for a slug that the host does not know: nothing may leave without a host check. */
export function accessTo(
  { access }: { readonly access: ReadonlyMap<string, VendorAccess> },
  slug: string,
): VendorAccess {
  const own = access.get(slug);
  if (own === undefined) throw new Error(`the runtime was made without the destination "${slug}"`);
  return own;
}
