// Tests core/queue/lane-scheduler.ts by its bounds; lmdb-model.test.ts and the contract of the queue say what it decides.
import { describe, expect, it } from '@jest/globals';
import { LaneScheduler, type WaitingEvent, type WaitingSource } from '../../core/queue/lane-scheduler.ts';

/** A log in memory that counts how often an event is read. */
class ArrayLog implements WaitingSource<WaitingEvent> {
  readonly events: WaitingEvent[] = [];
  reads = 0;
  searches = 0;
  get lastSeq(): number {
    return this.events.length - 1;
  }
  add(lanes: readonly string[], more: { readonly notBefore?: number; readonly tries?: number } = {}): void {
    this.events.push({ seq: this.events.length, lanes, notBefore: 0, tries: 0, ...more });
  }
  after(seq: number, most: number): readonly number[] {
    return this.events.slice(seq + 1, seq + 1 + most).map((event) => event.seq);
  }
  latest(most: number): readonly number[] {
    return this.events
      .slice(-most)
      .map((event) => event.seq)
      .reverse();
  }
  nextOf(lane: string, seq: number, last: number, most: number): number[] {
    this.searches += 1;
    const ofLane = this.events.slice(seq + 1, last + 1).filter(({ lanes }) => lanes.includes(lane));
    return ofLane.slice(0, most).map((event) => event.seq);
  }
  read(seq: number): WaitingEvent | undefined {
    this.reads += 1;
    return this.events[seq];
  }
}

function take(scheduler: LaneScheduler<WaitingEvent>, most: number): number[] {
  const seqs: number[] = [];
  for (const { seq } of scheduler.claim(1, 'fresh')) {
    seqs.push(seq);
    if (seqs.length === most) break;
  }
  return seqs;
}

describe('the scheduler of lanes', () => {
  it('looks at some thousand events that may not go, then says that there is more, and goes on where it was', () => {
    const log = new ArrayLog();
    for (let n = 0; n < 10_000; n += 1) log.add(['hot'], n === 0 ? { notBefore: 9_000 } : {});
    log.add(['other']);
    const scheduler = new LaneScheduler(log);
    let calls = 1;
    for (; take(scheduler, 10).length === 0; calls += 1) {
      expect(scheduler.nextAt()).toBe(0);
      expect(log.reads).toBeLessThanOrEqual(calls * 2_000);
    }
    expect(calls).toBe(6);
    expect(take(scheduler, 10)).toEqual([]);
    expect(scheduler.nextAt()).toBe(9_000);
    // Each event was read once, and none is again.
    expect(log.reads).toBe(10_001);
  });

  it('stops at 250,000 lanes that may not go, says no time, and goes on as some of them are free', () => {
    const log = new ArrayLog();
    for (let n = 0; n < 250_000; n += 1) log.add([`lane ${n}`]);
    log.add(['one more']);
    const scheduler = new LaneScheduler(log);
    expect(take(scheduler, 300_000)).toHaveLength(250_000);
    expect(take(scheduler, 10)).toEqual([]);
    expect(scheduler.nextAt()).toBeUndefined();
    scheduler.settle([{ seq: 7, returns: false }]);
    expect(take(scheduler, 10)).toEqual([250_000]);
  }, 30_000);

  it('keeps nothing of a lane in memory once all its events are gone', () => {
    const log = new ArrayLog();
    for (let n = 0; n < 260_000; n += 1) log.add([`lane ${n}`]);
    const scheduler = new LaneScheduler(log);
    for (let left = 260_000; left > 0;) {
      const seqs = take(scheduler, 1_000);
      expect(seqs).toHaveLength(1_000);
      left -= seqs.length;
      scheduler.settle(seqs.map((seq) => ({ seq, returns: false })));
    }
  }, 30_000);

  it('leaves out nothing of a lane when an event comes back to it', () => {
    const log = new ArrayLog();
    for (let n = 0; n < 12; n += 1) log.add(['a']);
    const scheduler = new LaneScheduler(log);
    expect(take(scheduler, 1)).toEqual([0]);
    expect(take(scheduler, 1)).toEqual([]);
    scheduler.settle([{ seq: 0, returns: false }]);
    expect(take(scheduler, 2)).toEqual([1, 2]);
    scheduler.settle([1, 2].map((seq) => ({ seq, returns: true })));
    expect(take(scheduler, 20)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('searches the index of a lane once for eight of its events', () => {
    const log = new ArrayLog();
    for (let n = 0; n < 801; n += 1) log.add(['a']);
    const scheduler = new LaneScheduler(log);
    for (let seq = 0; seq < 801; seq += 1) {
      expect(take(scheduler, 1)).toEqual([seq]);
      // The others are passed over.
      expect(take(scheduler, 1)).toEqual([]);
      scheduler.settle([{ seq, returns: false }]);
    }
    expect(log.searches).toBe(100);
  });
});
