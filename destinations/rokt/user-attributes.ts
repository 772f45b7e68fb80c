import { isObject, type CdpEvent, type JsonObject, type TransformContext, type Note } from '../../core/api/index.ts';
import { contextRules, traitRules, userPlace, type UserAttributes } from './mapping.ts';
import { passTraits } from './passthrough.ts';
import type { Prepared } from './settings.ts';
import { compileRenaming } from './rename.ts';

const renameTraits = compileRenaming(traitRules, 'context.traits', userPlace);
const renameContext = compileRenaming(contextRules, 'context', userPlace);
const nothing: JsonObject = Object.freeze({});

/** What is known of the person: Rokt's four first, then the traits the connection names (ROKT-21, ROKT-48). */
export function userAttributesOf(
  event: CdpEvent,
  { prepared, trace }: TransformContext<Prepared>,
  notes: Note[],
): UserAttributes {
  const context = event.context ?? nothing;
  const traits = isObject(context['traits']) ? context['traits'] : nothing;
  const attributes: UserAttributes = {};
  renameTraits(traits, attributes, notes, trace);
  renameContext(context, attributes, notes, trace);
  if (prepared.userAttributes.length > 0) passTraits(attributes, traits, prepared.userAttributes, notes, trace);
  return attributes;
}
