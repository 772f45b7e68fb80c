import type { JsMsg } from '@nats-io/jetstream';
import { SerialCalls } from '../serial-calls.ts';
import type { LaneMark, TriedEvent } from './lane-marks.ts';
import type { Channel } from './names.ts';
import type { PackedEvent } from './pack.ts';

/** Where a message comes from. */
export interface PackSource {
  readonly epoch: number;
  readonly channel: Channel;
  /** The key of its mark: that of its lane, or its own. */
  readonly markKey: string;
}

/** A message that this process has taken out, and what became of its events. */
export class PackLease {
  /** As it was handed out last. */
  message: JsMsg;
  readonly source: PackSource;
  readonly events: readonly PackedEvent[];
  /** Of its mark. */
  revision: number;
  /** When it was taken out, on a clock that nobody sets (ms). */
  readonly takenAt = performance.now();
  /** The broker gave it to another process, which goes on with it. */
  isLost = false;
  /** Something is settled that the mark does not say yet. */
  isUnmarked = false;
  /** What is written about it comes one after another. */
  readonly writes = new SerialCalls();
  readonly #settled = new Set<number>();
  /** Of those: positions that were not delivered from here. */
  readonly #undelivered = new Set<number>();
  readonly #tried = new Map<number, TriedEvent>();

  constructor(message: JsMsg, source: PackSource, events: readonly PackedEvent[], mark?: LaneMark, revision = 0) {
    this.message = message;
    this.source = source;
    this.events = events;
    this.revision = revision;
    for (const position of mark?.settled ?? []) this.#settled.add(position);
    for (const one of mark?.tried ?? []) this.#tried.set(one.position, one);
  }

  get hasLane(): boolean {
    return typeof this.source.channel === 'number';
  }

  get seq(): number {
    return this.message.seq;
  }

  /** How many of its events are not settled. */
  get open(): number {
    return this.events.length - this.#settled.size;
  }

  /** Positions of events that were given up, or went on in another message. */
  get undelivered(): readonly number[] {
    return [...this.#undelivered];
  }

  isSettled(position: number): boolean {
    return this.#settled.has(position);
  }

  triedOf(position: number): TriedEvent | undefined {
    return this.#tried.get(position);
  }

  settle(position: number, isUndelivered: boolean): void {
    this.#settled.add(position);
    this.#tried.delete(position);
    if (isUndelivered) this.#undelivered.add(position);
  }

  keep(tried: TriedEvent): void {
    this.#tried.set(tried.position, tried);
  }

  /** What the mark is to say, with these settled and tried besides. */
  mark(by: string, settled: readonly number[], tried: readonly TriedEvent[], isReturned = false): LaneMark {
    const all = new Set([...this.#settled, ...settled]);
    const isDone = all.size === this.events.length;
    const known = new Map(this.#tried);
    for (const one of tried) known.set(one.position, one);
    for (const position of all) known.delete(position);
    const positions = isDone ? [] : [...all].sort((a, b) => a - b);
    return { seq: this.seq, by, isDone, settled: positions, tried: [...known.values()], isReturned };
  }
}
