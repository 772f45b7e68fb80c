import {
  createRuntime,
  type AnyDestination,
  type ConfigIssue,
  type Connection,
  type ConnectionOptions,
  type Runtime,
  type RuntimeOptions,
} from '../index.ts';
import {
  configHashOf,
  keepLanes,
  NotDrained,
  sendingGraceMs,
  workFor,
  type ConnectionSettings,
  type DeliveryStore,
  type HoldChange,
  type QueueWorker,
} from '../queue/index.ts';

/** What a file says of a connection, with references filled in. */
export interface ConnectionSetup {
  readonly id: string;
  /** A slug. */
  readonly destination: string;
  readonly config: unknown;
  readonly options?: ConnectionOptions | undefined;
  /** Where it stands: `connections.0`. Paths of issues begin with it. */
  readonly at?: string;
  /** What is known to be wrong with it, such as references that could not be filled in. Paths below `at`. */
  readonly issues?: readonly ConfigIssue[];
}

/** A connection that the service delivers for. */
export interface LiveConnection {
  readonly id: string;
  readonly destination: AnyDestination;
  readonly connection: Connection;
  /** Tells these settings from others. */
  readonly configHash: string;
  /** Of its store's events; `undefined` without a store, and while the worker of the settings before is ending. */
  readonly worker: QueueWorker | undefined;
}

/** What a change of the settings did, by connection id; or why it did nothing. */
export type Applied =
  | {
      readonly kind: 'applied';
      readonly added: readonly string[];
      readonly changed: readonly string[];
      readonly removed: readonly string[];
      readonly unchanged: number;
    }
  | { readonly kind: 'invalid'; readonly issues: readonly ConfigIssue[] };

export interface LiveConnectionsOptions {
  readonly runtime: RuntimeOptions;
  readonly store: DeliveryStore | undefined;
  /** How long requests in flight of settings that are replaced may take (ms). */
  readonly graceMs: number;
  readonly onChange: (change: HoldChange) => void;
}

interface Wanted {
  readonly setup: ConnectionSetup;
  readonly configHash: string;
}

interface Trial {
  readonly issues: readonly ConfigIssue[];
  readonly registrations: readonly ConnectionSettings[];
}

interface OwnConnection extends LiveConnection {
  worker: QueueWorker | undefined;
}

/**
 * The connections of a service, whose settings may change while it runs. What did not change keeps its sockets, pace
 * and suspensions. All of a change is tried first, so that one mistake in it changes nothing.
 */
