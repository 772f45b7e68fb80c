import { isObject, ownValue } from '../../api/mapping.ts';
import type { CdpEvent, JsonObject, JsonValue } from '../../api/event.ts';

/**
 * Did the person agree to every category this connection needs? Reads both dialects,
 * `context.consent.categoryPreferences` (category -> true) and `context.consentManagement` (allowedConsentIds,
 * deniedConsentIds, resolutionStrategy). Fail-closed: without an answer, when the two disagree, or where one is not
 * understood, it is a no.
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
  const allowed = allowedIds(management['allowedConsentIds']);
  const denied = deniedIds(management['deniedConsentIds']);
  const strategy = strategyOf(management['resolutionStrategy']);
  if (denied === undefined || strategy === undefined) return false;
  const agreed = (category: string): boolean => allowed.has(category) && !denied.has(category.trim());
  return strategy === 'any' ? required.some(agreed) : required.every(agreed);
}

/** A list of ids, or an object with the ids as keys, where only `true` allows one. */
function allowedIds(value: JsonValue | undefined): ReadonlySet<JsonValue> {
  if (Array.isArray(value)) return new Set(value);
  return new Set(isObject(value) ? Object.keys(value).filter((id) => value[id] === true) : []);
}

/**
 * A list of ids or texts of them, a text of them, or an object with the ids as keys, where only `false` lets one off.
 * `undefined` when it is none of these, or a text that is written in some notation: nobody can say what it denies.
 */
function deniedIds(value: JsonValue | undefined): ReadonlySet<string> | undefined {
  if (value === undefined || value === null) return new Set();
  if (typeof value === 'string') return idsIn([value]);
  if (isObject(value)) return trimmed(Object.keys(value).filter((id) => value[id] !== false));
  if (!Array.isArray(value)) return undefined;
  const ids = (value as readonly JsonValue[]).map((id) => (typeof id === 'number' ? String(id) : id));
  return ids.every((id) => typeof id === 'string') ? idsIn(ids) : undefined;
}

/** One id may hold a blank or a comma: each text counts as a whole, too. */
function idsIn(texts: readonly string[]): ReadonlySet<string> | undefined {
  if (texts.some((text) => /[[\]{}"'<>\\]/.test(text))) return undefined;
  return new Set(texts.flatMap((text) => [text.trim(), ...text.split(/[\s,;|]+/)]));
}

const trimmed = (ids: readonly string[]): ReadonlySet<string> => new Set(ids.map((id) => id.trim()));

const strategies: ReadonlyMap<string, 'any' | 'all'> = new Map([
  ['or', 'any'],
  ['any', 'any'],
  ['and', 'all'],
  ['all', 'all'],
]);

/** Without one, every category needs its yes. `undefined` for one that is not known. */
function strategyOf(value: JsonValue | undefined): 'any' | 'all' | undefined {
  if (value === undefined || value === null) return 'all';
  return typeof value === 'string' ? strategies.get(value.trim().toLowerCase()) : undefined;
}
