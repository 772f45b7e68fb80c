import { triesOf, type Claim, type ClaimKind } from './queue.ts';
import type { WorkableQueue } from './work-options.ts';
import { maxPrefetch, maxClaimBytes } from './work-options.ts';

export interface ClaimSelectorOptions {
  readonly queue: Pick<WorkableQueue, 'claim' | 'release'>;
  /** Of the connection. */
  readonly id: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Most events in one request. */
  readonly batchSize: number;
}

/** Picks what leaves by itself or in small company, out of what may go. */
export interface ClaimSelector {
  /** One that never failed, as far ahead as `look` says, beyond a slice the latest; `undefined` where there is none. */
  fresh(look: number): Claim | undefined;
  /** One of those that failed least, as far among them as `look` says. */
  failed(look: number): Claim | undefined;
  /** Up to `most` that never failed, from all over what may go. */
  sample(most: number): readonly Claim[];
  /** What came back equally often, for one request. Empty where there is none. */
  retryGroup(): readonly Claim[];
}

/** Each failure makes the company in which an event leaves next so many times smaller, after the first. */
const smaller = 5;

/** How many leave together of those that failed so often: the whole request once more, and soon each by itself. */
export const retryGroupSize = (attempts: number, batchSize: number): number =>
  Math.max(1, Math.floor(batchSize / smaller ** Math.max(0, attempts - 1)));

/** As many as a few slices had when the circuit opened: all of those failed equally often. They are in memory meanwhile. */
const mostLookedAt = 4_096;

const tries = ({ attempts, history }: Claim): number => triesOf(attempts, history);

export function createClaimSelector({ queue, id, now, batchSize }: ClaimSelectorOptions): ClaimSelector {
  const take = (most: number, kind: ClaimKind): readonly Claim[] => queue.claim(id, most, now(), maxClaimBytes, kind);

  function keep(claims: readonly Claim[], wanted: readonly Claim[]): readonly Claim[] {
    const others = claims.filter((claim) => !wanted.includes(claim)).map(({ seq }) => seq);
    if (others.length > 0) queue.release(id, others);
    return wanted;
  }

  /** Spread over the oldest `look` of them: where one fails, its neighbours may. */
  function spread(look: number, most: number): readonly Claim[] {
    const claims = take(look, 'fresh');
    const heads = firstOfLanes(claims);
    const step = heads.length / most;
    const wanted = step <= 1 ? heads : Array.from({ length: most }, (_, n) => heads[Math.floor((n + 1) * step) - 1]!);
    return keep(claims, wanted);
  }

  return {
    // As far ahead as one looks, all may be alike: then the latest says more.
    fresh: (look) => (look > maxPrefetch ? take(1, 'latest') : spread(look, 1))[0],
    sample(most) {
      const latest = take(Math.floor(most / 2), 'latest');
      return [...latest, ...spread(maxPrefetch, most - latest.length)];
    },
    failed(look) {
      const claims: Claim[] = [];
      for (let left = Math.min(mostLookedAt, look); left > 0; left -= maxPrefetch) {
        const more = take(Math.min(maxPrefetch, left), 'failed');
        claims.push(...more);
        if (more.length === 0) break;
      }
      const least = claims.filter((claim) => tries(claim) === tries(claims[0]!));
      return keep(claims, least.slice(-1))[0];
    },
    retryGroup() {
      const [first] = take(1, 'failed');
      if (first === undefined) return [];
      const most = retryGroupSize(first.attempts, batchSize) - 1;
      if (most === 0) return [first];
      const others = take(most, 'failed');
      return [
        first,
        ...keep(
          others,
          others.filter(({ attempts }) => attempts === first.attempts),
        ),
      ];
    },
  };
}

/** Of a lane, only the first may leave before the others. */
function firstOfLanes(claims: readonly Claim[]): readonly Claim[] {
  const seen = new Set<string>();
  return claims.filter(({ lane }) => {
    if (lane === undefined) return true;
    if (seen.has(lane)) return false;
    seen.add(lane);
    return true;
  });
}
