import assert from 'node:assert';
import type {
  Batch,
  CdpEvent,
  DefinedDestination,
  Delivery,
  Failure,
  HttpRequest,
  HttpResponse,
  IncomingEvent,
  Note,
  OperationList,
  Reason,
  RetryDecision,
  Routing,
  Transformed,
} from '../../api/index.ts';
import { BoundDestination } from '../../runtime/bind-destination.ts';
import { eventIdOf } from '../../runtime/intake/event-shape.ts';
import { defaultEventLimits } from '../../runtime/intake/event-size.ts';
import { normalizeEvent } from '../../runtime/intake/normalize-event.ts';
import { withoutEmptied } from '../../runtime/emptied-settings.ts';
import { canonicalEvents } from './events.ts';
import { notJson } from './not-json.ts';

/** An answer of the vendor, or why there is none. A body that is not text is sent as JSON. */
export type TestAnswer =
  (Partial<Omit<HttpResponse, 'status' | 'body'>> & { readonly status: number; readonly body?: unknown }) | Failure;

/**
 * A destination folder with settings, for tests of what its functions make of an event or an answer. Nothing is sent.
 * Every function throws if the folder breaks a promise on the way: validate() and transform() that disagree, or a
 * payload that JSON cannot carry.
 */
export interface FolderUnderTest<C, P> {
  /** The settings as the folder's schema parses them. */
  readonly config: C;
  /** The same folder with some settings changed. Throws like folderUnderTest(). */
  with(changes: Readonly<Record<string, unknown>>): FolderUnderTest<C, P>;
  /** What the folder makes of an event: a payload with its routing and notes, or the reason why there is none. */
  transformed(event: IncomingEvent): Transformed<P>;
  /** The payload of an event. Throws the reason if there is none. */
  payload(event: IncomingEvent): P;
  /** The payload as it is sent. Throws like payload(). */
  text(event: IncomingEvent): string;
  /** How a payload is sent: lanes, group, key, scopes and time. Throws like payload(). */
  routing(event: IncomingEvent): Routing;
  /** Why an event is not sent; `undefined` if it is. */
  reason(event: IncomingEvent): ({ readonly kind: 'skipped' | 'rejected' } & Reason) | undefined;
  /** What was lost in the transformation; nothing if the event is not sent. */
  notes(event: IncomingEvent): readonly Note[];
  /** Where each field of the payload comes from: the field's path, and the event's path or a setting. */
  sources(event: IncomingEvent): Readonly<Record<string, string>>;
  /** The events as one batch. Throws like payload(). */
  batch(events: readonly IncomingEvent[]): Batch<P>;
  /** The request that carries these events, with its body. Throws like payload(). */
  request(events: readonly IncomingEvent[]): HttpRequest;
  /** What an answer means for each of these events. Default: one event, the first canonical one that is sent. */
  decisions(answer: TestAnswer, events?: readonly IncomingEvent[]): readonly RetryDecision[];
  /** What an answer means for the first event; see decisions(). */
  decision(answer: TestAnswer, events?: readonly IncomingEvent[]): RetryDecision;
}

/**
 * Opens a folder with settings, for unit tests of its mapping and its reading of answers. `now` is the clock in epoch
 * ms; default 2026-01-15T12:00:00Z, a minute after the canonical events. Throws if the schema refuses the settings.
 *
 * @example
 * import { eventOf, folderUnderTest } from 'spillway/testing';
 * import adjust from 'spillway/destinations/adjust';
 *
 * const settings = { appToken: 'app0example', environment: 'sandbox', eventTokens: { 'Order Completed': 'purch1' } };
 * const folder = folderUnderTest(adjust, settings);
 * const order = eventOf('order-completed-ios', { 'properties.revenue': 12.5, 'context.ip': undefined });
 *
 * folder.payload(order); // { s2s: '1', app_token: 'app0example', event_token: 'purch1', revenue: '12.5', ... }
 * folder.sources(order)['revenue']; // 'properties.revenue'
 * folder.notes(order); // [{ code: 'recommended_missing', field: 'context.adjust.adid', message: '...' }]
 * folder.reason(eventOf('page-home')); // { kind: 'skipped', code: 'unmapped_event', ... }
 * folder.request([order]).url; // 'https://s2s.adjust.com/event'
 * folder.decision({ status: 429, headers: { 'retry-after': '7' } }); // { kind: 'retry', afterMs: 7000, ... }
 */
