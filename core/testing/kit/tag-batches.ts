import type { AnyDestination, Batch, HttpRequest } from '../../api/index.ts';
import { batchHeader } from './vendor-double.ts';

/** A definition whose requests name the batch they carry. */
export interface TaggedDefinition {
  readonly definition: AnyDestination;
  /** The batches that requests were made for; the header `x-kit-batch` has the number of a request's batch. */
  readonly batches: readonly Batch<unknown>[];
  /**
   * Whether a body is still being compressed by another thread; `sent` has the numbers of the batches that have left.
   */
  readonly compressing: (sent: readonly (number | undefined)[]) => boolean;
}

/** Real milliseconds after which a request counts as one that will never be sent. */
const longestMs = 5_000;

/**
 * Numbers the batches and tags each request with its number. Requests of a destination's own send() stay untagged. Core
 * compresses on another thread; `compressed` is set only where the exact request matters.
 */
export function tagBatches(definition: AnyDestination, compressed: boolean): TaggedDefinition {
  const batches: Batch<unknown>[] = [];
  const { request } = definition;
  /** When each compressed request was built, by number. */
  const builtAt = new Map<number, number>();
  const compressing = (sent: readonly (number | undefined)[]): boolean => {
    for (const number of sent) if (number !== undefined) builtAt.delete(number);
    for (const [number, at] of builtAt) if (performance.now() - at > longestMs) builtAt.delete(number);
    return builtAt.size > 0;
  };
  if (request === undefined) return { definition, batches, compressing };
  return {
    definition: {
      ...definition,
      request: (batch: Batch<unknown>, config: unknown, prepared: unknown): HttpRequest => {
        const { compress, ...built } = request(batch, config, prepared);
        const number = batches.push(batch) - 1;
        const compresses = compressed && compress !== undefined;
        if (compresses) builtAt.set(number, performance.now());
        return {
          ...built,
          ...(compresses ? { compress } : {}),
          headers: { ...built.headers, [batchHeader]: String(number) },
        };
      },
    },
    compressing,
    batches,
  };
}
