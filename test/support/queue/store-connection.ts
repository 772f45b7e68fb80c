import type { EventOrText, IncomingEvent, Outcome } from '../../../core/index.ts';
import type { StoreConnection } from '../../../core/queue/index.ts';

type WithoutId<O> = O extends Outcome ? Omit<O, 'eventId'> : never;
export type VendorAnswer = WithoutId<Outcome>;

/** A connection to a vendor that is a function, which remembers what was delivered. */
export interface FakeConnection extends StoreConnection {
  /** The ids of what was delivered, in order. */
  readonly delivered: string[];
  /** What the vendor says to an event from now on. Default: delivered. */
  answer: (id: string) => VendorAnswer | undefined;
  /** The trace of each event, by id, as its last delivery had it. */
  readonly traces: Record<string, string | undefined>;
  /** What a delivery waits for. */
  hold: Promise<unknown>;
}

interface Placed {
  readonly lanes?: readonly string[];
}

const heldBack = { kind: 'deferred', reason: { code: 'held_back', message: 'It is behind another one.' } } as const;

const eventOf = (event: EventOrText): IncomingEvent =>
  typeof event === 'string' ? (JSON.parse(event) as IncomingEvent) : (event as IncomingEvent);

/** An event goes into the lanes that its property `lanes` names, and is rejected where it has no property at all. */
export function fakeConnection(id: string, slug = 'adjust'): FakeConnection {
  const connection: FakeConnection = {
    id,
    slug,
    delivered: [],
    traces: {},
    answer: () => undefined,
    hold: Promise.resolve(),
    suspended: () => [],
    resume: () => undefined,
    check: () => Promise.resolve({ kind: 'unsupported', message: 'no check' }),
    routeOf(event) {
      const { messageId = '', properties } = eventOf(event) as { messageId?: string; properties?: object };
      if (properties === undefined)
        return { kind: 'rejected', eventId: messageId, reason: { code: 'unmapped_event', message: 'no properties' } };
      const { lanes } = properties as Placed;
      return { kind: 'payload', ...(lanes === undefined ? {} : { lanes }) };
    },
    async deliver(events, { settled, trace } = {}) {
      await connection.hold;
      const outcomes: Outcome[] = [];
      const held = new Set<string>();
      for (const [position, event] of events.entries()) {
        const { messageId = '', properties } = eventOf(event) as { messageId?: string; properties?: Placed };
        connection.traces[messageId] = trace?.(position);
        const lanes = properties?.lanes ?? [];
        const answer = lanes.some((lane) => held.has(lane)) ? heldBack : connection.answer(messageId);
        const outcome = { kind: 'delivered', ...answer, eventId: messageId } as Outcome;
        if (outcome.kind === 'delivered') connection.delivered.push(messageId);
        if (outcome.kind === 'deferred') for (const lane of lanes) held.add(lane);
        outcomes.push(outcome);
        await settled?.(position, outcome);
      }
      return outcomes;
    },
  };
  return connection;
}
