import {
  admit,
  payload,
  reject,
  skip,
  type Admission,
  type CdpEvent,
  type TransformContext,
  type Note,
  type Transformed,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { eventDataOf } from './event-data.ts';
import { identitiesOf } from './identity.ts';
import { cutTexts, eventTexts, noteSize, overlongId, userTexts } from './lengths.ts';
import { attributesPlace, userPlace, type EventData, type RoktBatch, type UserIdentities } from './mapping.ts';
import { clickIdMember, deviceInfoOf } from './matching.ts';
import type { Prepared } from './settings.ts';
import { userAttributesOf } from './user-attributes.ts';

/** Only the events a connection names are conversions. */
export const validate = (event: CdpEvent, _config: Config, { prepared }: TransformContext<Prepared>): Admission =>
  conversionOf(event, prepared) === undefined ? notAConversion : admit;

/** One conversion of one person as one batch (ROKT-11). */
export function transform(
  event: CdpEvent,
  config: Config,
  context: TransformContext<Prepared>,
): Transformed<RoktBatch> {
  const conversion = conversionOf(event, context.prepared);
  if (conversion === undefined) return notAConversion;
  const identities = identitiesOf(event, config.identity, context.trace);
  if (identities === undefined) return unidentified[config.identity];

  const notes: Note[] = [];
  const data = eventDataOf(event, conversion, config, context, notes);
  const tooLong = overlongId(data.custom_attributes);
  if (tooLong !== undefined) {
    const source = tooLong === 'transactionid' ? 'properties.order_id' : 'messageId';
    return reject('invalid_value', `Rokt takes a ${tooLong} of 4096 characters at most`, source);
  }
  return payload(
    batchOf(event, config, context, identities, data, notes),
    undefined,
    notes.length === 0 ? undefined : notes,
  );
}

/** The environment is always sent, because mParticle would assume production (ROKT-12). */
function batchOf(
  event: CdpEvent,
  { environment, advertisingIds, clickId }: Config,
  context: TransformContext<Prepared>,
  identities: UserIdentities,
  data: EventData,
  notes: Note[],
): RoktBatch {
  const user = userAttributesOf(event, context, notes);
  const device = advertisingIds ? deviceInfoOf(event, notes, context.trace) : undefined;
  const click = clickId ? clickIdMember(event, notes, context.trace) : undefined;
  cutTexts(data.custom_attributes, eventTexts, attributesPlace, notes);
  cutTexts(user, userTexts, userPlace, notes);
  context.trace?.from('environment', 'config.environment');

  const batch: RoktBatch = {
    environment,
    user_identities: identities,
    events: [{ event_type: 'custom_event', data }],
  };
  if (hasAny(user)) batch.user_attributes = user;
  if (device !== undefined) batch.device_info = device;
  if (click !== undefined) batch.integration_attributes = click;
  noteSize(batch, context.prepared, notes);
  return batch;
}

function hasAny(attributes: object): boolean {
  for (const _name in attributes) return true;
  return false;
}

const conversionOf = (event: CdpEvent, { conversions }: Prepared): string | undefined =>
  event.type === 'track' ? conversions.get(event.event) : undefined;

const notAConversion = Object.freeze(skip('unmapped_event', 'This event is no conversion of this connection', 'event'));

/** ROKT-15: at least one form of the address, of those the connection may send (ROKT-16). */
const unidentified = {
  raw: reject('missing_identifier', 'Rokt needs the e-mail address, and the event has none', 'context.traits.email'),
  hashed: reject('missing_identifier', 'Rokt needs the e-mail address or its SHA-256', 'context.traits.email'),
  both: reject('missing_identifier', 'Rokt needs the e-mail address or its SHA-256', 'context.traits.email'),
} as const;
