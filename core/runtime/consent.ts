import { isObject, ownValue } from '../api/mapping.ts';
import type { CdpEvent, JsonObject, JsonValue } from '../api/event.ts';

/**
 * Did the person agree to every category this connection needs? Reads both dialects, `context.consent.categoryPreferences`
 * (category -> true) and `context.consentManagement` (allowedConsentIds, deniedConsentIds, resolutionStrategy "and" | "or").
 * Fail-closed: without an answer, or when the two disagree, it is a no.
 */
export function consents(event: CdpEvent, required: readonly string[]): boolean {
  const preferences = preferencesOf(event.context?.['consent']);
  const management = event.context?.['consentManagement'] ?? undefined;
  if (preferences === undefined && management === undefined) return false;
  return (
    (preferences === undefined || required.every((category) => ownValue(preferences, category) === true)) &&
    (management === undefined || manages(management, required))
  );
}

function preferencesOf(consent: JsonValue | undefined): JsonObject | undefined {
  if (consent === undefined || consent === null) return undefined;
  const preferences = isObject(consent) ? consent['categoryPreferences'] : undefined;
  return isObject(preferences) ? preferences : {};
}

function manages(management: JsonValue, required: readonly string[]): boolean {
  if (!isObject(management)) return false;
  const allowed = listed(management['allowedConsentIds']);
  const denied = listed(management['deniedConsentIds']);
  const agreed = (category: string): boolean => allowed.includes(category) && !denied.includes(category);
  return management['resolutionStrategy'] === 'or' ? required.some(agreed) : required.every(agreed);
}

/** A list of ids, or an object with the ids as keys, where `false` takes one off again. */
function listed(value: JsonValue | undefined): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.keys(value).filter((id) => value[id] !== false) : [];
}
