import {
  normalizeEmail,
  payload,
  reader,
  reject,
  type Admission,
  type CdpEvent,
  type TransformContext,
  type Transformed,
} from '../../core/api/index.ts';
import { isAddress, isDigest } from './identity.ts';
import type { Config } from './config.ts';
import { addressPaths, type Unsubscriber } from './mapping.ts';
import { isBlank, meaningOf } from './eligibility.ts';
import type { Prepared } from './settings.ts';

export const validate = (event: CdpEvent, _config: Config, { prepared }: TransformContext<Prepared>): Admission =>
  meaningOf(event, prepared.unsubscribeEvents);

/** One address, as the event spells it. The key, by which AdRoll's answer is read, is the same for every spelling. */
export function transform(
  event: CdpEvent,
  _config: Config,
  { prepared, trace }: TransformContext<Prepared>,
): Transformed<Unsubscriber> {
  const meaning = meaningOf(event, prepared.unsubscribeEvents);
  if (meaning.kind !== 'admitted') return meaning;
  const places = event.type === 'identify' ? placesOf.identify : placesOf.track;
  const place = places.find(({ read }) => !isBlank(read(event)));
  if (place === undefined) return reject('missing_identifier', noAddress, places[0]?.path);
  const written = place.read(event);
  const address = typeof written === 'string' ? written.trim() : '';
  if (isDigest(address)) return reject('invalid_value', hashed, place.path);
  if (!isAddress(address)) return reject('invalid_value', malformed, place.path);
  trace?.from('email_address', place.path);
  return payload({ email_address: address }, { key: normalizeEmail(address) });
}

const placesFrom = (paths: readonly string[]) => paths.map((path) => ({ path, read: reader(path) }));
const placesOf = { track: placesFrom(addressPaths.track), identify: placesFrom(addressPaths.identify) };

const noAddress = 'AdRoll Email needs the e-mail address, and the event has none';
const hashed = 'AdRoll Email needs the e-mail address itself, not a digest of it';
const malformed = 'The e-mail address is malformed';
