import type { AnyDestination, Batch, HttpRequest } from '../../core/api/index.ts';
import { batchHeader } from './vendor-double.ts';

/** A definition whose requests say which batch they carry. */
export interface Tagged {
  readonly definition: AnyDestination;
  /** The batches requests were made for; a request names its own by number in the header `x-kit-batch`. */
  readonly batches: readonly Batch<unknown>[];
  /** Another thread is at work on the body of one that has not left yet, `left` being those that have, by number. */
  readonly compressing: (left: readonly (number | undefined)[]) => boolean;
}

/** Real milliseconds after which a request that was made is taken for one that never leaves. */
const longestMs = 5_000;

/**
 * Vendors with a send() of their own make their requests out of sight; theirs stay untagged. Compression is core's work and
 * another thread's: only where the exact request matters is it `compressed`.
 */
export function tag(definition: AnyDestination, compressed: boolean): Tagged {
  const batches: Batch<unknown>[] = [];
  const { request } = definition;
  /** When each compressed one was made, by number. */
  const made = new Map<number, number>();
  const compressing = (left: readonly (number | undefined)[]): boolean => {
    for (const number of left) if (number !== undefined) made.delete(number);
    for (const [number, at] of made) if (performance.now() - at > longestMs) made.delete(number);
    return made.size > 0;
  };
  if (request === undefined) return { definition, batches, compressing };
  return {
    definition: {
      ...definition,
      request: (batch: Batch<unknown>, config: unknown, prepared: unknown): HttpRequest => {
        const { compress, ...asked } = request(batch, config, prepared);
        const number = batches.push(batch) - 1;
        const compresses = compressed && compress !== undefined;
        if (compresses) made.set(number, performance.now());
        return {
          ...asked,
          ...(compresses ? { compress } : {}),
          headers: { ...asked.headers, [batchHeader]: String(number) },
        };
      },
    },
    compressing,
    batches,
  };
}