export class LiveConnections {
  readonly #options: LiveConnectionsOptions;
  readonly #runtime: Runtime;
  readonly #bySlug: ReadonlyMap<string, AnyDestination>;
  #byId: ReadonlyMap<string, OwnConnection> = new Map();
  /** One change after another. */
  #applying: Promise<unknown> = Promise.resolve();
  /** Resolves once the change in progress is done; `undefined` while there is none. */
  #changing: Promise<void> | undefined;
  /** What hold() acts on. */
  readonly #acting = new Set<Promise<unknown>>();
  /** By id, until what was replaced has ended. */
  readonly #ending = new Map<string, Promise<void>>();
  #storeError: unknown;
  #loseStore: (error: unknown) => void = () => undefined;
  readonly #storeLost = new Promise<unknown>((resolve) => {
    this.#loseStore = resolve;
  });
  #isLoaded = false;
  #isClosed = false;

  constructor(options: LiveConnectionsOptions) {
    this.#options = options;
    this.#runtime = createRuntime(options.runtime);
    this.#bySlug = new Map(options.runtime.destinations.map((one) => [one.manifest.slug, one]));
  }

  /** Settings were applied once. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** What the store threw, where it cannot be used any more. */
  storeError(): unknown {
    return this.#storeError;
  }

  /** Resolves to that, once it is so. */
  get storeLost(): Promise<unknown> {
    return this.#storeLost;
  }

  /** Those to vendors that have no answer yet. */
  requestsInFlight(): number {
    return this.#runtime.requestsInFlight();
  }

  get(id: string): LiveConnection | undefined {
    return this.#byId.get(id);
  }

  all(): readonly LiveConnection[] {
    return [...this.#byId.values()];
  }

  /**
   * Acts on connections whose settings do not change meanwhile: a change waits for it, and it waits for a change. What
   * is put into a store under one id must be in the lanes of one settings.
   */
  async hold<T>(act: () => Promise<T>): Promise<T> {
    while (this.#changing !== undefined) await this.#changing;
    const acting = act();
    const done = acting.then(
      () => undefined,
      () => undefined,
    );
    this.#acting.add(done);
    return acting.finally(() => this.#acting.delete(done));
  }

  /** Brings the connections to these settings, or leaves all as it is. */
  apply(setups: readonly ConnectionSetup[]): Promise<Applied> {
    const applied = this.#applying.then(() => this.#alone(() => this.#apply(setups)));
    this.#applying = applied.catch(() => undefined);
    return applied;
  }

  /** Takes nothing more out of the store. Resolves once what was taken out is settled, or the grace (ms) is over. */
  async stopWorkers(graceMs: number): Promise<void> {
    this.#isClosed = true;
    await this.#applying;
    await Promise.all([...this.all().map((one) => stopWorker(one, graceMs)), ...this.#ending.values()]);
  }

  /** Starts no more requests; what is in flight is answered. */
  async close(graceMs: number): Promise<void> {
    await this.stopWorkers(graceMs);
    await this.#runtime.close();
  }

  async #alone<T>(change: () => Promise<T>): Promise<T> {
    let done = (): void => undefined;
    this.#changing = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await Promise.all(this.#acting);
      return await change();
    } finally {
      this.#changing = undefined;
      done();
    }
  }

  async #apply(setups: readonly ConnectionSetup[]): Promise<Applied> {
    const all = setups.map((setup): Wanted => ({ setup, configHash: configHashOf(setup) }));
    const differing = all.filter(({ setup, configHash }) => this.#byId.get(setup.id)?.configHash !== configHash);
    const { issues, registrations } = await this.#try(setups, differing);
    if (issues.length > 0) return { kind: 'invalid', issues };
    // From here on the store knows that what waits is in the lanes that these settings give.
    await this.#options.store?.put(registrations.map((connection) => ({ connection, events: [] })));
    const before = this.#byId;
    const wanted = new Set(setups.map(({ id }) => id));
    const removed = [...before.values()].filter(({ id }) => !wanted.has(id));
    const replaced = differing.flatMap(({ setup }) => before.get(setup.id) ?? []);
    for (const one of [...removed, ...replaced]) this.#retire(one);
    const opened = differing.map(({ setup, configHash }) => this.#open(setup, configHash));
    const after = new Map([...before].filter(([id]) => wanted.has(id)));
    for (const one of opened) after.set(one.id, one);
    this.#byId = after;
    this.#isLoaded = true;
    for (const one of opened) this.#startWorker(one);
    return {
      kind: 'applied',
      added: opened.map(({ id }) => id).filter((id) => !before.has(id)),
      changed: replaced.map(({ id }) => id),
      removed: removed.map(({ id }) => id),
      unchanged: wanted.size - opened.length,
    };
  }

  /**
   * Opens them without touching what runs, in a runtime of its own, which sends nothing. Returns everything that is
   * wrong, and what the store is to know of the connections where nothing is.
   */
  async #try(setups: readonly ConnectionSetup[], differing: readonly Wanted[]): Promise<Trial> {
    const issues: ConfigIssue[] = setups.flatMap(({ issues: known = [], at = '' }) =>
      known.map(({ path, message }) => ({ path: below(at, path), message })),
    );
    for (const [index, { id, at = '' }] of setups.entries())
      if (setups.findIndex((other) => other.id === id) < index)
        issues.push({ path: below(at, 'id'), message: 'another connection has this id' });
    const registrations: ConnectionSettings[] = [];
    const runtime = createRuntime(this.#options.runtime);
    try {
      for (const { setup, configHash } of differing) {
        const tried = await this.#tryOne(runtime, setup, configHash);
        if (Array.isArray(tried)) issues.push(...tried);
        else if (tried !== undefined) registrations.push(tried as ConnectionSettings);
      }
      return { issues, registrations };
    } finally {
      await runtime.close();
    }
  }

  async #tryOne(
    runtime: Runtime,
    { id, at = '', destination: slug, config, options, issues = [] }: ConnectionSetup,
    configHash: string,
  ): Promise<ConfigIssue[] | ConnectionSettings | undefined> {
    // What could not be filled in is told already, and would be told again in other words.
    if (issues.length > 0) return undefined;
    const destination = this.#bySlug.get(slug);
    if (destination === undefined)
      return [{ path: below(at, 'destination'), message: 'no destination of this service has this slug' }];
    const opened = runtime.open(destination, config, { ...options, id });
    if (opened.kind === 'invalid')
      return opened.issues.map(({ path, message }) => ({ path: below(at, path), message }));
    const { store } = this.#options;
    if (store === undefined) return undefined;
    try {
      return await keepLanes(store, await store.status(id), opened.connection, configHash);
    } catch (error) {
      if (error instanceof NotDrained) return [{ path: at, message: error.message }];
      throw error;
    }
  }

  #open({ id, destination, config, options }: ConnectionSetup, configHash: string): OwnConnection {
    const opened = this.#runtime.open(destination, config, { ...options, id });
    // The same settings were opened in the trial: only a defect can get here.
    if (opened.kind === 'invalid') throw new Error(`${id} could not be opened after its trial`);
    const known = this.#bySlug.get(destination) as AnyDestination;
    return { id, destination: known, connection: opened.connection, configHash, worker: undefined };
  }

  /** Its id is free at once; what it has in flight is answered under the settings it left with. */
  #retire(one: OwnConnection): void {
    const ended = Promise.all([this.#ending.get(one.id), end(one, this.#options.graceMs)]).then(() => {
      if (this.#ending.get(one.id) === ended) this.#ending.delete(one.id);
    });
    this.#ending.set(one.id, ended);
  }

  /** A store has one worker for each connection: the next one waits for the one before. */
  #startWorker(one: OwnConnection): void {
    const { store, runtime } = this.#options;
    if (store === undefined) return;
    const start = (): void => {
      if (this.#isClosed || this.#byId.get(one.id) !== one) return;
      const { id, destination, configHash, connection } = one;
      const { onSignal } = runtime;
      const { onChange } = this.#options;
      const options = { id, configHash, onChange, ...(onSignal === undefined ? {} : { onSignal }) };
      const worker = store.work(connection, { ...options, ...workFor(destination.manifest) });
      one.worker = worker;
      void worker.ended().then(() => {
        const error = worker.storeError();
        if (error === undefined) return;
        this.#storeError ??= error;
        this.#loseStore(error);
      });
    };
    const ending = this.#ending.get(one.id);
    if (ending === undefined) start();
    else void ending.then(start);
  }
}

async function end(one: OwnConnection, graceMs: number): Promise<void> {
  await Promise.all([stopWorker(one, graceMs), one.connection.close()]);
}

async function stopWorker({ worker, destination }: OwnConnection, graceMs: number): Promise<void> {
  await worker?.stop(sendingGraceMs(destination.manifest, graceMs));
}

const below = (at: string, path: string): string => [at, path].filter((part) => part !== '').join('.');
