import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { CdpEvent, Outcome, OutcomeKind } from '../../../index.ts';
import type { DeliveryLog, KnownLine, LineOutcome } from '../../../queue/index.ts';
import type { NdjsonLine } from '../../../ndjson.ts';
import { CliError, exitCode } from '../exit-codes.ts';
import type { OutcomesFile } from '../outcomes-file.ts';
import type { Stop } from '../stop.ts';
import type { RunStats } from '../run-stats.ts';
import { idOf } from './line-id.ts';

/** Connects a delivery with its log: skips events that have an outcome, and records new outcomes. */
export interface Resumption {
  readonly admit: (event: CdpEvent, line: NdjsonLine) => boolean;
  /** The outcome of the n-th admitted event, from 0. */
  settle(index: number, outcome: Outcome): void;
  unreadable(line: number, outcome: Outcome): void;
  /** What to wait for before more lines are read; `undefined` while the disk keeps up. */
  readonly busy: Promise<void> | undefined;
  /** Resolves when everything is on disk, or was tried twice; writes the outcomes of all runs so far, in line order. */
  finish(outcomes: OutcomesFile): Promise<void>;
  /** Events that had an outcome before this run. */
  readonly passedOver: number;
  /** Why an outcome could not be recorded. */
  readonly unrecorded: string | undefined;
  /** Lines with a final outcome that is not on disk: the next run delivers them again. */
  readonly unwritten: readonly number[];
}

export interface ResumptionOptions {
  readonly log: DeliveryLog;
  /** The input, for messages. */
  readonly file: string;
  readonly stats: RunStats;
  readonly stop: Stop;
}

/** Outcomes that another run may still change. */
const passing: ReadonlySet<OutcomeKind> = new Set(['deferred', 'suspended']);

/** How many outcomes may wait for the disk before no more lines are read. */
const mostPending = 5_000;

export function createResumption({ log, file, stats, stop }: ResumptionOptions): Resumption {
  /** Events in flight, by the order of their admission. */
  const underWay = new Map<number, { readonly line: number; readonly id: number }>();
  let admitted = 0;
  let passedOver = 0;
  /** For the next write. */
  let batch: KnownLine[] = [];
  let writing: Promise<void> | undefined;
  let unrecorded: string | undefined;
  /** By line, what is not on disk. */
  const unwritten = new Map<number, LineOutcome>();

  async function write(lines: readonly KnownLine[]): Promise<boolean> {
    try {
      await log.record(lines);
      for (const [line] of lines) unwritten.delete(line);
      return true;
    } catch (error) {
      for (const [line, known] of lines) unwritten.set(line, known);
      // By its name: a delivery without a store does not load the queue.
      unrecorded ??= (error as Error).name === 'QueueFull' ? 'the disk is full' : (error as Error).message;
      stop.now();
      return false;
    }
  }

  /** Where not everything fits, some of it may. */
  async function writeLate(lines: readonly KnownLine[]): Promise<boolean> {
    if (lines.length === 0 || (await write(lines))) return true;
    const half = lines.length >> 1;
    return half > 0 && (await writeLate(lines.slice(0, half))) && writeLate(lines.slice(half));
  }

  /** One write after another: on a full disk each costs LMDB a line on standard error. */
  async function writeAll(): Promise<void> {
    while (batch.length > 0) {
      const lines = batch;
      batch = [];
      await write(lines);
    }
    writing = undefined;
  }

  function record(line: number, known: LineOutcome): void {
    batch.push([line, known]);
    writing ??= setImmediate().then(writeAll);
  }

  /** What is not on disk is known all the same, and the outcomes file may have space for it. */
  function* lines(): Generator<readonly [line: number, outcome: Outcome], void, undefined> {
    const late = [...unwritten].sort(([one], [other]) => other - one);
    for (const [line, { outcome }] of log.lines()) {
      while (late.length > 0 && late.at(-1)![0] <= line) {
        const [at, known] = late.pop()!;
        yield [at, known.outcome];
      }
      if (!unwritten.has(line)) yield [line, outcome];
    }
    for (const [line, { outcome }] of late.reverse()) yield [line, outcome];
  }

  return {
    admit(event, line) {
      const id = crc32(idOf(event, 'text' in line ? line.text : '', line.number));
      const earlier = log.get(line.number);
      if (earlier !== undefined && earlier.id !== id)
        throw new CliError(exitCode.unreadable, `${file}: line ${line.number} has changed since this delivery began`, [
          'give a changed file another name, or deliver all of it again with --restart',
        ]);
      if (earlier !== undefined && !passing.has(earlier.outcome.kind)) {
        stats.count(earlier.outcome);
        passedOver += 1;
        return false;
      }
      underWay.set(admitted, { line: line.number, id });
      admitted += 1;
      return true;
    },
    settle(index, outcome) {
      const event = underWay.get(index);
      if (event === undefined) return;
      underWay.delete(index);
      record(event.line, { id: event.id, outcome });
    },
    unreadable: (line, outcome) => record(line, { id: crc32(''), outcome }),
    get busy() {
      return batch.length > mostPending ? writing : undefined;
    },
    async finish(outcomes) {
      await writing;
      await writeLate([...unwritten]);
      for (const [line, outcome] of lines()) {
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
      const final = [...unwritten].filter(([, { outcome }]) => !passing.has(outcome.kind));
      return final.map(([line]) => line).sort((one, other) => one - other);
    },
  };
}
