import { admit, reject, skip, type Admission } from '../../api/delivery.ts';
import type { CdpEvent, JsonObject } from '../../api/event.ts';
import { plainName } from '../../api/events/event-table.ts';
import type { DestinationManifest } from '../../api/manifest.ts';
import { consents } from './consent.ts';
import { isEvent, whyNotEvent } from './event-shape.ts';
import { exceedsLimits, type EventLimits } from './event-size.ts';

export interface GateOptions {
  readonly manifest: DestinationManifest;
  /** The connection's id, which `integrations` may name as well. */
  readonly id: string;
  readonly requiredConsent: readonly string[];
  readonly limits: EventLimits;
}

export type Gate = (event: unknown) => Admission;

const integrationOff = skip('integration_disabled', 'The event switches this destination off', 'integrations');
const notConsented = skip('consent_denied', 'The person has not agreed to what this connection needs', 'context');
const refusals = {
  'too deep': reject('invalid_value', 'The event is nested too deeply'),
  'too large': reject('payload_too_large', 'The event is too large'),
  'not JSON': reject('invalid_value', 'The event holds something JSON cannot carry'),
};

/**
 * Makes the checks that come before every vendor's own: shape, size and depth, `integrations`, consent, event types.
 */
export function createGate({ manifest, id, requiredConsent, limits }: GateOptions): Gate {
  const names = new Set([manifest.displayName, manifest.slug, id, ...manifest.aliases].map(plainName));
  const accepted = new Set<string>(manifest.accepts);
  const unsupported = new Map<string, Admission>();

  const typeRefusal = (type: string): Admission => {
    let verdict = unsupported.get(type);
    if (verdict === undefined) {
      verdict = skip('unsupported_event', `${manifest.displayName} does not take ${type} events`, 'type');
      unsupported.set(type, verdict);
    }
    return verdict;
  };

  return (event) => {
    if (!isEvent(event)) return whyNotEvent(event);
    const excess = exceedsLimits(event, limits);
    if (excess !== undefined) return refusals[excess];
    if (!selected(event, names)) return integrationOff;
    if (requiredConsent.length > 0 && !consents(event, requiredConsent)) return notConsented;
    return accepted.has(event.type) ? admit : typeRefusal(event.type);
  };
}

/** A name of the destination decides, else `All`, else the event is sent. An object of options counts as true. */
function selected(event: CdpEvent, names: ReadonlySet<string>): boolean {
  const integrations: JsonObject | null | undefined = event.integrations;
  if (integrations === undefined || integrations === null) return true;
  let byDefault = true;
  let byName: boolean | undefined;
  for (const name of Object.keys(integrations)) {
    const on = integrations[name] !== false;
    if (name === 'All' || name === 'all') byDefault = on;
    else if (names.has(plainName(name))) byName = on && byName !== false;
  }
  return byName ?? byDefault;
}
