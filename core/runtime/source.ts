import { done } from './outlet.ts';

/** A host's events, one by one. A `for await` cannot be told to stop while its source is silent; this can. */
export interface Source<T> {
  /** Throws, or rejects, what the source throws. */
  next(): IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>>;
  /** Ends a wait under way, and lets the source clean up. */
  stop(): void;
}

export function createSource<T>(events: AsyncIterable<T> | Iterable<T>): Source<T> {
  const iterator: AsyncIterator<T, unknown> | Iterator<T, unknown> =
    Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]();
  let over = false;
  let endWait = (): void => undefined;

  const finish = (): void => {
    over = true;
  };
  const seen = (result: IteratorResult<T, unknown>): IteratorResult<T, unknown> => {
    if (result.done === true) finish();
    return result;
  };

  return {
    next() {
      if (over) return done;
      const next = iterator.next();
      if (!('then' in next)) return seen(next);
      return new Promise((resolve, reject) => {
        endWait = () => resolve(done);
        next.then(
          (result) => resolve(seen(result)),
          (error: unknown) => {
            finish();
            reject(error);
          },
        );
      });
    },
    stop() {
      if (over) return;
      finish();
      endWait();
      try {
        const returned = iterator.return?.();
        if (returned !== undefined && 'then' in returned) returned.then(undefined, () => undefined);
      } catch {
        // The source fails to clean up; its events are accounted for all the same.
      }
    },
  };
}
