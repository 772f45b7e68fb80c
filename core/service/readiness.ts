import type { ConfigIssue } from '../index.ts';
import { isStoreLost, type DeliveryStore } from '../queue/index.ts';
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
  /** `unavailable`: it does not answer now, such as a broker that is away, and comes back by itself. */
  readonly store: 'writable' | 'full' | 'unavailable' | 'unusable' | 'none';
  /** It is ending: it takes what comes, but sends others elsewhere. */
  readonly draining: boolean;
}

/** A store that takes longer to tell its status is not writable. */
const patienceMs = 2_000;

/** Whether the service can do its work: for `/readyz`. */
export class Readiness {
  readonly #connections: LiveConnections;
  readonly #store: DeliveryStore | undefined;
  #isDraining = false;
  #lastReload: ReloadReport | undefined;
  /** What the store held when it last refused events. Its bytes tell nothing: those kept for replay give way. */
  #loadWhenFull: number | undefined;

  constructor(connections: LiveConnections, store: DeliveryStore | undefined) {
    this.#connections = connections;
    this.#store = store;
  }

  /** Events did not fit into the store: it is full until it takes some, or has fewer. */
  async storeRefused(): Promise<void> {
    this.#loadWhenFull = await this.#storeLoad().catch(() => undefined);
  }

  storeTook(): void {
    this.#loadWhenFull = undefined;
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
    try {
      if (this.#connections.all().some(({ worker }) => worker?.state().reason?.cause === 'disk')) return 'full';
    } catch {
      // So a worker says that the store is lost, which one that has nothing to do has not noticed yet.
      for (const { worker } of this.#connections.all()) worker?.wake();
      return 'unusable';
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'unavailable'>((resolve) => {
      timer = setTimeout(() => resolve('unavailable'), patienceMs);
    });
    const answer = this.#storeLoad().then(
      (load) => (this.#loadWhenFull === undefined || load < this.#loadWhenFull ? 'writable' : 'full'),
      (error: unknown) => (isStoreLost(error) ? 'unusable' : 'unavailable'),
    );
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  /** Waiting events and dead letters. */
  async #storeLoad(): Promise<number> {
    const status = await this.#store?.status();
    return (status?.connections ?? []).reduce((sum, { waiting, dead }) => sum + waiting + dead, 0);
  }
}
