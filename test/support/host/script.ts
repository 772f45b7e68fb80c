import type { CdpEvent, JsonObject } from '../../../core/index.ts';
import { generateLabelled, mixes, type EventKind, type Mix } from '../../../core/testing/simulators/index.ts';
import { ledgerKey, type Account } from '../simulators/accounts.ts';
import { allowedOutcomesOf, type AllowedOutcomes } from './allowed-outcomes.ts';

/** What is known of an event before anybody sends it. */
export interface Known extends AllowedOutcomes {
  readonly id: string;
  /** Its name in the vendor's ledger. */
  readonly key: string;
  readonly kind: EventKind;
  lane: string | undefined;
}

export interface Script {
  /** The events, made as they are asked for; `known` grows with them. */
  readonly events: Iterable<CdpEvent>;
  readonly known: readonly Known[];
  /** Keys of the events that their vendor always fails on. */
  readonly poison: ReadonlySet<string>;
}

export interface ScriptOptions {
  readonly account: Account;
  readonly count: number;
  readonly seed: number;
  /** Epoch ms: the events happened up to then. */
  readonly now: number;
  readonly optedOut: ReadonlySet<string>;
}

/** Fewer apart only where there would be none. */
const poisonEvery = 1_000;

/** How many people and phones a stream of so many events draws from. */
export const poolsFor = (count: number): { readonly people: number; readonly phones: number } => ({
  people: Math.min(2_000, count),
  phones: Math.min(1_000, Math.ceil(count / 5)),
});

/** Mostly what a vendor wants, an eighth of everything else; one device, or visitor, has a tenth of it; one in a thousand is poisonous. */
export function writeScript({ account, count, seed, now, optedOut }: ScriptOptions): Script {
  const known: Known[] = [];
  const poison = new Set<string>();
  const wanted = new Set(Object.keys(account.mix));
  const mix = blend(account.mix, account.everything ?? mixes.everything, 0.125);
  function* events(): Generator<CdpEvent> {
    const stepMs = 20;
    const startTime = now - count * stepMs - 60_000;
    const apart = Math.min(poisonEvery, Math.max(2, Math.floor(count / 2)));
    let ordinary = 0;
    let hot: CdpEvent | undefined;
    for (const made of generateLabelled({ count, seed, mix, startTime, stepMs, ...poolsFor(count) })) {
      const { kind } = made;
      if (wanted.has(kind) && made.event.context?.['traits'] !== undefined) hot ??= made.event;
      const event = wanted.has(kind) && known.length % hotEvery(account) === 3 ? heated(made.event, hot) : made.event;
      const id = event.messageId ?? '';
      const key = ledgerKey(account, event);
      if (wanted.has(kind)) {
        ordinary += 1;
        if (ordinary % apart === Math.floor(apart / 2)) poison.add(key);
      }
      known.push({ id, key, kind, lane: undefined, ...allowedOutcomesOf(account.slug, kind, event, optedOut) });
      yield event;
    }
  }
  return { events: events(), known, poison };
}

/** Half of the app events are of the other platform, and cannot be the hot phone's. */
const hotEvery = ({ slug }: Account): number => (slug === 'adjust' ? 5 : 10);

/** The same event of the hot device or visitor. Page and person stay: what it is about must not change. */
function heated(event: CdpEvent, hot: CdpEvent | undefined): CdpEvent {
  const context = event.context ?? {};
  const { traits, page } = context;
  if (hot === undefined || traits === undefined || deviceType(hot) !== deviceType(event)) return event;
  const own = page === undefined ? { traits } : { traits, page };
  // A visitor's cookie may stand among the integrations.
  const { anonymousId, integrations } = hot;
  return { ...event, anonymousId, integrations, context: { ...hot.context, ...own } } as CdpEvent;
}

const deviceType = ({ context }: CdpEvent): unknown => (context?.['device'] as JsonObject | undefined)?.['type'];

function blend(most: Mix, rest: Mix, share: number): Mix {
  const scaled = (mix: Mix, to: number): [string, number][] => {
    const total = Object.values(mix).reduce((sum, weight) => sum + weight, 0);
    return Object.entries(mix).map(([kind, weight]) => [kind, (weight / total) * to]);
  };
  const weights = new Map<string, number>();
  for (const [kind, weight] of [...scaled(most, 1 - share), ...scaled(rest, share)])
    weights.set(kind, (weights.get(kind) ?? 0) + weight);
  return Object.fromEntries(weights) as Mix;
}
