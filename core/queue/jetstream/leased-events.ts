import type { WaitingEvent, WaitingSource } from '../lane-scheduler.ts';
import type { FailureHistory, Settlement } from '../queue.ts';
import type { TriedEvent } from './lane-marks.ts';
import type { PackedEvent } from './pack.ts';
import type { PackLease } from './pack-lease.ts';

/** An event of a message that this process has taken out. Its seq counts within the process. */
export interface LeasedEvent extends WaitingEvent {
  readonly lease: PackLease;
  /** In the message. */
  readonly position: number;
  readonly packed: PackedEvent;
  readonly attempts: number;
  readonly ambiguous?: true | undefined;
  readonly history?: FailureHistory | undefined;
}

/** The events that a process has taken out and not settled, for its scheduler. All of them are in memory. */
export class LeasedEvents implements WaitingSource<LeasedEvent> {
  readonly #events = new Map<number, LeasedEvent>();
  /** Ascending; what has left is taken out from time to time. */
  #seqs: number[] = [];
  readonly #lanes = new Map<string, number[]>();
  #lastSeq = 0;
  #bytes = 0;

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#events.size;
  }

  nextSeq(): number {
    return this.#lastSeq + 1;
  }

  add(event: LeasedEvent): void {
    this.#lastSeq = event.seq;
    this.#bytes += event.packed.text.length;
    this.#events.set(event.seq, event);
    this.#seqs.push(event.seq);
    for (const lane of event.lanes) {
      const seqs = this.#lanes.get(lane);
      if (seqs === undefined) this.#lanes.set(lane, [event.seq]);
      else seqs.push(event.seq);
    }
  }

  /** It failed, and stays. */
  replace(event: LeasedEvent): void {
    this.#events.set(event.seq, event);
  }

  remove(seq: number): void {
    const event = this.#events.get(seq);
    if (event === undefined) return;
    this.#events.delete(seq);
    this.#bytes -= event.packed.text.length;
    for (const lane of event.lanes) {
      const seqs = this.#lanes.get(lane);
      const at = seqs?.indexOf(seq) ?? -1;
      if (at >= 0) seqs?.splice(at, 1);
      if (seqs?.length === 0) this.#lanes.delete(lane);
    }
    if (this.#seqs.length > 2 * this.#events.size + 1_000)
      this.#seqs = this.#seqs.filter((one) => this.#events.has(one));
  }

  read(seq: number): LeasedEvent | undefined {
    return this.#events.get(seq);
  }

  after(seq: number, most: number): readonly number[] {
    const seqs: number[] = [];
    for (let at = firstAbove(this.#seqs, seq); at < this.#seqs.length && seqs.length < most; at += 1)
      if (this.#events.has(this.#seqs[at]!)) seqs.push(this.#seqs[at]!);
    return seqs;
  }

  latest(most: number): readonly number[] {
    const seqs: number[] = [];
    for (let at = this.#seqs.length - 1; at >= 0 && seqs.length < most; at -= 1)
      if (this.#events.has(this.#seqs[at]!)) seqs.push(this.#seqs[at]!);
    return seqs;
  }

  nextOf(lane: string, seq: number, last: number, most: number): number[] {
    const seqs = this.#lanes.get(lane) ?? [];
    const from = firstAbove(seqs, seq);
    return seqs.slice(from, from + most).filter((one) => one <= last);
  }
}

/** The index of the first number above `seq` in an ascending list. */
function firstAbove(seqs: readonly number[], seq: number): number {
  let [low, high] = [0, seqs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (seqs[middle]! <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What is remembered of an event that failed. */
export const triedOf = (
  { position }: Pick<LeasedEvent, 'position'>,
  { attempts, notBefore, ambiguous, history }: Extract<Settlement, { kind: 'retry' }>,
): TriedEvent => ({
  position,
  attempts,
  notBefore,
  ...(ambiguous === undefined ? {} : { ambiguous }),
  ...(history === undefined ? {} : { history }),
});
