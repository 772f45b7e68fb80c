import { createRandom, weighted } from './random.ts';

/** How a vendor can fail, and whether it has processed the request when it does. */
const processed = {
  'unauthorized-401': false,
  'error-500': false,
  'unavailable-503': false,
  'throttled-429': false,
  'throttled-429-seconds': false,
  'unavailable-503-date': false,
  'firewall-403': false,
  'bad-gateway-502': true,
  'reset-before-commit': false,
  'reset-after-commit': true,
  'truncated-body': true,
  'reset-after-head': true,
  'gzip-answer': true,
  'garbage-body': true,
  'error-inside-2xx': false,
  'undocumented-2xx': true,
  'items-refused': true,
  slow: true,
  hang: false,
} as const;

export type FaultKind = keyof typeof processed;

export const faultKinds = Object.keys(processed) as readonly FaultKind[];

/** True when the vendor did its work all the same, so that a repeat is a duplicate. */
export const commits = (kind: FaultKind): boolean => processed[kind];

export interface FaultPlan {
  /** Share of requests that meet a fault, 0 to 1. Default 0. */
  readonly rate?: number;
  /** How often each kind comes, relative to the others; a kind left out never comes. Default: `everyFault`. */
  readonly weights?: Readonly<Partial<Record<FaultKind, number>>>;
  /** Request number (from 1) to fault. Wins over the rate; 'none' spares a request. */
  readonly script?: Readonly<Record<number, FaultKind | 'none'>>;
  /** What `throttled-429-seconds` asks for, and how far ahead `unavailable-503-date` points. Default 0. */
  readonly retryAfterSeconds?: number;
  /**
   * How long `slow` keeps the answer back, in ms. More than the client's patience forces a timeout. Default 50.
   */
  readonly slowMs?: number;
}

/**
 * All kinds that are the vendor's own, the two that make a client wait more rarely; not what stands before a vendor
 * says, nor what is about the account or an event.
 */
export const everyFault: Readonly<Record<FaultKind, number>> = {
  ...(Object.fromEntries(faultKinds.map((kind) => [kind, 1])) as Record<FaultKind, number>),
  slow: 0.1,
  hang: 0.1,
  'firewall-403': 0,
  'bad-gateway-502': 0,
  'unauthorized-401': 0,
  'items-refused': 0,
};

/** Says, request by request, which fault comes. The same seed and plan give the same list. */
export function faultScript(
  { rate = 0, weights = everyFault, script = {} }: FaultPlan,
  seed: number,
): (request: number) => FaultKind | undefined {
  const random = createRandom(seed);
  const draw = weighted(weights);
  return (request) => {
    const drawn = random.chance(rate) ? draw(random) : undefined;
    const scripted = script[request];
    return scripted === undefined ? drawn : scripted === 'none' ? undefined : scripted;
  };
}
