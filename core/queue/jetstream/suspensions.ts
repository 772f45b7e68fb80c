import type { KV } from '@nats-io/kv';
import type { Reason } from '../../api/outcome.ts';

/** A connection that its vendor has turned away, as all processes know it. */
export interface SharedSuspension {
  readonly reason: Reason;
  /** Of the settings that were turned away: others may be right. */
  readonly configHash: string;
  /** The process that probes the vendor. */
  readonly by: string;
}

const prefix = 'suspended.';

/** The suspensions that the processes of a store share: a key for each connection, which all of them watch. */
export class Suspensions {
  readonly #bucket: KV;
  readonly #known = new Map<string, SharedSuspension>();
  readonly #listeners = new Map<string, () => void>();
  readonly #onDefect: (error: unknown) => void;
  #stopWatching = (): void => undefined;

  constructor(bucket: KV, onDefect: (error: unknown) => void) {
    this.#bucket = bucket;
    this.#onDefect = onDefect;
  }

  async open(): Promise<void> {
    const watch = await this.#bucket.watch({ key: `${prefix}*` });
    this.#stopWatching = () => watch.stop();
    void (async () => {
      for await (const entry of watch) {
        const token = entry.key.slice(prefix.length);
        if (entry.operation === 'PUT') this.#known.set(token, entry.json<SharedSuspension>());
        else this.#known.delete(token);
        this.#listeners.get(token)?.();
      }
    })();
  }

  close(): void {
    this.#stopWatching();
  }

  get(token: string): SharedSuspension | undefined {
    return this.#known.get(token);
  }

  /** Called whenever that of a connection begins or ends, until the function that it returns is called. */
  onChange(token: string, listener: () => void): () => void {
    this.#listeners.set(token, listener);
    return () => this.#listeners.delete(token);
  }

  suspend(token: string, suspension: SharedSuspension): void {
    this.#known.set(token, suspension);
    this.#bucket.put(prefix + token, JSON.stringify(suspension)).catch(this.#onDefect);
  }

  lift(token: string): void {
    this.#known.delete(token);
    this.#bucket.delete(prefix + token).catch(this.#onDefect);
  }
}
