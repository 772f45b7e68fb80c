import type { KV } from '@nats-io/kv';
import type { ConnectionWorker, StoreProcess } from '../store.ts';
import { tokenOf } from './names.ts';
import { processTtlMs } from './stream-setup.ts';

interface Sighting {
  readonly process: Omit<StoreProcess, 'isHere'>;
  /** When it was heard of, on a clock that nobody sets (ms). */
  readonly at: number;
}

export type Workers = Readonly<Record<string, ConnectionWorker>>;

/** How many processes ask for a lane at once: one of them gets the message, the others are there when it dies. */
const pullersOfLane = 3;
const beatMs = processTtlMs / 3;

/** The processes that have a store open, as each of them tells the others every few seconds. */
export class Processes {
  /** Of this process, as the others know it. */
  readonly key: string;
  readonly #bucket: KV;
  readonly #here: Omit<StoreProcess, 'isHere' | 'workers'>;
  readonly #workers: () => Workers | null;
  readonly #others = new Map<string, Sighting>();
  readonly #onChange: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stopWatching = (): void => undefined;
  #shape = '';

  /** `onChange`: others came, went, or work for other connections. */
  constructor(
    bucket: KV,
    key: string,
    here: Omit<StoreProcess, 'isHere' | 'workers'>,
    workers: () => Workers | null,
    onChange: () => void,
  ) {
    this.#bucket = bucket;
    this.key = key;
    this.#here = here;
    this.#workers = workers;
    this.#onChange = onChange;
  }

  /** Resolves once it knows who is there. */
  async open(): Promise<void> {
    await this.#tell();
    const watch = await this.#bucket.watch();
    this.#stopWatching = () => watch.stop();
    await new Promise<void>((resolve) => {
      void (async () => {
        for await (const { key, operation, delta, json } of watched(watch)) {
          if (operation !== 'PUT') this.#others.delete(key);
          else if (key !== this.key)
            this.#others.set(key, { process: json() as Sighting['process'], at: performance.now() });
          if (delta === 0) resolve();
          this.#noticeChange();
        }
      })();
    });
    this.#timer = setInterval(() => void this.#beat(), beatMs);
    this.#timer.unref();
  }

  /** Has the others know at once what this one works on. */
  async tell(): Promise<void> {
    await this.#tell().catch(() => undefined);
    this.#noticeChange();
  }

  /** This one first. */
  list(): readonly StoreProcess[] {
    const here: StoreProcess = { ...this.#here, isHere: true, workers: this.#workers() };
    return [here, ...this.#alive().map(([, { process }]) => ({ ...process, isHere: false }))];
  }

  /** Another process that delivers for a connection, as it has told by now; `undefined` where there is none. */
  async workingFor(connection: string): Promise<StoreProcess | undefined> {
    const works = ({ workers }: Pick<StoreProcess, 'workers'>): boolean =>
      (workers?.[connection]?.destination ?? null) !== null;
    for (const [key, { process }] of this.#alive()) {
      if (!works(process)) continue;
      const entry = await this.#bucket.get(key);
      if (entry?.operation === 'PUT' && works(entry.json())) return { ...process, isHere: false };
    }
    return undefined;
  }

  isAlive(key: string): boolean {
    return this.#alive().some(([other]) => other === key);
  }

  /** Of so many lanes of a connection, those that this process asks for. */
  lanesHere(connection: string, lanes: number): ReadonlySet<number> {
    const rivals = this.#alive()
      .filter(([, { process }]) => Object.hasOwn(process.workers ?? {}, connection))
      .map(([key]) => key);
    const here = new Set<number>();
    for (let lane = 0; lane < lanes; lane += 1)
      if (this.#rankOf(`${connection} ${lane}`, rivals) < pullersOfLane) here.add(lane);
    return here;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopWatching();
    await this.#bucket.purge(this.key).catch(() => undefined);
  }

  /** Rendezvous hashing: where a process comes or goes, only its own lanes change hands. */
  #rankOf(what: string, rivals: readonly string[]): number {
    const own = tokenOf(`${what} ${this.key}`);
    return rivals.filter((key) => tokenOf(`${what} ${key}`) > own).length;
  }

  async #beat(): Promise<void> {
    await this.#tell().catch(() => undefined);
    this.#noticeChange();
  }

  async #tell(): Promise<void> {
    await this.#bucket.put(this.key, JSON.stringify({ ...this.#here, workers: this.#workers() }));
  }

  /** The bucket forgets who is silent, and says nothing of that. */
  #alive(): readonly (readonly [string, Sighting])[] {
    const since = performance.now() - processTtlMs;
    for (const [key, { at }] of this.#others) if (at < since) this.#others.delete(key);
    return [...this.#others];
  }

  #noticeChange(): void {
    const shape = JSON.stringify(
      this.#alive().map(([key, { process }]) => [key, Object.keys(process.workers ?? {}).sort()]),
    );
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#onChange();
  }
}

async function* watched(watch: Awaited<ReturnType<KV['watch']>>) {
  for await (const entry of watch)
    yield { key: entry.key, operation: entry.operation, delta: entry.delta, json: () => entry.json() };
}
