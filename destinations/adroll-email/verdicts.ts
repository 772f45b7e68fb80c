import {
  accept,
  all,
  byKey,
  decide,
  isObject,
  jsonBody,
  normalizeEmail,
  type Batch,
  type JsonValue,
  type RetryDecision,
} from '../../core/api/index.ts';
import { saysNo } from './errors.ts';
import type { Unsubscriber } from './mapping.ts';

/**
 * One decision per item out of the body of a 200: a no to the addresses it calls ignored, a yes to all others (ADEMAIL-20,
 * ADEMAIL-21). `undefined` when it is not such an answer.
 *
 * An ignored address that we did not send is one of ours in another spelling. Which one, smaller requests tell; that is
 * harmless, as sending an address again is (ADEMAIL-24).
 */
export function verdicts(body: string, batch: Batch<Unsubscriber>): readonly RetryDecision[] | undefined {
  const answer = jsonBody(body) as JsonValue | undefined;
  if (!isObject(answer)) return undefined;
  const sent = new Set(batch.items.map(({ key }) => key));
  if (saysNo(answer)) {
    return all(batch, sent.size === 1 ? refused : refusedTogether);
  }
  const ignored = answer['ignored'] ?? [];
  if (!isListOfTexts(ignored)) return undefined;
  const named = new Map(ignored.map((address) => [normalizeEmail(address), malformed]));
  const nameless = [...named.keys()].some((address) => !sent.has(address));
  return byKey(batch, named, nameless ? (sent.size === 1 ? malformed : someMalformed) : accept());
}

const isListOfTexts = (value: JsonValue): value is readonly string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

const no = (kind: 'reject' | 'split', message: string): RetryDecision =>
  decide(kind, 'vendor_rejected', message, { status: 200 });

const malformed = no('reject', 'AdRoll ignored the address: it finds it malformed');
const someMalformed = no('split', 'AdRoll ignored an address, and names none that was sent');
const refused = no('reject', 'AdRoll answered 200, but did not call it a success');
const refusedTogether = no('split', 'AdRoll answered 200, but did not call it a success');
