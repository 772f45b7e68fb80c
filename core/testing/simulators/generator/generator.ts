import type { CdpEvent } from '../../../api/index.ts';
import { appEvents } from './app-events.ts';
import { isoWriter, type MakeEvent } from './event-draw.ts';
import { oddEvents } from './odd-events.ts';
import { createRandom, weighted } from '../random.ts';
import { oddUnsubscribeEvents, repeatedUnsubscribeEvents, unsubscribeEvents } from './unsubscribe-events.ts';
import { webEvents } from './web-events.ts';
import { makeShopData } from './shop-data.ts';

const makers = {
  ...webEvents,
  ...appEvents,
  ...oddEvents,
  ...unsubscribeEvents,
  ...repeatedUnsubscribeEvents,
  ...oddUnsubscribeEvents,
} as const satisfies Record<string, MakeEvent>;

/** What an event is, or what is odd about it. */
export type EventKind = keyof typeof makers;

export const eventKinds = Object.keys(makers) as readonly EventKind[];

/** How often each kind comes, relative to the others; kinds left out never come. */
export type Mix = Readonly<Partial<Record<EventKind, number>>>;

const evenly = (kinds: object, weight: number): Mix =>
  Object.fromEntries(Object.keys(kinds).map((kind) => [kind, weight]));

const web: Mix = {
  ...evenly(webEvents, 1),
  'web-order': 6,
  'web-small-order': 4,
  'web-product-viewed': 4,
  'web-home': 3,
};
const unsubscribes = evenly(unsubscribeEvents, 1);
const app: Mix = { ...evenly(appEvents, 1), 'ios-order': 3, 'android-order': 3 };

export const mixes = {
  /** Nine in ten are ordinary, the rest is odd in one of twenty ways. E-mail has mixes of its own. */
  everything: { ...web, ...app, ...evenly(oddEvents, 0.25) },
  web,
  app,
  /** What the three event vendors have a use for, and nothing odd. */
  orders: { 'web-order': 1, 'web-small-order': 1, 'ios-order': 1, 'android-order': 1 },
  webOrders: { 'web-order': 1 },
  /** App events that have a place in an Adjust dashboard. */
  adjust: {
    'ios-order': 2,
    'ios-product-added': 2,
    'ios-signed-up': 1,
    'ios-subscribed': 1,
    'android-order': 2,
    'android-product-added': 2,
    'android-signed-up': 1,
    'android-subscribed': 1,
  },
  odd: evenly(oddEvents, 1),
  /** What AdRoll Email has a use for: nothing odd, and no two events with the same address. */
  unsubscribes,
  /** The same with one event in four about an address that came before, in another letter case. */
  repeatedUnsubscribes: { ...unsubscribes, ...evenly(repeatedUnsubscribeEvents, 0.55) },
  /** Some of everything about e-mail (repeated, malformed, hashed, opt-in), and events about other things. */
  mixedUnsubscribes: {
    ...unsubscribes,
    ...evenly(repeatedUnsubscribeEvents, 0.25),
    ...evenly(oddUnsubscribeEvents, 0.15),
    'web-order': 0.5,
    'web-identify': 0.5,
  },
} as const satisfies Record<string, Mix>;

export interface GeneratorOptions {
  readonly count: number;
  /** Default 1. */
  readonly seed?: number;
  /** Default: `mixes.everything`. */
  readonly mix?: Mix;
  /** Time of the first event, epoch ms or ISO 8601. Default 2026-01-15T12:00:00Z. */
  readonly startTime?: number | string;
  /** Time from one event to the next. Default 20 ms. */
  readonly stepMs?: number;
  /** How far an event's time may lie behind its place in the stream, in ms. Default 0: times never go back. */
  readonly disorderMs?: number;
  /** Size of the pools that are drawn from: people default 2,000, phones 1,000. */
  readonly people?: number;
  readonly phones?: number;
}

export interface LabelledEvent {
  readonly kind: EventKind;
  readonly event: CdpEvent;
}

/** A stream of events with what each of them is. Same options, same events; no two share a messageId. */
export function* generateLabelled(options: GeneratorOptions): Generator<LabelledEvent, void, undefined> {
  const {
    count,
    seed = 1,
    mix = mixes.everything,
    stepMs = 20,
    disorderMs = 0,
    people = 2000,
    phones = 1000,
  } = options;
  const start = new Date(options.startTime ?? '2026-01-15T12:00:00.000Z').getTime();
  const random = createRandom(seed);
  const shop = makeShopData(random, people, phones);
  const kindOf = weighted(mix);
  const iso = isoWriter();
  for (let index = 0; index < count; index += 1) {
    const kind = kindOf(random);
    const late = disorderMs > 0 ? random.below(disorderMs + 1) : 0;
    const at = Math.floor(start + index * stepMs) - late;
    yield { kind, event: makers[kind]({ random, shop, index, at, iso }) };
  }
}

export function* generate(options: GeneratorOptions): Generator<CdpEvent, void, undefined> {
  for (const { event } of generateLabelled(options)) yield event;
}

/** The same stream for consumers that wait; an event is made when it is asked for, so nothing piles up. */
// oxlint-disable-next-line require-await -- asynchronous by contract, not by need
export async function* generateAsync(options: GeneratorOptions): AsyncGenerator<CdpEvent, void, undefined> {
  for (const { event } of generateLabelled(options)) yield event;
}

/** The same stream as NDJSON: one event a line, the line break included. */
export function* generateLines(options: GeneratorOptions): Generator<string, void, undefined> {
  for (const { event } of generateLabelled(options)) yield `${JSON.stringify(event)}\n`;
}
