import type { JsonValue } from '../api/event.ts';

/** A compiled right side of a mapping: what it yields for an event; `undefined` is nothing. It never throws. */
export type RightSide = (root: unknown, run: MappingRun) => JsonValue | undefined;

/** Directives go no deeper into a value: an event is no deeper, unless its host says otherwise. */
export const mostLevels = 64;

/** What one application of a mapping to one event has in common: how much it may still work, and what went wrong. */
export class MappingRun {
  /** Why a directive of the current row did not fit its value; `undefined` if all did. The first reason counts. */
  unfitReason: string | undefined = undefined;
  /** For preview: the paths of the event that the current row read, with whether there is a value. */
  readonly reads: Map<string, boolean> | undefined;
  private workLeft: number;

  constructor(mostWork: number, reads: Map<string, boolean> | undefined) {
    this.workLeft = mostWork;
    this.reads = reads;
  }

  /** Yields nothing, and notes why. */
  unfit(reason: string): undefined {
    this.unfitReason ??= reason;
    return undefined;
  }

  /**
   * Counts characters that a directive goes through or makes. Returns false once all rows together have done as much
   * for this event as an event may have bytes. So neither a text nor a list grows without end, whatever the directives
   * and however they are nested.
   */
  spend(characters: number): boolean {
    this.workLeft -= characters;
    if (this.workLeft >= 0) return true;
    this.outOfWork();
    return false;
  }

  /** The same for values, each of which counts as in the limits of events. */
  spendValues(values: number): boolean {
    return this.spend(values * charactersPerValue);
  }

  /** Yields nothing, because it would be too much; so does every other row that would have to do anything. */
  outOfWork(): undefined {
    this.workLeft = -1;
    return this.unfit(tooMuchWork);
  }

  /** What may still be spent. */
  get remaining(): number {
    return this.workLeft;
  }
}

const charactersPerValue = 8;

const tooMuchWork = 'With this row, the mapping would make more of the event than an event may be';
