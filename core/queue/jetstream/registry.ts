import { isDeepStrictEqual } from 'node:util';
import type { KV, KvEntry } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ConnectionSettings, RegisteredConnection } from '../queue.ts';
import { registeredAfterImport } from '../record-import.ts';
import { registeredWith } from '../registered-with.ts';
import { isConflict } from './broker-errors.ts';
import { tokenOf } from './names.ts';
import { untilAnswered } from './patience.ts';
import { layoutKey, type Layout } from './stream-setup.ts';

/** What a store knows of a connection. */
export interface ConnectionRecord {
  readonly id: string;
  /** Made with the record: what is put after a purge is not what was put before it. */
  readonly generation: string;
  /** Some of its events are in lanes. */
  readonly hasLanes: boolean;
  readonly registered?: RegisteredConnection | undefined;
}

interface Known {
  readonly record: ConnectionRecord;
  readonly revision: number;
}

/** What put() has to say of a connection. */
export interface Registration {
  readonly id: string;
  readonly settings: ConnectionSettings | undefined;
  readonly hasLanes: boolean;
}

export interface RegistryOptions {
  readonly bucket: KV;
  readonly connection: NatsConnection;
  /** How many events of a connection wait, asked where its destination changes. */
  readonly waitingOf: (record: ConnectionRecord) => Promise<number>;
  /** Epoch ms. */
  readonly now: () => number;
  /** Told how events are laid out, when it opens and whenever that changes. */
  readonly onLayout: (layout: Layout) => void;
}

/** The connections of a store, as everybody who has it open sees them a moment later. */
export class Registry {
  readonly #bucket: KV;
  readonly #connection: NatsConnection;
  readonly #waitingOf: (record: ConnectionRecord) => Promise<number>;
  readonly #now: () => number;
  /** By token. */
  readonly #known = new Map<string, Known>();
  readonly #listeners = new Set<(record: ConnectionRecord) => void>();
  readonly #onLayout: (layout: Layout) => void;
  #stopWatching = (): void => undefined;

  constructor({ bucket, connection, waitingOf, now, onLayout }: RegistryOptions) {
    this.#bucket = bucket;
    this.#connection = connection;
    this.#waitingOf = waitingOf;
    this.#now = now;
    this.#onLayout = onLayout;
  }

  /** Resolves once it knows what there is. */
  async open(): Promise<void> {
    const watch = await this.#bucket.watch();
    this.#stopWatching = () => watch.stop();
    // There is one entry at least, which says how the events are laid out.
    await new Promise<void>((resolve) => {
      void (async () => {
        for await (const entry of watch) {
          this.#take(entry);
          if (entry.delta === 0) resolve();
        }
      })();
    });
  }

  close(): void {
    this.#stopWatching();
  }

