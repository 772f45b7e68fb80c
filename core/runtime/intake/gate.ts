import { skip, type admit, type Unsent } from '../../api/delivery.ts';
import { otherEventTypes, type CdpEvent, type JsonObject } from '../../api/event.ts';
import { integrationName, isOff } from '../../api/events/integrations.ts';
import { plainName } from '../../api/events/event-table.ts';
import type { DestinationManifest } from '../../api/manifest.ts';
import { consents } from './consent.ts';
import type { EventLimits } from './event-size.ts';
import { showsNoExcess } from './event-text.ts';
import { normalizeEvent, usualType, type NormalizedEvent } from './normalize-event.ts';

export interface GateOptions {
  readonly manifest: DestinationManifest;
  /** The connection's id, which `integrations` may name as well. */
  readonly id: string;
  readonly requiredConsent: readonly string[];
  readonly limits: EventLimits;
}

/** The checks that come before every vendor's own. A connection's rules come between the two. */
export interface Gate {
  /** Checks shape, size and depth, `integrations` and consent. `text`: what the event was parsed from, if it was. */
  enter(event: unknown, text?: string): Unsent | NormalizedEvent | typeof admit;
  /** Why the vendor gets no event of this type; `undefined` if it does. */
  refuseType(type: CdpEvent['type']): Unsent | undefined;
}

const integrationOff = skip('integration_disabled', 'The event switches this destination off', 'integrations');
const notConsented = skip('consent_denied', 'The person has not agreed to what this connection needs', 'context');
const otherTypes: ReadonlySet<unknown> = new Set(otherEventTypes);

/** Makes the gate of a connection. An event in an odd spelling comes back in the usual one. */
export function createGate({ manifest, id, requiredConsent, limits }: GateOptions): Gate {
  const vendor = namesOf(manifest);
  const ownName = plainName(id);
  return {
    enter(incoming, text) {
      const normal = normalizeEvent(incoming, limits, text !== undefined && showsNoExcess(text, limits));
      if (normal.kind === 'rejected') {
        const type = otherTypeOf(incoming);
        return type === undefined ? normal : typeRefusal(vendor, type);
      }
      if (normal.kind === 'skipped') return normal;
      const event = normal.kind === 'normalized' ? normal.event : (incoming as CdpEvent);
      if (!selected(event, vendor.names, ownName)) return integrationOff;
      return requiredConsent.length > 0 && !consents(event, requiredConsent) ? notConsented : normal;
    },
    refuseType: (type) => (vendor.accepted.has(type) ? undefined : typeRefusal(vendor, type)),
  };
}

/** What the gates of all connections of one vendor share. */
interface VendorNames {
  readonly displayName: string;
  readonly names: ReadonlySet<string>;
  readonly accepted: ReadonlySet<string>;
  /** By the type that is refused. */
  readonly refusals: Map<string, Unsent>;
}

const byManifest = new WeakMap<DestinationManifest, VendorNames>();

function namesOf(manifest: DestinationManifest): VendorNames {
  const known = byManifest.get(manifest);
  if (known !== undefined) return known;
  const { displayName, slug, aliases, accepts } = manifest;
  const vendor: VendorNames = {
    displayName,
    names: new Set([displayName, slug, ...aliases].map(plainName)),
    accepted: new Set(accepts),
    refusals: new Map(),
  };
  byManifest.set(manifest, vendor);
  return vendor;
}

function typeRefusal({ displayName, refusals }: VendorNames, type: string): Unsent {
  let verdict = refusals.get(type);
  if (verdict === undefined) {
    verdict = skip('unsupported_event', `${displayName} does not take ${type} events`, 'type');
    refusals.set(type, verdict);
  }
  return verdict;
}

/** Its type, if it is one of those that no destination takes, whatever else it holds. */
function otherTypeOf(incoming: unknown): string | undefined {
  const type = usualType((incoming as { readonly type?: unknown } | null | undefined)?.type);
  return otherTypes.has(type) ? (type as string) : undefined;
}

/** A name of the destination decides, else `All`, else the event is sent. */
function selected(event: CdpEvent, names: ReadonlySet<string>, ownName: string): boolean {
  const integrations: JsonObject | null | undefined = event.integrations;
  if (integrations === undefined || integrations === null) return true;
  const isNamed = (name: string): boolean => name === ownName || names.has(name);
  let byDefault = true;
  let byName: boolean | undefined;
  for (const name of Object.keys(integrations)) {
    const on = !isOff(integrations[name]);
    const plain = name === 'All' ? 'all' : integrationName(name);
    if (plain === 'all') byDefault &&= on;
    else if (isNamed(plain) || isNamed(plainName(name))) byName = on && byName !== false;
  }
  return byName ?? byDefault;
}
