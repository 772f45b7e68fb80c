import { triesOf, type Claim } from './queue.ts';
import type { WorkableQueue } from './work-options.ts';
import { mostInSlice, mostSliceBytes } from './work-options.ts';

export interface CandidateOptions {
  readonly queue: Pick<WorkableQueue, 'claim' | 'release'>;
  /** Of the connection. */
  readonly id: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Most events in one request. */
  readonly batchSize: number;
}

/** Picks what leaves by itself or in small company, out of what may go. */
export interface Candidates {
  /** One that never failed, as far ahead as `look` says; `undefined` where there is none. */
  fresh(look: number): Claim | undefined;
  /** One of those that failed least, as far among them as `look` says. */
  failed(look: number): Claim | undefined;
  /** Up to `most` that never failed, from all over what may go. */
  sample(most: number): readonly Claim[];
  /** What came back equally often, for one request. Empty where there is none. */
  company(): readonly Claim[];
}

/** Each failure makes the company in which an event leaves next so many times smaller, after the first. */
const smaller = 5;

/** How many leave together of those that failed so often: the whole request once more, and soon each by itself. */
export const companyOf = (attempts: number, batchSize: number): number =>
  Math.max(1, Math.floor(batchSize / smaller ** Math.max(0, attempts - 1)));

export function createCandidates({ queue, id, now, batchSize }: CandidateOptions): Candidates {
  const take = (most: number, kind: 'fresh' | 'failed'): readonly Claim[] =>
    queue.claim(id, most, now(), mostSliceBytes, kind);

  function keep(claims: readonly Claim[], wanted: readonly Claim[]): readonly Claim[] {
    const others = claims.filter((claim) => !wanted.includes(claim)).map(({ seq }) => seq);
    if (others.length > 0) queue.release(id, others);
    return wanted;
  }

  /** Spread over what there is: where one fails, its neighbours may. */
  function spread(look: number, most: number): readonly Claim[] {
    const claims = take(look, 'fresh');
    const heads = firstOfLanes(claims);
    const step = heads.length / most;
    const wanted = step <= 1 ? heads : Array.from({ length: most }, (_, n) => heads[Math.floor((n + 1) * step) - 1]!);
    return keep(claims, wanted);
  }

  return {
    fresh: (look) => spread(Math.min(mostInSlice, look), 1)[0],
    failed(look) {
      const claims = take(Math.min(mostInSlice, look), 'failed');
      const least = claims.filter((claim) => triesOf(claim) === triesOf(claims[0]!));
      return keep(claims, least.slice(-1))[0];
    },
    sample: (most) => spread(mostInSlice, most),
    company() {
      const [first] = take(1, 'failed');
      if (first === undefined) return [];
      const most = companyOf(first.attempts, batchSize) - 1;
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
