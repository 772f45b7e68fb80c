import type { AnyDestination } from '../api/destination.ts';
import type { Rate } from '../api/manifest.ts';
import { BoundDestination } from './bind-destination.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { EventRules } from './event-rules.ts';
import type { HostParts } from './host-parts.ts';
import { daily, rateWindows, type RateWindows } from './rate-windows.ts';
import { paceBySettings } from './settings-limits.ts';
import { accessTo, type VendorAccess } from './vendor-access.ts';
import { withoutUndefined } from './without-undefined.ts';

interface Opening {
  readonly destination: AnyDestination;
  /** Parsed settings. */
  readonly config: unknown;
  readonly connectionOptions: ConnectionOptions;
  readonly id: string;
  readonly rules: EventRules | undefined;
}

/** Settings that their folder has accepted: all that an idle connection keeps. */
export interface Binding extends Opening {
  readonly vendor: BoundDestination;
  readonly access: VendorAccess;
  readonly settingsPace: ReturnType<typeof paceBySettings>;
  readonly windows: RateWindows;
}

/** Runs everything of the folder that may object to the settings, so that open() says so. Throws what it throws. */
export function bindSettings(host: HostParts, opening: Opening): Binding {
  const { destination, config, connectionOptions } = opening;
  const { manifest } = destination;
  const access = accessTo(host, manifest.slug);
  const settingsPace = paceBySettings(destination, config);
  const { limits, pace } = connectionOptions;
  const maxItems = Math.min(manifest.limits.maxItems, limits?.maxItems ?? Number.POSITIVE_INFINITY);
  const perRequest = [access.pace.rate, settingsPace.rate, pace?.rate].map((rate) => evenly(rate, maxItems));
  const vendor = new BoundDestination(
    destination,
    config,
    limits === undefined ? perRequest : [withoutUndefined(limits), ...perRequest],
  );
  // A URL that is known now is refused now, not with the first event.
  if (vendor.staticRequest !== undefined) access.target(vendor.staticRequest.url);
  const rates = [access.pace.rate, settingsPace.rate, daily(vendor.requestsPerDay)];
  const windows = rateWindows(destination, config, rates, host.sharedRates !== undefined);
  return { ...opening, vendor, access, settingsPace, windows };
}

/** As many items a request as fill the rate's window evenly: of 270 permits and 100 items, three requests of 90. */
function evenly(rate: Rate | undefined, maxItems: number): { readonly maxItems?: number } {
  if (rate?.cost !== 'item') return {};
  return { maxItems: Math.floor(rate.permits / Math.ceil(rate.permits / Math.min(maxItems, rate.permits))) };
}
