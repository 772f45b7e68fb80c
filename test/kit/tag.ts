import type { AnyDestination, Batch, HttpRequest } from '../../core/api/index.ts';
import { batchHeader } from './vendor-double.ts';

/** A definition whose requests say which batch they carry. */
export interface Tagged {
  readonly definition: AnyDestination;
  /** The batches requests were made for; a request names its own by number in the header `x-kit-batch`. */
  readonly batches: readonly Batch<unknown>[];
}

/**
 * Vendors with a send() of their own make their requests out of sight; theirs stay untagged. Compression is core's work and
 * another thread's: only where the exact request matters is it `compressed`.
 */
export function tag(definition: AnyDestination, compressed: boolean): Tagged {
  const batches: Batch<unknown>[] = [];
  const { request } = definition;
  if (request === undefined) return { definition, batches };
  return {
    definition: {
      ...definition,
      request: (batch: Batch<unknown>, config: unknown, prepared: unknown): HttpRequest => {
        const { compress, ...made } = request(batch, config, prepared);
        return {
          ...made,
          ...(compressed ? { compress } : {}),
          headers: { ...made.headers, [batchHeader]: String(batches.push(batch) - 1) },
        };
      },
    },
    batches,
  };
}
