import Denque from 'denque';

type Result<T> = IteratorResult<T, undefined>;
interface Reader<T> {
  readonly resolve: (result: Result<T>) => void;
  readonly reject: (error: unknown) => void;
}

/** The side that pushes items. */
export interface QueueProducer {
  /** The reader took an item. */
  itemRead(): void;
  /** Called once, when the reader has taken everything (`complete`) or stops before the end. */
  queueClosed(complete: boolean): void;
}

/** The result of reading past the end. */
export const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Items wait here for a `for await` loop to read them. Written by hand: an async generator makes three promises per
 * item, this class one.
 */
export class AsyncQueue<T> implements AsyncIterableIterator<T> {
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

  /** Ends the queue. The reader gets `failure`, if there is one, after the last item. */
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

  /** The result after the last item: the failure once, then the end. */
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