  all(): readonly ConnectionRecord[] {
    return [...this.#known.values()].map(({ record }) => record);
  }

  get(id: string): ConnectionRecord | undefined {
    return this.#known.get(tokenOf(id))?.record;
  }

  byToken(token: string): ConnectionRecord | undefined {
    return this.#known.get(token)?.record;
  }

  /** Called whenever a connection becomes known or changes, until the function that it returns is called. */
  onChange(listener: (record: ConnectionRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes a connection known, with these settings. Throws OtherSettings. */
  register({ id, settings, hasLanes }: Registration): Promise<ConnectionRecord> {
    return this.#write(id, (before) => this.#next(id, before, settings, hasLanes));
  }

  /** Makes a connection known as another store has it. Throws OtherSettings. */
  adopt(id: string, incoming: RegisteredConnection | undefined): Promise<ConnectionRecord> {
    return this.#write(id, (before = newRecord(id)) => {
      const registered = registeredAfterImport(id, before.registered, incoming);
      if (registered === undefined) return before;
      const next = { ...before, registered: compact(registered) };
      return before.hasLanes || registered.hasLanes ? withLanes(next) : next;
    });
  }

  async #write(
    id: string,
    change: (before: ConnectionRecord | undefined) => ConnectionRecord | Promise<ConnectionRecord>,
  ): Promise<ConnectionRecord> {
    const token = tokenOf(id);
    for (let known = this.#known.get(token); ; known = await this.#read(token)) {
      const next = await change(known?.record);
      if (known !== undefined && isDeepStrictEqual(known.record, next)) return next;
      const text = JSON.stringify(next);
      try {
        const before = known?.revision;
        const revision = await this.#ask(() =>
          before === undefined ? this.#bucket.create(token, text) : this.#bucket.update(token, text, before),
        );
        this.#set(token, { record: next, revision });
        return next;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  }

  /** Events came back into lanes that nobody compares with the settings: whoever puts more has to look at them. */
  async forgetSettings(id: string): Promise<void> {
    const token = tokenOf(id);
    for (let known = await this.#read(token); known?.record.registered?.settings !== undefined;) {
      const { record, revision } = known;
      const next = {
        ...record,
        hasLanes: true,
        registered: { ...record.registered!, hasLanes: true, settings: undefined },
      };
      try {
        const updated = await this.#ask(() => this.#bucket.update(token, JSON.stringify(next), revision));
        return this.#set(token, { record: next, revision: updated });
      } catch (error) {
        if (!isConflict(error)) throw error;
        known = await this.#read(token);
      }
    }
  }

  async remove(id: string): Promise<void> {
    const token = tokenOf(id);
    await this.#ask(() => this.#bucket.purge(token));
    this.#known.delete(token);
  }

  async #next(
    id: string,
    before: ConnectionRecord | undefined,
    settings: ConnectionSettings | undefined,
    hasLanes: boolean,
  ): Promise<ConnectionRecord> {
    const known = before ?? newRecord(id);
    if (settings === undefined) return hasLanes && !known.hasLanes ? withLanes(known) : known;
    const isSame = before?.registered === undefined || before.registered.destination === settings.destination;
    const waiting = isSame || before === undefined ? 0 : await this.#waitingOf(before);
    const registered = registeredWith({ registered: before?.registered, waiting }, settings, this.#now());
    const next = { ...known, registered: compact(registered) };
    return hasLanes ? withLanes(next) : next;
  }

  async #read(token: string): Promise<Known | undefined> {
    const entry = await this.#ask(() => this.#bucket.get(token));
    if (entry === null || entry.operation !== 'PUT') {
      this.#known.delete(token);
      return undefined;
    }
    const known = { record: entry.json<ConnectionRecord>(), revision: entry.revision };
    this.#set(token, known);
    return known;
  }

  #ask<T>(ask: () => Promise<T>): Promise<T> {
    return untilAnswered(this.#connection, ask);
  }

  #take(entry: KvEntry): void {
    if (entry.key === layoutKey && entry.operation === 'PUT') this.#onLayout(entry.json<Layout>());
    if (!/^[0-9a-f]{20}$/.test(entry.key)) return;
    if (entry.operation !== 'PUT') {
      if ((this.#known.get(entry.key)?.revision ?? 0) <= entry.revision) this.#known.delete(entry.key);
      return;
    }
    this.#set(entry.key, { record: entry.json<ConnectionRecord>(), revision: entry.revision });
  }

  #set(token: string, known: Known): void {
    if ((this.#known.get(token)?.revision ?? 0) >= known.revision) return;
    this.#known.set(token, known);
    for (const listener of this.#listeners) listener(known.record);
  }
}

const newRecord = (id: string): ConnectionRecord => ({ id, generation: crypto.randomUUID(), hasLanes: false });

const withLanes = (record: ConnectionRecord): ConnectionRecord => ({
  ...record,
  hasLanes: true,
  ...(record.registered === undefined ? {} : { registered: { ...record.registered, hasLanes: true } }),
});

/** As it comes back from JSON. */
const compact = (registered: RegisteredConnection): RegisteredConnection =>
  JSON.parse(JSON.stringify(registered)) as RegisteredConnection;
