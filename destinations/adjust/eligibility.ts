import { reject, skip, type CdpEvent, type Unsent } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Prepared, Target } from './settings.ts';

/** The token of this event, or why it is not sent: it has none, or Adjust does not want it from a server. */
export function eligibilityOf(event: CdpEvent, config: Config, { targetOf }: Prepared): Target | Unsent {
  if (event.type !== 'track') return otherType;
  const target = targetOf(event);
  if (target === undefined) return unmapped[config.unmappedEvents];
  return target.isLifecycle && !config.allowLifecycleEvents ? lifecycle : target;
}

const otherType = skip('unsupported_event', 'Adjust takes track events only', 'type');
const noToken = 'No Adjust event token is set for this event (eventTokens)';
const unmapped = {
  skip: skip('unmapped_event', noToken, 'event'),
  reject: reject('unmapped_event', noToken, 'event'),
};
const lifecycle = skip('unsupported_event', 'The Adjust SDK records installs, opens and sessions by itself', 'event');
