import {
  jsonText,
  propertySelector,
  scalarText,
  scalarValue,
  textList,
  type PayloadBuilder,
  type PropertySelector,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { longest, type EventData, type UserAttributes } from './mapping.ts';

const texts = {
  vendor: 'Rokt',
  longest: longest.length,
  nested: jsonText({ vendor: 'Rokt', longest: longest.length }),
};
const scalars = scalarValue(texts);
const lists = textList({ vendor: 'mParticle', most: 1000, longest: 512, otherwise: scalarText(texts) });
/** Longer names are dropped (ROKT-46, ROKT-49). */
const longestName = 256;

/** Passes the named properties on, as scalars: mParticle refuses anything else (ROKT-37). None has a name of Rokt's. */
export const propertiesPassed = (names: readonly string[]): PropertySelector =>
  propertySelector(names, {
    vendor: 'Rokt',
    as: scalars,
    reserved: ['__proto__'],
    longestName,
  });

/** Passes the named traits on, as texts and lists of texts, until there are 100 (ROKT-21, ROKT-37, ROKT-48). */
export const traitsPassed = (names: readonly string[]): PropertySelector =>
  propertySelector(names, {
    vendor: 'Rokt',
    as: lists,
    reserved: ['__proto__'],
    longestName,
    most: 100,
    members: 'user attributes',
  });

/** Elsewhere mParticle documents 128 KB per batch (ROKT-51). */
const advice = 128_000;
/** No character takes more than six bytes in JSON, so shorter attributes always fit, whatever else is in the batch. */
const alwaysFits = 15_000;

/** Notes that a batch is larger than advised. Rokt's own attributes fit, so only one with long others is measured. */
export function noteSize(
  batch: object,
  data: PayloadBuilder<EventData>,
  user: UserAttributes,
  { customAttributes, userAttributes }: Config,
): void {
  const { custom_attributes, source_message_id = '' } = data.value;
  if (customAttributes.length + userAttributes.length === 0 && source_message_id.length < alwaysFits) return;
  if (lengthOf(custom_attributes) + lengthOf(user) + source_message_id.length < alwaysFits) return;
  if (Buffer.byteLength(JSON.stringify(batch)) <= advice) return;
  const message = `Larger than the ${advice} bytes mParticle recommends for one batch`;
  data.note('unadvised', 'properties', message, 'custom_attributes');
}

function lengthOf(attributes: Readonly<Record<string, string | number | boolean | readonly string[]>>): number {
  let characters = 0;
  for (const name in attributes) characters += name.length + String(attributes[name]).length;
  return characters;
}
