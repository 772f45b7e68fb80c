import type { CdpEvent, JsonObject, JsonValue } from '../../api/event.ts';
import { isObject } from '../../api/fields/mapping.ts';
import { trimInvisible } from '../../api/fields/trim-invisible.ts';

/**
 * Whether the person agreed to every category that this connection needs. Reads both dialects,
 * `context.consent.categoryPreferences` (category -> true) and `context.consentManagement` (allowedConsentIds,
 * deniedConsentIds, resolutionStrategy). Fails closed: returns false if there is no answer, if the two disagree, or if
 * one cannot be understood.
 */
export function consents(event: CdpEvent, required: readonly string[]): boolean {
  const preferences = preferencesOf(event.context?.['consent']);
  const management = event.context?.['consentManagement'] ?? undefined;
  if (preferences === undefined && management === undefined) return false;
  return (
    (preferences === undefined || required.every((category) => prefers(preferences, category))) &&
    (management === undefined || manages(management, required))
  );
}

/** A category may stand there in two spellings, which differ at their ends; then both must be allowed. */
function prefers(preferences: JsonObject, category: string): boolean {
  const id = trimInvisible(category);
  const spellings = Object.keys(preferences).filter((name) => trimInvisible(name) === id);
  return spellings.length > 0 && spellings.every((name) => preferences[name] === true);
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
  const agreed = (category: string): boolean => {
    const id = trimInvisible(category);
    return allowed.has(id) && !denied.has(id);
  };
  return strategy === 'any' ? required.some(agreed) : required.every(agreed);
}

/** Reads a list of ids, or an object with ids as keys, where only `true` allows one, in each of its spellings. */
function allowedIds(value: JsonValue | undefined): ReadonlySet<string> {
  if (Array.isArray(value)) return trimmed((value as readonly JsonValue[]).filter((id) => typeof id === 'string'));
  if (!isObject(value)) return new Set();
  const ids = Object.keys(value);
  const others = trimmed(ids.filter((id) => value[id] !== true));
  return trimmed(ids.filter((id) => !others.has(trimInvisible(id))));
}

/**
 * Reads a list of ids, a text with ids, a list of such texts, or an object with ids as keys, where only `false` does
 * not deny one. `undefined` for anything else, and for a text in an unknown notation, because it is unclear what it
 * denies.
 */
function deniedIds(value: JsonValue | undefined): ReadonlySet<string> | undefined {
  if (value === undefined || value === null) return new Set();
  if (typeof value === 'string') return idsIn([value]);
  if (isObject(value)) return trimmed(Object.keys(value).filter((id) => value[id] !== false));
  if (!Array.isArray(value)) return undefined;
  const ids = (value as readonly JsonValue[]).map((id) => (typeof id === 'number' ? String(id) : id));
  return ids.every((id) => typeof id === 'string') ? idsIn(ids) : undefined;
}

/** An id may contain a blank or a comma, so each text also counts as a whole. */
function idsIn(texts: readonly string[]): ReadonlySet<string> | undefined {
  if (texts.some((text) => /[[\]{}"'<>\\]/.test(text))) return undefined;
  return new Set(texts.flatMap((text) => [text, ...text.split(/[\s,;|]+/)].map(trimInvisible)));
}

const trimmed = (ids: readonly string[]): ReadonlySet<string> => new Set(ids.map(trimInvisible));

const strategies: ReadonlyMap<string, 'any' | 'all'> = new Map([
  ['or', 'any'],
  ['any', 'any'],
  ['and', 'all'],
  ['all', 'all'],
]);

/** The default is `all`: every category needs consent. `undefined` for an unknown strategy. */
function strategyOf(value: JsonValue | undefined): 'any' | 'all' | undefined {
  if (value === undefined || value === null) return 'all';
  return typeof value === 'string' ? strategies.get(trimInvisible(value).toLowerCase()) : undefined;
}
