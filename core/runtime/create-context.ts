import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CheckOptions } from '../api/credential-check.ts';
import type { AnyDestination } from '../api/destination.ts';
import type { Pace, Rate } from '../api/manifest.ts';
import type { SharedDeadlines } from '../http/deadlines.ts';
import type { Pools } from '../http/pools.ts';
import { createRedactor } from '../http/redact.ts';
import { createTargetCheck, isLoopbackOrigin, withLastTarget, type TargetCheck } from '../http/target.ts';
import { createTransport } from '../http/transport.ts';
import type { Clock } from '../policy/clock.ts';
import { createRetryBudget } from '../policy/retry-budget.ts';
import { createSlidingWindow } from '../policy/sliding-window.ts';
import type { WindowLease, WindowLeases } from '../policy/window-leases.ts';
import { BoundDestination } from './bind-destination.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { checkCredentials } from './credential-check.ts';
import { defaultEventLimits, type EventLimits } from './intake/event-size.ts';
import { createGate } from './intake/gate.ts';
import { textsOf } from './secrets.ts';
import { Inquiry } from './sending/inquiry.ts';
import { createPacer } from './sending/pacer.ts';
import { defaultRetryPolicy, type RetryPolicy } from './sending/retry-policy.ts';
import { ScopePauses } from './sending/scope-pauses.ts';
import { NoteLabels } from './sending/note-labels.ts';
import { Suspensions } from './sending/suspensions.ts';
import { lowestPace, paceBySettings } from './settings-limits.ts';
import type { Emit } from './signals.ts';

/** How fast a host may send to a vendor, and where to. */
export interface VendorAccess {
  readonly pace: Pace;
  /** Connections of one vendor nearly always name the same URL, which is checked once. */
  readonly target: TargetCheck;
  /** Where the host points the vendor, if it does, and whether that is on loopback. */
  readonly origin?: string | undefined;
  readonly isLocal?: boolean;
}

/** What the connections of a runtime share, and what its host decided for all of them. */
export interface HostParts {
  /** By slug, for accessTo(). */
  readonly access: ReadonlyMap<string, VendorAccess>;
  readonly retry: RetryPolicy;
  readonly eventLimits: EventLimits;
  readonly clock: Clock;
  readonly emit: Emit | undefined;
  /** What destinations whose manifest says `'origins'` may reach. */
  readonly allowedOrigins: readonly string[];
  readonly pools: Pools;
  readonly deadlines: SharedDeadlines;
  readonly windows: WindowLeases;
}

/** The parts of HostParts that the host's options say for all vendors. */
export const hostDefaults = ({
  retry,
  eventLimits,
}: {
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly eventLimits?: Partial<EventLimits> | undefined;
}): Pick<HostParts, 'retry' | 'eventLimits'> => ({
  retry: { ...defaultRetryPolicy, ...withoutUndefined(retry ?? {}) },
  eventLimits: { ...defaultEventLimits, ...withoutUndefined(eventLimits ?? {}) },
});

interface Opening {
  readonly destination: AnyDestination;
  /** Parsed settings. */
  readonly config: unknown;
  readonly connectionOptions: ConnectionOptions;
  readonly id: string;
}

/** Settings that their folder has accepted: all that an idle connection keeps. */
export interface Binding extends Opening {
  readonly vendor: BoundDestination;
  readonly access: VendorAccess;
  readonly settingsPace: ReturnType<typeof paceBySettings>;
  readonly windows: RateWindows;
}

/** The windows for the vendor's rates: shared by all connections with this key, or the connection's own. */
interface RateWindows {
  readonly rates: readonly Rate[];
  readonly kind: 'shared' | 'own';
  readonly key: string;
}

/** Runs everything of the folder that may object to the settings, so that open() says so. Throws what it throws. */
export function bindSettings(host: HostParts, { destination, config, connectionOptions, id }: Opening): Binding {
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
  const windows = rateWindows(destination, config, [access.pace.rate, settingsPace.rate, daily(vendor)]);
  return { destination, config, connectionOptions, id, vendor, access, settingsPace, windows };
}

/** What the host allows of each destination. */
export const vendorAccess = (
  destinations: readonly AnyDestination[],
  paces: Readonly<Record<string, Partial<Pace>>>,
  origins: ReadonlyMap<string, string>,
  allowedOrigins: readonly string[],
): HostParts['access'] =>
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
export function accessTo({ access }: Pick<HostParts, 'access'>, slug: string): VendorAccess {
  const own = access.get(slug);
  if (own === undefined) throw new Error(`the runtime was made without the destination "${slug}"`);
  return own;
}

