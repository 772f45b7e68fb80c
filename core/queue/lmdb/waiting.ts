import { noLane } from './lane-number.ts';
import * as keys from './keys.ts';
import type { Table } from './tables.ts';
import { Turns } from './turns.ts';
import type { Known, Writer } from './writer.ts';

/** Whose turn it is among the waiting events of a connection; the first to ask makes it look at each of its lanes once. */
export function turnsOf(known: Known, log: Table, lanes: number, writer: Writer): Turns {
  return (known.turns ??= new Turns(
    (lane, after, most) => {
      const start = keys.logKey(known.number, lane, after + 1);
      const end = keys.logKey(known.number, lane, writer.visible + 1);
      const seqs: number[] = [];
      for (const key of log.getKeys({ start, end, limit: most })) seqs.push(keys.seqOf(key));
      return seqs;
    },
    (lane, after, most) => {
      const start = keys.logKey(known.number, lane, writer.visible + 1);
      const end = keys.logKey(known.number, lane, Math.max(0, after));
      const seqs: number[] = [];
      for (const key of log.getKeys({ start, end, limit: most + 1, reverse: true })) {
        const seq = keys.seqOf(key);
        if (seq > after && seq <= writer.visible) seqs.push(seq);
      }
      return seqs;
    },
    lanesOf(known, log, lanes),
  ));
}

/** Those with something on disk. */
function lanesOf({ number }: Known, log: Table, lanes: number): readonly number[] {
  const found: number[] = [];
  for (let lane = noLane; lane <= lanes;) {
    const [key] = [...log.getKeys({ start: keys.logKey(number, lane, 0), end: keys.after(number), limit: 1 })];
    if (key === undefined) break;
    found.push(keys.laneOf(key));
    lane = keys.laneOf(key) + 1;
  }
  return found;
}
