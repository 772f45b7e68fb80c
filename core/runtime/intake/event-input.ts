import { eventIn, textIn } from './event-text.ts';
import type { EventTrace } from './event-trace.ts';

export type IntakeStage = 'gate' | 'subscribe' | 'mapping' | 'prepareEvent' | 'validate' | 'transform' | 'encode';

/** What a host handed over, as readInput() reads it. */
export interface EventInput {
  /** Not checked yet; `undefined` for a text that is no JSON. */
  readonly event: unknown;
  /** Its JSON text, if that is what was handed over. */
  readonly text: string | undefined;
  /** What preparePayload() has reached with it, for errors and previews to name. */
  stage: IntakeStage;
  /** In a preview: what the connection's rules did, and what was read of the event. */
  readonly trace: EventTrace | undefined;
}

/** Reads what a host handed over: an event, its JSON text, or both. Never throws. */
export const readInput = (input: unknown, trace?: EventTrace): EventInput => ({
  event: eventIn(input),
  text: textIn(input),
  stage: 'gate',
  trace,
});
