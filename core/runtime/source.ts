import { isFunction, isThenable, kindOf } from './argument-check.ts';
import { done } from './async-queue.ts';

/**
 * As an AsyncIterable, but for one thing: its iterator may return what it has at hand without a promise. Reading then
 * goes on at once: a promise for each event costs half a microsecond.
 */
export interface EventReader<T> {
  [Symbol.asyncIterator](): { next(): IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>> };
}

/** A host's events, one by one. Unlike a `for await` loop, it can be stopped while it waits for its source. */
export interface Source<T> {
  /** Throws, or rejects with, what the source throws; a TypeError if the source does not behave like an iterator. */
  next(): IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>>;
  /** Ends a pending wait, and lets the source clean up. */
  stop(): void;
}

/** Whether events can be read from the value. A string does not count, though it is iterable. */
export const isIterable = (value: unknown): value is EventReader<unknown> | Iterable<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  (isFunction((value as Partial<EventReader<unknown>>)[Symbol.asyncIterator]) ||
    isFunction((value as Partial<Iterable<unknown>>)[Symbol.iterator]));

/** Awaits promises of events one by one, as `for await` does. Throws what the source throws when it starts. */
export function createSource<T>(events: EventReader<T> | Iterable<T>): Source<T> {
  const iterator = isFunction((events as Partial<EventReader<T>>)[Symbol.asyncIterator])
    ? (events as EventReader<T>)[Symbol.asyncIterator]()
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

  /** Lets the source clean up. Its errors are ignored. */
  function releaseSource(): void {
    if (isOver) return;
    finish();
    try {
      const returned: unknown = (iterator as Partial<Iterator<T>>).return?.();
      if (isThenable(returned)) void returned.then(undefined, () => undefined);
    } catch {
      // The source fails to clean up; its events still get their outcomes.
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