/**
 * Builds what all calls of one connection share. Adds the leases it takes to `leases`: the caller gives them back when
 * the connection closes.
 */
export function createConnectionContext(host: HostParts, binding: Binding, leases: WindowLease[]): ConnectionContext {
  const { destination, config, connectionOptions, id, vendor, access, settingsPace, windows } = binding;
  const { manifest } = destination;
  const { clock, emit } = host;
  const { rate: ownRate } = connectionOptions.pace ?? {};
  const pace = lowestPace(access.pace, settingsPace, connectionOptions.pace ?? {});
  const { retry } = connectionOptions;
  const policy = retry === undefined ? host.retry : { ...host.retry, ...withoutUndefined(retry) };
  for (const rate of windows.rates) leases.push(host.windows[windows.kind](windows.key, rate));
  // The connection's own rate comes on top of the vendor's, so that it can only slow down.
  const rates = [
    ...leases.map(({ window }) => window),
    ...(ownRate === undefined ? [] : [createSlidingWindow(ownRate)]),
  ];
  const pacer = createPacer(pace.concurrency, rates, clock);
  const canCheck = vendor.check !== undefined && !('none' in vendor.check);
  const check = canCheck ? (within: CheckOptions) => checkCredentials(context, within, true) : undefined;
  const context: ConnectionContext = {
    slug: manifest.slug,
    id,
    vendor,
    pace,
    policy,
    clock,
    emit,
    noteLabels: new NoteLabels(),
    gate: createGate({
      manifest,
      id,
      requiredConsent: connectionOptions.requiredConsent ?? [],
      limits: host.eventLimits,
    }),
    pacer,
    inquiry: new Inquiry({ pacer, check }),
    transport: createTransport({
      target: withLastTarget(access.target),
      allowsLoopback: manifest.hosts === 'origins',
      compression: manifest.compression,
      origin: access.origin,
      isLocal: access.isLocal,
      timeoutMs: pace.timeoutMs,
      pools: host.pools,
      now: clock.now,
      elapsed: clock.elapsed,
      deadlines: host.deadlines,
    }),
    suspensions: new Suspensions(),
    scopePauses: new ScopePauses(clock),
    budget: createRetryBudget(policy.budget),
    onAmbiguous: connectionOptions.onAmbiguous ?? (manifest.replay === 'harmful' ? 'report' : 'retry'),
    redactor: createRedactor(() => {
      const { secrets, others } = textsOf(destination.config, config);
      return { secrets: [...secrets], settings: [...others], documented: vendor.response.documented };
    }),
    runs: new Set(),
    closed: false,
  };
  return context;
}

/**
 * One window for all connections with the same pace key. Without a pace key each connection has its own, and finds it
 * again when it is reopened with the same settings.
 */
function rateWindows(
  destination: AnyDestination,
  config: unknown,
  vendorRates: readonly (Rate | undefined)[],
): RateWindows {
  const rates = different(vendorRates.filter((rate) => rate !== undefined));
  if (rates.length === 0) return noWindows;
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
function daily({ requestsPerDay }: BoundDestination): Rate | undefined {
  if (requestsPerDay === undefined) return undefined;
  const rate: Rate = { permits: requestsPerDay, perMs: 86_400_000, cost: 'request' };
  return requestsPerDay < 10 ? rate : { ...rate, burst: Math.floor(requestsPerDay / 10) };
}

/** The same rate twice would be one shared window, in which everything counts twice. */
const different = (rates: readonly Rate[]): readonly Rate[] =>
  rates.filter((rate, index) => rates.findIndex((other) => isDeepStrictEqual(other, rate)) === index);

/** Identifies settings without keeping them, because they hold secrets. */
const digestOf = (config: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(config) ?? '')
    .digest('base64');

/** As many items a request as fill the rate's window evenly: of 270 permits and 100 items, three requests of 90. */
function evenly(rate: Rate | undefined, maxItems: number): { readonly maxItems?: number } {
  if (rate?.cost !== 'item') return {};
  return { maxItems: Math.floor(rate.permits / Math.ceil(rate.permits / Math.min(maxItems, rate.permits))) };
}

/** Drops keys whose value is `undefined`, so that they do not hide a default. */
const withoutUndefined = <T extends object>(parts: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
