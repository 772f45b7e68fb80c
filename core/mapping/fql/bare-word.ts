import type { Operand, PathOperand } from './syntax-tree.ts';

/** What stands at the top of events of Segment and RudderStack. */
const eventFields: ReadonlySet<unknown> = new Set(
  (
    'type event name category messageId userId anonymousId groupId previousId timestamp originalTimestamp sentAt ' +
    'receivedAt channel version writeKey context integrations properties traits'
  ).split(' '),
);

/** Whether an operand is a path that begins with one of them. */
export const isOfEvent = (operand: Operand): boolean => operand.kind === 'path' && eventFields.has(operand.steps[0]);

/**
 * Whether an operand is a word that is most likely a text without its quotes, as in `type != track` and in
 * `track != type`, which would be true for every event. There it is a path only behind `$.`.
 */
export const isBareWord = (operand: Operand): operand is PathOperand & { readonly steps: readonly [string] } =>
  operand.kind === 'path' &&
  operand.steps.length === 1 &&
  typeof operand.steps[0] === 'string' &&
  !eventFields.has(operand.steps[0]);