export function folderUnderTest<C, P, R, L extends OperationList>(
  destination: DefinedDestination<C, P, R, L>,
  settings: Readonly<Record<string, unknown>>,
  { now = canonicalNow }: { readonly now?: number } = {},
): FolderUnderTest<C, P> {
  const config = destination.config.parse(withoutEmptied(settings, destination.config));
  const bound = new BoundDestination(destination, config, []);

  const transformed = (incoming: IncomingEvent, from?: (field: string, source: string) => void): Transformed<P> => {
    const { event, notes } = asTheRuntimePasses(incoming);
    const context = { now, prepared: bound.prepared, trace: from && { from, note: () => undefined } };
    const admission = bound.validate(event, config, context);
    const result = bound.transform(event, config, context) as Transformed<P>;
    if (admission.kind !== 'admitted')
      assert.deepStrictEqual(result, admission, 'validate() refuses the event, and transform() says something else');
    const lost = result.kind === 'payload' ? notJson(result.payload) : undefined;
    if (lost !== undefined) throw new Error(`the payload has ${lost.what} at "${lost.path}", which JSON cannot carry`);
    if (result.kind !== 'payload' || notes.length === 0) return result;
    return { ...result, notes: [...notes, ...(result.notes ?? [])] };
  };
  const sent = (event: IncomingEvent) => {
    const result = transformed(event);
    if (result.kind === 'payload') return result;
    throw new Error(`the event is ${result.kind} (${result.reason.code}): ${result.reason.message}`);
  };
  const deliveryOf = (event: IncomingEvent, index: number): Delivery<P> => {
    const { kind: _, notes: __, payload, ...routing } = sent(event);
    const text = bound.encode(payload);
    return { ...routing, index, eventId: eventIdOf(event), payload, text, bytes: Buffer.byteLength(text) };
  };
  const batch = (events: readonly IncomingEvent[]): Batch<P> => {
    const [first, ...others] = events.map(deliveryOf);
    if (first === undefined) throw new Error('a batch has at least one event');
    const { group, lanes } = first;
    return { group, lanes, items: [first, ...others] };
  };
  const decisions = (
    answer: TestAnswer,
    events: readonly IncomingEvent[] = [plainEvent()],
  ): readonly RetryDecision[] => {
    const items = batch(events);
    const result = 'kind' in answer ? answer : ({ kind: 'response', response: responseOf(answer) } as const);
    const reply = bound.read(bound.request(items), result, items);
    if (reply.kind === 'settled') return reply.decisions;
    const decision = bound.classifyError(reply.failure, items);
    return items.items.map(() => decision);
  };
  const plainEvent = (): CdpEvent => {
    const plain = Object.values<CdpEvent>(canonicalEvents).find((event) => transformed(event).kind === 'payload');
    if (plain === undefined) throw new Error('no canonical event is sent with these settings: say which events were');
    return plain;
  };
  const responseOf = ({ body = '', ...answer }: Exclude<TestAnswer, Failure>): HttpResponse => ({
    headers: {},
    receivedAt: now,
    ...answer,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

  return {
    config,
    with: (changes) => folderUnderTest(destination, { ...settings, ...changes }, { now }),
    transformed: (event) => transformed(event),
    payload: (event) => sent(event).payload,
    text: (event) => bound.encode(sent(event).payload),
    routing(event) {
      const { kind: _, notes: __, payload: ___, ...routing } = sent(event);
      return routing;
    },
    reason(event) {
      const result = transformed(event);
      return result.kind === 'payload' ? undefined : { kind: result.kind, ...result.reason };
    },
    notes(event) {
      const result = transformed(event);
      return result.kind === 'payload' ? (result.notes ?? []) : [];
    },
    sources(event) {
      const sources: Record<string, string> = {};
      transformed(event, (field, source) => {
        sources[field] = source;
      });
      return sources;
    },
    batch,
    request: (events) => bound.request(batch(events)),
    decisions,
    decision: (answer, events) => decisions(answer, events)[0] as RetryDecision,
  };
}

/** Folders see an event in the usual spelling, whatever they are given; what the gate refuses, as it is. */
function asTheRuntimePasses(incoming: IncomingEvent): { readonly event: CdpEvent; readonly notes: readonly Note[] } {
  const normal = normalizeEvent(incoming, defaultEventLimits);
  return normal.kind === 'normalized' ? normal : { event: incoming as CdpEvent, notes: [] };
}

const canonicalNow = Date.parse('2026-01-15T12:00:00.000Z');
