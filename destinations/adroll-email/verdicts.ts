import {
  accept,
  decideAll,
  decide,
  isObject,
  jsonValue,
  normalizeEmail,
  usualRefusal,
  verdictsByKey,
  type Batch,
  type JsonObject,
  type JsonValue,
  type RetryDecision,
} from '../../core/api/index.ts';
import type { Unsubscriber } from './mapping.ts';

/**
 * One decision per item from a 200 that lists ignored addresses: those are refused, all others accepted (ADEMAIL-20).
 * `undefined` if the answer has another form, or refuses everything.
 *
 * An ignored address that we did not send is one of ours in another spelling. Smaller requests show which one; that is
 * harmless, as sending an address again is (ADEMAIL-24).
 */
export function verdicts(body: string, batch: Batch<Unsubscriber>): readonly RetryDecision[] | undefined {
  const answer = jsonValue(body);
  if (!isObject(answer) || usualRefusal(answer)?.status !== undefined) return undefined;
  const sent = new Set(batch.items.map(({ key }) => key));
  // A request with one address cannot be made smaller, however many events name it.
  if (usualRefusal(answer) !== undefined) return sent.size === 1 ? decideAll(batch, refused) : undefined;
  const ignored = ignoredIn(answer);
  if (ignored === undefined || ignored.length === 0) return undefined;
  const refusals = ignored.map((address) => [normalizeEmail(address), malformed] as const);
  return verdictsByKey(batch, refusals, accept(), sent.size === 1 ? malformed : someMalformed);
}

/** The ignored addresses of an answer; `undefined` if that member has another form. */
export function ignoredIn(answer: JsonObject): readonly string[] | undefined {
  const ignored = answer['ignored'] ?? [];
  return isListOfTexts(ignored) ? ignored : undefined;
}

const isListOfTexts = (value: JsonValue): value is readonly string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

const no = (kind: 'reject' | 'split', message: string): RetryDecision =>
  decide(kind, 'vendor_rejected', message, { status: 200 });

const malformed = no('reject', 'AdRoll ignored the address: it finds it malformed');
const someMalformed = no('split', 'AdRoll ignored an address, and names none that was sent');
const refused = no('reject', 'AdRoll answered 200, but did not call it a success');
