/** Runs one call after another, whatever becomes of each. */
export class SerialCalls {
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  run<T>(call: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    const done = this.#last.then(call).finally(() => (this.#pending -= 1));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Whether a call is under way, or waits for its turn. */
  get isBusy(): boolean {
    return this.#pending > 0;
  }

  /** Resolves when the calls that were made by now are over. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
