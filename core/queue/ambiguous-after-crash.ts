import type { Claim, DeliveryQueue } from './queue.ts';

/**
 * Marks what a worker that did not get to its end may have sent: the oldest events of before that, as many as a worker has out at once, and
 * no more after a restart. What it had claimed is among them, and no write was needed to know it. Of a marked one nothing is claimed to be
 * rejected.
 */
export function createAmbiguityMarker(
  queue: Pick<DeliveryQueue, 'crashedAt' | 'ambiguousSinceCrash'>,
  id: string,
  mostOut: number,
) {
  const marked = new Set<number>();
  const mark = (claim: Claim): Claim => {
    if (claim.seq > queue.crashedAt() || claim.ambiguous === true) return claim;
    if (!marked.has(claim.seq)) {
      if (queue.ambiguousSinceCrash(id) >= mostOut) return claim;
      queue.ambiguousSinceCrash(id, 1);
      marked.add(claim.seq);
    }
    return { ...claim, ambiguous: true };
  };
  return (claims: readonly Claim[]): readonly Claim[] => (queue.crashedAt() === 0 ? claims : claims.map(mark));
}
