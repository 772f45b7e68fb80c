import { skip, type Unsent } from '../delivery.ts';
import type { CdpEvent } from '../event.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import { eventTable, type EventTableOptions } from './event-table.ts';

/** How a vendor's event is chosen. `'skip'` in a list switches an event off. */
export interface EventChoiceOptions<T extends string> extends EventTableOptions<T | 'skip'> {
  /** The vendor, as the reasons call it. */
  readonly vendor: string;
  /** What track events are that no list names. Default: they are not sent. */
  readonly otherTracks?: T | undefined;
  /** What page and screen calls are that no list names. Default: they are not sent. */
  readonly otherPages?: T | undefined;
}

/**
 * Compiles which of the vendor's events an event is, or why it is none: by its name, else by its kind. Call it when the
 * connection opens (`prepare`), because the lists are the customer's, too.
 *
 * @example
 * const settings = { eventNames: { 'Product Viewed': 'skip' as const }, sendPages: true };
 * const choose = eventChoice<'view' | 'purchase'>({
 *   vendor: 'Acme',
 *   track: [{ 'Product Viewed': 'view', 'Order Completed': 'purchase' }, settings.eventNames],
 *   otherPages: settings.sendPages ? 'view' : undefined,
 * });
 * const name = choose(event); // 'view', 'purchase', or an Unsent: return it from transform()
 */
export function eventChoice<T extends string>(options: EventChoiceOptions<T>): (event: CdpEvent) => T | Unsent {
  checkMembers('eventChoice()', options, optionMembers);
  const { vendor, otherTracks, otherPages, ...lists } = options;
  const targetOf = eventTable<T | 'skip'>(lists);
  const switchedOff = skip('unmapped_event', 'The settings switch this name off');
  const unmapped = skip('unmapped_event', `No ${vendor} event is set for this event name`, 'event');
  const pagesOff = skip('unsupported_event', 'Page and screen calls are not sent with these settings', 'type');
  const otherType = skip('unsupported_event', `${vendor} takes track, page and screen calls`, 'type');
  return (event) => {
    const target = targetOf(event);
    if (target !== undefined) return target === 'skip' ? switchedOff : (target as T);
    if (event.type === 'track') return otherTracks ?? unmapped;
    return event.type === 'page' || event.type === 'screen' ? (otherPages ?? pagesOff) : otherType;
  };
}

const optionMembers: MemberTable<EventChoiceOptions<string>> = {
  vendor: 'required',
  otherTracks: 'optional',
  otherPages: 'optional',
  track: 'optional',
  page: 'optional',
  names: 'optional',
};
