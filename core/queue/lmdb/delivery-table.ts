import { crc32 } from 'node:zlib';
import type { DeliveryLog, DeliveryLogs, FileDelivery, KnownLine, LineOutcome } from '../delivery-log.ts';
import { deliveryKey, endOfDelivery, lineOf } from './keys.ts';
import { SerialCalls } from '../serial-calls.ts';
import { checkedJson, withChecksum } from './store-meta.ts';
import type { StoreWriter } from './store-writer.ts';
import { bytesOf, type Tables } from './tables.ts';

/*
 * The table `deliveries`: a CRC-32 (u32, little-endian) of the key and of JSON, and that JSON. Line 0 of a delivery
 * holds its header. The names in the JSON are part of the format on disk.
 */

interface DeliveryHeader extends FileDelivery {
  readonly startedAt: number;
  /** Its lines are being removed: none of them counts. */
  readonly cleared?: true;
}

type DeliveryWriter = Pick<StoreWriter, 'writeUncounted' | 'assertReadable'>;

/** How many lines one call reads, and how many one transaction removes. */
const pageLines = 500;
const clearedLines = 10_000;

/** The outcomes of files, by line. */
export class DeliveryTable {
  readonly #tables: Pick<Tables, 'deliveries'>;
  readonly #writer: DeliveryWriter;
  readonly #now: () => number;
  /** Connections whose deliveries this process works on. */
  readonly #open = new Set<string>();
  /** None removes what another has just opened. */
  readonly #calls = new SerialCalls();

  constructor(tables: Pick<Tables, 'deliveries'>, writer: DeliveryWriter, now: () => number) {
    this.#tables = tables;
    this.#writer = writer;
    this.#now = now;
  }

  open(delivery: FileDelivery, restart: boolean): Promise<DeliveryLog> {
    this.#open.add(delivery.connection);
    return this.#calls.run(() => this.#openLog(delivery, restart));
  }

  async #openLog(delivery: FileDelivery, restart: boolean): Promise<DeliveryLog> {
    const key = deliveryKey(delivery, 0);
    const header = this.#get<DeliveryHeader>(key);
    const isNew = header === undefined || restart || header.cleared === true;
    const { file, destination, connection } = delivery;
    const next: DeliveryHeader = isNew ? { file, destination, connection, startedAt: this.#now() } : header;
    if (restart || header?.cleared) await this.#clear(key, next);
    if (isNew) await this.#put([[key, next]]);
    return {
      get: (line) => this.#get(deliveryKey(key, line)),
      record: (lines) => this.#put(lines.map(([line, known]) => [deliveryKey(key, line), known])),
      lines: () => this.#lines(key),
    };
  }

  /** `undefined` where it has none. */
  logs(): DeliveryLogs | undefined {
    const files = Array.from(this.#headers(), ([, header]) => header);
    return files.length === 0 ? undefined : { bytes: bytesOf(this.#tables.deliveries), files };
  }

  /** Throws while this process works on a file for that connection. */
  assertIdle(connection: string): void {
    if (this.#open.has(connection)) throw new Error(`a file is being delivered for ${connection}`);
  }

  /** Removes all of a connection. Returns of how many files. */
  purge(connection: string): Promise<number> {
    return this.#calls.run(() => this.#purge(connection));
  }

  async #purge(connection: string): Promise<number> {
    this.assertIdle(connection);
    let purged = 0;
    for (const [key, header] of [...this.#headers()].filter(([, one]) => one.connection === connection)) {
      await this.#clear(key, header);
      await this.#writer.writeUncounted([['deliveries', key, undefined]]);
      purged += 1;
    }
    return purged;
  }

  /** Everything but the header, which says so first: what a crash leaves counts no more. */
  async #clear(key: Buffer, header: DeliveryHeader): Promise<void> {
    await this.#put([[key, { ...header, cleared: true } satisfies DeliveryHeader]]);
    const range = { start: deliveryKey(key, 1), end: endOfDelivery(key), limit: clearedLines };
    const nextPage = (): Buffer[] => [...this.#tables.deliveries.getKeys(range)];
    for (let page = nextPage(); page.length > 0; page = nextPage())
      await this.#writer.writeUncounted(page.map((one) => ['deliveries', one, undefined]));
  }

  *#headers(): Generator<readonly [key: Buffer, header: DeliveryHeader], void, undefined> {
    for (let start: Buffer = Buffer.of(0); ;) {
      const [first] = [...this.#tables.deliveries.getKeys({ start, limit: 1 })];
      if (first === undefined) return;
      const key = deliveryKey(first, 0);
      const header = this.#get<DeliveryHeader>(key);
      if (header !== undefined) yield [key, header];
      start = endOfDelivery(key);
    }
  }

  /** Each page shows the table at the moment it is asked for. */
  *#lines(key: Buffer): Generator<KnownLine, void, undefined> {
    for (let line = 1; ;) {
      this.#writer.assertReadable();
      const range = { start: deliveryKey(key, line), end: endOfDelivery(key), limit: pageLines };
      const page = Array.from(
        this.#tables.deliveries.getRange(range),
        (entry) => [lineOf(entry.key), checkedJson<LineOutcome>(entry.value, crc32(entry.key))] as const,
      );
      for (const [at, known] of page) if (known !== undefined) yield [at, known];
      if (page.length < pageLines) return;
      line = page.at(-1)![0] + 1;
    }
  }

  #get<T>(key: Buffer): T | undefined {
    this.#writer.assertReadable();
    const value = this.#tables.deliveries.getBinaryFast(key);
    return value === undefined ? undefined : checkedJson<T>(value, crc32(key));
  }

  #put(entries: readonly (readonly [key: Buffer, content: object])[]): Promise<void> {
    return this.#writer.writeUncounted(
      entries.map(([key, content]) => ['deliveries', key, withChecksum(content, crc32(key))] as const),
    );
  }
}
