import { reject, skip, type Unsent } from '../../api/delivery.ts';
import type { CdpEvent } from '../../api/event.ts';
import type { Note } from '../../api/outcome.ts';
import { isThenable } from '../argument-check.ts';
import { defect, type ConnectionContext } from '../connection-context.ts';
import type { EventRules } from '../event-rules.ts';
import type { EventInput } from './event-input.ts';
import { addsNoExcess } from './event-size.ts';
import { mostBytesIn } from './event-text.ts';
import { isTree } from './event-trace.ts';
import { normalizeEvent } from './normalize-event.ts';

/** An event after the rules of its connection. */
interface RuledEvent {
  readonly kind: 'ruled';
  readonly event: CdpEvent;
  readonly notes: readonly Note[] | undefined;
}

const notSubscribed = skip('not_subscribed', 'The subscription of this connection does not ask for this event');
const leftOut = skip('not_subscribed', "The host program's prepareEvent() leaves this event out");
const hookFailed = reject('internal_error', "The host program's prepareEvent() failed for this event");

/**
 * Asks the subscription about an event, maps it, and hands it to the host's prepareEvent(). What they make of it has to
 * be an event like any other, within the same limits. The event that was handed over stays as it is.
 */
export function applyRules(
  context: ConnectionContext,
  rules: EventRules,
  event: CdpEvent,
  input: EventInput,
): RuledEvent | Unsent {
  const { subscription, mapping, prepareEvent, limits } = rules;
  const { trace } = input;
  if (subscription !== undefined) {
    input.stage = 'subscribe';
    if (!subscription.matches(event)) {
      trace?.failed.push(...subscription.explain(event));
      return notSubscribed;
    }
  }
  let ruled: object = event;
  let isWithin = false;
  let notes: readonly Note[] | undefined;
  if (mapping !== undefined) {
    input.stage = 'mapping';
    const mapped = mapping.apply(event, trace?.mapping);
    ruled = mapped.event;
    notes = mapped.notes;
    // Only of an event that is what its text says is it known how large it was before.
    const { text } = input;
    isWithin = text !== undefined && input.event === event && addsNoExcess(mapped.writes, mostBytesIn(text), limits);
  }
  if (prepareEvent !== undefined) {
    input.stage = 'prepareEvent';
    const returned = returnedBy(context, prepareEvent, ruled as CdpEvent);
    if ('kind' in returned) return returned;
    ruled = withOwnId(returned.event, event);
    isWithin = false;
  }
  if (ruled === event) return { kind: 'ruled', event, notes };
  const normal = normalizeEvent(ruled, limits, isWithin);
  if (normal.kind === 'admitted') return { kind: 'ruled', event: ruled as CdpEvent, notes };
  if (normal.kind === 'normalized')
    return { kind: 'ruled', event: normal.event, notes: [...(notes ?? []), ...normal.notes] };
  const by = input.stage === 'mapping' ? 'the mapping' : 'prepareEvent()';
  return { ...normal, reason: { ...normal.reason, message: `What ${by} made of the event: ${normal.reason.message}` } };
}

function returnedBy(
  context: ConnectionContext,
  prepareEvent: NonNullable<EventRules['prepareEvent']>,
  event: CdpEvent,
): Unsent | { readonly event: object } {
  let returned: unknown;
  try {
    returned = prepareEvent(frozenCopy(event) as CdpEvent);
  } catch (error) {
    defect(context, 'prepareEvent', error);
    return hookFailed;
  }
  if (returned === undefined) return leftOut;
  if (typeof returned === 'object' && returned !== null && !isThenable(returned)) return { event: returned };
  // Nobody waits for it, and a rejection that nobody hears of would end the process.
  if (isThenable(returned)) Promise.resolve(returned).catch(() => undefined);
  defect(context, 'prepareEvent', new TypeError('prepareEvent() returned neither an event nor undefined'));
  return hookFailed;
}

/** A copy that no hook can change: the event itself is the caller's. */
function frozenCopy(value: unknown): unknown {
  if (!isTree(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy));
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, part]) => [name, frozenCopy(part)])));
}

/** Outcomes and the search for duplicates go by the event's own id, so what the vendor gets has the same. */
function withOwnId(returned: object, event: CdpEvent): object {
  const { messageId } = event;
  if ((returned as CdpEvent).messageId === messageId) return returned;
  const { messageId: _other, ...others } = returned as CdpEvent;
  return messageId === undefined ? others : { ...others, messageId };
}
