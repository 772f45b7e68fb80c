import type { ConfigIssue } from '../index.ts';
import type { DeliveryStore } from '../queue/index.ts';
import type { LiveConnections } from './connections.ts';

/** What the last change of the settings did. */
export interface ReloadReport {
  /** ISO 8601. */
  readonly at: string;
  readonly result: 'applied' | 'unchanged' | 'invalid';
  /** Why nothing was changed. */
  readonly issues: readonly ConfigIssue[];
  /** The folders of destinations are others than those that were loaded: only a restart takes them up. */
  readonly restartNeeded: boolean;
}

export interface ReadinessState {
  readonly ready: boolean;
  readonly settings: 'loaded' | 'missing';
  readonly store: 'writable' | 'full' | 'unusable' | 'none';
  /** It is ending: it takes what comes, but sends others elsewhere. */
  readonly draining: boolean;
}

/** Longer than that, a store that is asked for its status is not writable. */
const patienceMs = 2_000;

/** Whether the service can do its work: for `/readyz`. */
export class Readiness {
  readonly #connections: LiveConnections;
  readonly #store: DeliveryStore | undefined;
  #isDraining = false;
  #lastReload: ReloadReport | undefined;

  constructor(connections: LiveConnections, store: DeliveryStore | undefined) {
    this.#connections = connections;
    this.#store = store;
  }

  drain(): void {
    this.#isDraining = true;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  report(report: ReloadReport): void {
    this.#lastReload = report;
  }

  get lastReload(): ReloadReport | undefined {
    return this.#lastReload;
  }

  async state(): Promise<ReadinessState> {
    const store = await this.#storeState();
    const settings = this.#connections.isLoaded ? 'loaded' : 'missing';
    const ready = !this.#isDraining && settings === 'loaded' && (store === 'writable' || store === 'none');
    return { ready, settings, store, draining: this.#isDraining };
  }

  async #storeState(): Promise<ReadinessState['store']> {
    if (this.#store === undefined) return 'none';
    if (this.#connections.storeError() !== undefined) return 'unusable';
    const isFull = this.#connections.all().some(({ worker }) => worker?.state().reason?.cause === 'disk');
    if (isFull) return 'full';
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'unusable'>((resolve) => {
      timer = setTimeout(() => resolve('unusable'), patienceMs);
    });
    const answer = this.#store.status().then(
      ({ bytes, maxBytes }) => (bytes < maxBytes ? ('writable' as const) : ('full' as const)),
      () => 'unusable' as const,
    );
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}
