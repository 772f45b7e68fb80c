import type { Claim, DeliveryQueue } from './queue.ts';

/**
 * Marks as ambiguous what a worker may have sent before its process was killed: the oldest events of that time, as many
 * as a worker has out at once (`maxOut`), however often the process restarts. All that it had claimed is among them,
 * and recording this took no write before the crash. A marked event is never called rejected.
 */
export function createAmbiguityMarker(
  queue: Pick<DeliveryQueue, 'crashedAt' | 'ambiguousSinceCrash'>,
  id: string,
  maxOut: number,
) {
  const marked = new Set<number>();
  const mark = (claim: Claim): Claim => {
    if (claim.seq > queue.crashedAt() || claim.ambiguous === true) return claim;
    if (!marked.has(claim.seq)) {
      if (queue.ambiguousSinceCrash(id) >= maxOut) return claim;
      queue.ambiguousSinceCrash(id, 1);
      marked.add(claim.seq);
    }
    return { ...claim, ambiguous: true };
  };
  return (claims: readonly Claim[]): readonly Claim[] => (queue.crashedAt() === 0 ? claims : claims.map(mark));
}
