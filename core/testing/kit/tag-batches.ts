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
  const requestFor = definition.requestFor ?? staticRequestFor(definition);
  /** When each compressed request was built, by number. */
  const builtAt = new Map<number, number>();
  const compressing = (sent: readonly (number | undefined)[]): boolean => {
    for (const number of sent) if (number !== undefined) builtAt.delete(number);
    for (const [number, at] of builtAt) if (performance.now() - at > longestMs) builtAt.delete(number);
    return builtAt.size > 0;
  };
  if (requestFor === undefined) return { definition, batches, compressing };
  const { request: _, ...others } = definition;
  return {
    definition: {
      ...others,
      requestFor: (batch: Batch<unknown>, config: unknown, prepared: unknown): HttpRequest => {
        const { compress, ...built } = requestFor(batch, config, prepared);
        const number = batches.push(batch) - 1;
        const compresses = compressed && compress !== undefined;
        if (compresses) builtAt.set(number, performance.now());
        return {
          ...built,
          ...(compresses ? { compress } : {}),
          headers: { ...built.headers, [batchHeader]: String(number) },
        };
      },
    } as AnyDestination,
    compressing,
    batches,
  };
}

/** Calls a folder's request() once for each connection, as the runtime does. */
function staticRequestFor({ request }: AnyDestination): AnyDestination['requestFor'] {
  if (request === undefined) return undefined;
  let last: { readonly config: unknown; readonly prepared: unknown; readonly built: HttpRequest } | undefined;
  return (_batch: Batch<unknown>, config: unknown, prepared: unknown): HttpRequest => {
    if (last === undefined || last.config !== config || last.prepared !== prepared)
      last = { config, prepared, built: request(config, prepared) };
    return last.built;
  };
}
