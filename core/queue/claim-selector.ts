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

/** Claims events that leave one by one or in small groups: probes, samples, retries. */
export interface ClaimSelector {
  /**
   * One that never failed, up to `look` events ahead, or the latest where that is beyond a prefetch; `undefined` where
   * there is none.
   */
  fresh(look: number): Claim | undefined;
  /** One of those that failed least often, up to `look` events ahead among them. */
  failed(look: number): Claim | undefined;
  /** Up to `most` events that never failed, spread over all that may leave. */
  sample(most: number): readonly Claim[];
  /** Events that failed equally often, for one request. Empty where there are none. */
  retryGroup(): readonly Claim[];
}

/** After its first failure, each further one divides the size of the group in which an event leaves by this. */
const groupDivisor = 5;

/** The size of a retry group: a whole request after the first failure, and soon each event by itself. */
const retryGroupSize = (attempts: number, batchSize: number): number =>
  Math.max(1, Math.floor(batchSize / groupDivisor ** Math.max(0, attempts - 1)));

/**
 * Most failed events that are looked at for a probe. About as many are in flight when the breaker opens, and all of
 * those failed equally often. They are in memory meanwhile.
 */
const maxFailedLook = 4_096;

const tries = ({ attempts, history }: Claim): number => triesOf(attempts, history);

export function createClaimSelector({ queue, id, now, batchSize }: ClaimSelectorOptions): ClaimSelector {
  const claim = (most: number, kind: ClaimKind): readonly Claim[] => queue.claim(id, most, now(), maxClaimBytes, kind);

  function releaseOthers(claims: readonly Claim[], chosen: readonly Claim[]): readonly Claim[] {
    const others = claims.filter((one) => !chosen.includes(one)).map(({ seq }) => seq);
    if (others.length > 0) queue.release(id, others);
    return chosen;
  }

  /** Spread over the oldest `look` events: where one fails, its neighbours may fail too. */
  function spread(look: number, most: number): readonly Claim[] {
    const claims = claim(look, 'fresh');
    const heads = firstOfLanes(claims);
    const step = heads.length / most;
    const chosen = step <= 1 ? heads : Array.from({ length: most }, (_, n) => heads[Math.floor((n + 1) * step) - 1]!);
    return releaseOthers(claims, chosen);
  }

  return {
    // All events of a prefetch may be alike: beyond it, the latest one says more.
    fresh: (look) => (look > maxPrefetch ? claim(1, 'latest') : spread(look, 1))[0],
    sample(most) {
      const latest = claim(Math.floor(most / 2), 'latest');
      return [...latest, ...spread(maxPrefetch, most - latest.length)];
    },
    failed(look) {
      const claims: Claim[] = [];
      for (let left = Math.min(maxFailedLook, look); left > 0; left -= maxPrefetch) {
        const more = claim(Math.min(maxPrefetch, left), 'failed');
        claims.push(...more);
        if (more.length === 0) break;
      }
      const least = claims.filter((one) => tries(one) === tries(claims[0]!));
      return releaseOthers(claims, least.slice(-1))[0];
    },
    retryGroup() {
      const [first] = claim(1, 'failed');
      if (first === undefined) return [];
      const most = retryGroupSize(first.attempts, batchSize) - 1;
      if (most === 0) return [first];
      const others = claim(most, 'failed');
      const alike = others.filter(({ attempts }) => attempts === first.attempts);
      return [first, ...releaseOthers(others, alike)];
    },
  };
}

/** Of a lane, only the first event may leave before the others. */
function firstOfLanes(claims: readonly Claim[]): readonly Claim[] {
  const seen = new Set<string>();
  return claims.filter(({ lanes = [] }) => {
    const isFirst = !lanes.some((lane) => seen.has(lane));
    for (const lane of lanes) seen.add(lane);
    return isFirst;
  });
}
