import type { CdpEvent, Outcome } from '../../../index.ts';
import type { InputLine } from '../lines.ts';
import type { OutcomesFile } from '../outcomes-file.ts';
import type { Stop } from '../stop.ts';
import type { RunStats } from '../run-stats.ts';
import type { Journal } from './journal.ts';
import { idOf } from './line-id.ts';

/** Connects a delivery with its journal: skips events that have an outcome, and records new outcomes. */
export interface Resumption {
  readonly admit: (event: CdpEvent, line: InputLine) => boolean;
  /** The outcome of the n-th admitted event, from 0. */
  settle(index: number, outcome: Outcome): void;
  unreadable(line: number, outcome: Outcome): void;
  /** Writes the outcomes of all runs so far, in line order. */
  finish(outcomes: OutcomesFile): Promise<void>;
  /** Events that had an outcome before this run. */
  readonly passedOver: number;
  /** Why the journal could not be written: an errno. */
  readonly unrecorded: string | undefined;
  /** Lines with a final outcome that is not in the journal. */
  readonly unwritten: readonly number[];
}

export function createResumption(journal: Journal, stats: RunStats, stop: Stop): Resumption {
  /** Events in flight, by the order of their admission. */
  const underWay = new Map<number, { readonly line: number; readonly id: string }>();
  let admitted = 0;
  let passedOver = 0;
  let unrecorded: string | undefined;
  journal.onFailure = (code) => {
    unrecorded = code;
    stop.now();
  };
  return {
    admit(event, line) {
      const id = idOf(event, 'text' in line ? line.text : '', line.number);
      const earlier = journal.earlier(line.number, id);
      if (earlier !== undefined) {
        stats.count(earlier);
        passedOver += 1;
        return false;
      }
      underWay.set(admitted, { line: line.number, id });
      admitted += 1;
      return true;
    },
    settle(index, outcome) {
      const { line = 0, id = '' } = underWay.get(index) ?? {};
      if (underWay.delete(index)) journal.record(line, id, outcome);
    },
    unreadable: (line, outcome) => journal.record(line, '', outcome),
    async finish(outcomes) {
      await journal.flush();
      for (const [line, outcome] of journal.outcomes()) {
        outcomes.write(line, outcome);
        if (outcomes.busy !== undefined) await outcomes.busy;
      }
    },
    get passedOver() {
      return passedOver;
    },
    get unrecorded() {
      return unrecorded;
    },
    get unwritten() {
      return journal.unwritten;
    },
  };
}
