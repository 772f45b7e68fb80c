import { isFunction, isThenable, kindOf } from './argument-check.ts';
import { done } from './async-queue.ts';

/** A host's events, one by one. A `for await` cannot be told to stop while its source is silent; this can. */
export interface Source<T> {
  /** Throws, or rejects, what the source throws, and a TypeError for a source that does not do as an iterator does. */
  next(): IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>>;
  /** Ends a wait under way, and lets the source clean up. */
  stop(): void;
}

/** Whether events can be read from it. The letters of a string are no events. */
export const isIterable = (value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  (isFunction((value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator]) ||
    isFunction((value as Partial<Iterable<unknown>>)[Symbol.iterator]));

/**
 * Promises of events are awaited, one after another, as `for await` does. Throws what the source throws when it begins.
 */
export function createSource<T>(events: AsyncIterable<T> | Iterable<T>): Source<T> {
  const iterator: AsyncIterator<T, unknown> | Iterator<T, unknown> = isFunction(
    (events as Partial<AsyncIterable<T>>)[Symbol.asyncIterator],
  )
    ? (events as AsyncIterable<T>)[Symbol.asyncIterator]()
    : (events as Iterable<T>)[Symbol.iterator]();
  if (!isFunction(iterator?.next)) throw new TypeError('stream(): the iterator of the events has no next()');
  let isOver = false;
  let endWait = (): void => undefined;

  const finish = (): void => {
    isOver = true;
  };
  const checkResult = (result: IteratorResult<T, unknown>): IteratorResult<T, unknown> => {
    if (typeof result !== 'object' || result === null) {
      finish();
      throw new TypeError(`stream(): next() of the events must give {value} or {done: true}, not ${kindOf(result)}`);
    }
    if (result.done === true) finish();
    return result;
  };

  /** Lets the source clean up, whatever it makes of that. */
  function releaseSource(): void {
    if (isOver) return;
    finish();
    try {
      const returned: unknown = iterator.return?.();
      if (isThenable(returned)) void returned.then(undefined, () => undefined);
    } catch {
      // The source fails to clean up; its events are accounted for all the same.
    }
  }

  return {
    next() {
      if (isOver) return done;
      const next = iterator.next();
      if (!isThenable(next)) {
        const result = checkResult(next);
        if (result.done === true || !isThenable(result.value)) return result;
      }
      return new Promise((resolve, reject) => {
        endWait = () => resolve(done);
        const fail = (error: unknown): void => {
          finish();
          reject(error as Error);
        };
        const take = (result: IteratorResult<T, unknown>): void => {
          try {
            const { done: ended, value } = checkResult(result);
            if (ended === true || !isThenable(value)) return resolve(result);
            value.then(
              (event) => resolve({ done: false, value: event as T }),
              (error: unknown) => {
                releaseSource();
                reject(error as Error);
              },
            );
          } catch (error) {
            fail(error);
          }
        };
        if (isThenable(next)) next.then(take, fail);
        else take(next);
      });
    },
    stop() {
      if (isOver) return;
      endWait();
      releaseSource();
    },
  };
}
