import Denque from 'denque';

type Result<T> = IteratorResult<T, undefined>;
interface Reader<T> {
  readonly resolve: (result: Result<T>) => void;
  readonly reject: (error: unknown) => void;
}

/** What the writing side calls. */
export interface AsyncQueueOptions {
  /** One more was given out. */
  readonly given: () => void;
  /** Once: everything was given out (`complete`), or the reader left before that. */
  readonly closed: (complete: boolean) => void;
}

/**
 * Where a producer's items wait for whoever reads them with `for await`. By hand, because an async generator makes
 * three promises for every item, and this makes one.
 */
export interface AsyncQueue<T> extends AsyncIterableIterator<T, undefined> {
  push(item: T): void;
  /** Nothing more comes; `failure` is thrown at the reader after the last item. */
  end(failure?: { readonly error: unknown }): void;
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** There is nothing more to read. */
export const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

export function createAsyncQueue<T>({ given, closed }: AsyncQueueOptions): AsyncQueue<T> {
  const items = new Denque<T>();
  const askers = new Denque<Reader<T>>();
  let ended = false;
  let over = false;
  let failure: { readonly error: unknown } | undefined;

  function finish(complete: boolean): void {
    if (over) return;
    over = true;
    closed(complete);
  }

  /** After the last item: the failure once, then nothing. */
  function last(): Promise<Result<T>> {
    finish(true);
    const thrown = failure;
    failure = undefined;
    return thrown === undefined ? Promise.resolve(done) : Promise.reject(thrown.error as Error);
  }

  const outlet: AsyncQueue<T> = {
    [Symbol.asyncIterator]: () => outlet,
    push(item) {
      const asker = askers.shift();
      if (asker === undefined) items.push(item);
      else {
        asker.resolve({ done: false, value: item });
        given();
      }
    },
    end(why) {
      ended = true;
      failure = why;
      for (let asker = askers.shift(); asker !== undefined; asker = askers.shift()) {
        last().then(asker.resolve, asker.reject);
      }
    },
    next() {
      if (over) return last();
      const item = items.shift();
      if (item !== undefined) {
        given();
        return Promise.resolve({ done: false, value: item });
      }
      if (ended) return last();
      return new Promise((resolve, reject) => askers.push({ resolve, reject }));
    },
    return() {
      items.clear();
      failure = undefined;
      finish(false);
      for (let asker = askers.shift(); asker !== undefined; asker = askers.shift()) asker.resolve(done);
      return Promise.resolve(done);
    },
  };
  return outlet;
}
