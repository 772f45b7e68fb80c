import { isObject, type CdpEvent, type JsonObject, type Moment, type Note } from '../../core/api/index.ts';
import { contextRules, traitRules, userPlace, type UserAttributes } from './mapping.ts';
import { passTraits } from './passed-on.ts';
import type { Plan } from './prepare.ts';
import { compileRenaming } from './rename.ts';

const renameTraits = compileRenaming(traitRules, 'context.traits', userPlace);
const renameContext = compileRenaming(contextRules, 'context', userPlace);

/** What is known of the person: Rokt's four first, then the traits the connection names (ROKT-21, ROKT-48). */
export function userAttributesOf(event: CdpEvent, { prepared, trace }: Moment<Plan>, notes: Note[]): UserAttributes {
  const context: JsonObject = isObject(event.context) ? event.context : {};
  const traits: JsonObject = isObject(context['traits']) ? context['traits'] : {};
  const attributes: UserAttributes = {};
  renameTraits(traits, attributes, trace, notes);
  renameContext(context, attributes, trace, notes);
  if (prepared.userAttributes.length > 0) passTraits(attributes, traits, prepared.userAttributes, trace, notes);
  return attributes;
}
