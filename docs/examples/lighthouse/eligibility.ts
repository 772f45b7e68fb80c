import { skip, type CdpEvent, type Unsent } from '../../../core/api/index.ts';
import type { Action } from './mapping.ts';
import type { Prepared } from './settings.ts';

/** What this event means to Lighthouse, or why it is not sent. */
export function eligibilityOf(event: CdpEvent, { actionOf }: Prepared): Action | Unsent {
  const action = actionOf(event);
  if (action === undefined) return unmapped;
  return action === 'skip' ? switchedOff : action;
}

const unmapped = skip('unmapped_event', 'The settings give this event name no meaning', 'event');
const switchedOff = skip('unmapped_event', 'The settings switch this name off', 'event');
