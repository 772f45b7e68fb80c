import {
  firstOf,
  normalizeEmail,
  payloadBuilder,
  reject,
  trimInvisible,
  type Admission,
  type CdpEvent,
  type TransformContext,
  type Transformed,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { eligibilityOf } from './eligibility.ts';
import { isDigest, whyNoAddress } from './identity.ts';
import { addressPaths, type Unsubscriber } from './mapping.ts';
import type { Prepared } from './settings.ts';

export const validate = (event: CdpEvent, _config: Config, { prepared }: TransformContext<Prepared>): Admission =>
  eligibilityOf(event, prepared);

/** One address, as the event spells it. The key, by which AdRoll's answer is read, is the same for every spelling. */
export function transform(
  event: CdpEvent,
  _config: Config,
  context: TransformContext<Prepared>,
): Transformed<Unsubscriber> {
  const eligibility = eligibilityOf(event, context.prepared);
  if (eligibility.kind !== 'admitted') return eligibility;
  const type = event.type === 'identify' ? 'identify' : 'track';
  const written = addressOf[type](event);
  if (written === undefined) return reject('missing_identifier', noAddress, addressPaths[type][0]);
  const address = typeof written.value === 'string' ? trimInvisible(written.value) : '';
  const wrong = isDigest(address) ? hashed : whyNoAddress(address);
  if (wrong !== undefined) return reject('invalid_value', wrong, written.path);
  return payloadBuilder(context, { email_address: address }, { email_address: written.path }).payload({
    key: normalizeEmail(address),
  });
}

const addressOf = { track: firstOf(addressPaths.track), identify: firstOf(addressPaths.identify) };

const noAddress = 'AdRoll Email needs the e-mail address, and the event has none';
const hashed = 'AdRoll Email needs the e-mail address itself, not a digest of it';
