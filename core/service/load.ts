import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceLimits } from './limits.ts';
import { Problem, retryAfter } from './problem.ts';

const sampleMs = 500;

/** Who sends a request: `strangers` need no token. */
export type LoadOf = 'strangers' | 'known';

/** What a service has taken on, and whether it can take more: requests, bytes of their bodies, and the event loop. */
export class ServiceLoad {
  readonly #limits: ServiceLimits;
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: 10 });
  readonly #sampling: NodeJS.Timeout;
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];
  readonly #cuts = new Set<() => void>();
  readonly #ending = new AbortController();
  #requests = 0;
  #bytes = 0;
  readonly #strangers = { requests: 0, bytes: 0 };
  #isLate = false;
  #areBodiesCut = false;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
    this.#loop.enable();
    this.#sampling = setInterval(() => {
      this.#isLate = this.#loop.percentile(50) / 1e6 > limits.loopDelayMs;
      this.#loop.reset();
    }, sampleMs).unref();
  }

  /**
   * Counts a request in, until the returned function is called. Throws a Problem where it is too much; of strangers
   * half of that, so that they keep out nobody with a token, however many send however slowly.
   */
  admit(of: LoadOf): () => void {
    if (this.#isLate) throw overloaded('the service is behind');
    const { requestsInFlight } = this.#limits;
    const isFull = this.#requests >= requestsInFlight;
    if (isFull || (of === 'strangers' && this.#strangers.requests >= requestsInFlight / 2))
      throw overloaded('too many requests are being answered');
    this.#requests += 1;
    if (of === 'strangers') this.#strangers.requests += 1;
    return () => {
      this.#requests -= 1;
      if (of === 'strangers') this.#strangers.requests -= 1;
      if (this.#requests === 0) for (const wake of this.#idle.splice(0)) wake();
    };
  }

  /** Counts bytes in. Throws a Problem where they are too many; of strangers, a quarter of that. */
  hold(bytes: number, of: LoadOf): void {
    const { bytes: theirs } = this.#strangers;
    const isTheirs = of === 'known' || theirs === 0 || theirs + bytes <= this.#limits.bytesInFlight / 4;
    if (!isTheirs || !this.#fits(bytes)) throw overloaded('too many bytes are being worked on');
    this.#bytes += bytes;
    if (of === 'strangers') this.#strangers.bytes += bytes;
  }

  /**
   * The same for a sender with a token, but waits for others to be done, and leaves half of the room to those that do
   * not wait: a stream whose client takes no answers holds its bytes for as long as the client likes.
   */
  async waitToHold(bytes: number): Promise<void> {
    while (!this.#fits(bytes, this.#limits.bytesInFlight / 2))
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#bytes += bytes;
  }

  release(bytes: number, of: LoadOf): void {
    this.#bytes -= bytes;
    if (of === 'strangers') this.#strangers.bytes -= bytes;
    if (this.#waiting.length > 0 && bytes > 0) for (const wake of this.#waiting.splice(0)) wake();
  }

  /** For the status: what is in flight. */
  counts(): { readonly requests: number; readonly bytes: number } {
    return { requests: this.#requests, bytes: this.#bytes };
  }

  /** No body is read to its end any more: there is no time left to answer what it would still bring. */
  cutBodies(): void {
    this.#areBodiesCut = true;
    for (const tell of this.#cuts) tell();
    this.#cuts.clear();
  }

  get areBodiesCut(): boolean {
    return this.#areBodiesCut;
  }

  /** Calls `tell` once bodies are cut, or now if they are; never after the function that this returns is called. */
  onCut(tell: () => void): () => void {
    if (this.#areBodiesCut) tell();
    else this.#cuts.add(tell);
    return () => void this.#cuts.delete(tell);
  }

  /** Answers that go on for as long as the client likes end now. */
  get isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Resolves after `ms`; sooner where the signal fires, or the service ends. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal: AbortSignal.any([signal, this.#ending.signal]) }).catch(() => undefined);
  }

  /** Resolves once no request is being answered, or after `withinMs`. */
  async idle(withinMs: number): Promise<void> {
    this.#ending.abort();
    if (this.#requests === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
      this.#idle.push(resolve);
    });
    clearTimeout(timer);
  }

  close(): void {
    clearInterval(this.#sampling);
    this.#loop.disable();
  }

  /** One body may have more than the limit, where nothing else is held. */
  #fits(bytes: number, most = this.#limits.bytesInFlight): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= most;
  }
}

const overloaded = (detail: string): Problem => new Problem('unavailable', detail, { headers: retryAfter(1) });
