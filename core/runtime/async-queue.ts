import Denque from 'denque';

type Result<T> = IteratorResult<T, undefined>;
interface Reader<T> {
  readonly resolve: (result: Result<T>) => void;
  readonly reject: (error: unknown) => void;
}

/** Who pushes. */
export interface QueueProducer {
  /** An item was read. */
  itemRead(): void;
  /** Once: everything was read (`complete`), or the reader left before that. */
  queueClosed(complete: boolean): void;
}

/** There is nothing more to read. */
export const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Where a producer's items wait for whoever reads them with `for await`. By hand, because an async generator makes
 * three promises for every item, and this makes one.
 */
export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #producer: QueueProducer;
  readonly #items = new Denque<T>();
  readonly #readers = new Denque<Reader<T>>();
  #hasEnded = false;
  #isClosed = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(producer: QueueProducer) {
    this.#producer = producer;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(item: T): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#items.push(item);
    else {
      reader.resolve({ done: false, value: item });
      this.#producer.itemRead();
    }
  }

  /** Nothing more comes; `failure` is thrown at the reader after the last item. */
  end(failure?: { readonly error: unknown }): void {
    this.#hasEnded = true;
    this.#failure = failure;
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) {
      this.#last().then(reader.resolve, reader.reject);
    }
  }

  next(): Promise<Result<T>> {
    if (this.#isClosed) return this.#last();
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#producer.itemRead();
      return Promise.resolve({ done: false, value: item });
    }
    if (this.#hasEnded) return this.#last();
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#items.clear();
    this.#failure = undefined;
    this.#close(false);
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) reader.resolve(done);
    return Promise.resolve(done);
  }

  /** After the last item: the failure once, then nothing. */
  #last(): Promise<Result<T>> {
    this.#close(true);
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? Promise.resolve(done) : Promise.reject(failure.error as Error);
  }

  #close(complete: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#producer.queueClosed(complete);
  }
}
