import { skip, type CdpEvent, type Unsent } from '../../../../api/index.ts';
import type { Action } from './mapping.ts';
import type { Prepared } from './settings.ts';

/** What this event means to the vendor, or why it is not sent. */
export function eligibilityOf(event: CdpEvent, { targetOf }: Prepared): Action | Unsent {
  const target = targetOf(event);
  if (target === undefined) return unmapped;
  return target === 'skip' ? switchedOff : target;
}

const unmapped = skip('unmapped_event', 'The settings give this event name no meaning', 'event');
const switchedOff = skip('unmapped_event', 'The settings switch this name off', 'event');
