import { existsSync, readFileSync } from 'node:fs';
import type { ConnectionOptions, Outcome } from '../../../core/index.ts';

/** What a worker process is told. */
export interface WorkerOptions {
  readonly url: string;
  readonly leaseMs: number;
  /** Where it writes its notes, once it delivers. */
  readonly file: string;
  readonly entries: readonly {
    readonly destination: string;
    readonly origin: string;
    readonly config: unknown;
    readonly options: ConnectionOptions;
  }[];
}

/** `out`: the runtime has the event. Then what became of it, and that the runtime is done with all of its batch. */
type Step = 'out' | Outcome['kind'] | 'back';

/** As a line. */
export const noteOf = (step: Step, slug: string, id: string): string => `${Date.now()} ${step} ${slug} ${id}\n`;

/** One time that a process had an event out (all in epoch ms). */
export interface Turn {
  readonly process: number;
  readonly out: number;
  /** When its outcome was known, and what that was. */
  settled?: number;
  outcome?: Outcome['kind'];
  back?: number;
}

/** By destination and event. A process that was killed early has no file, and what it wrote last may be cut short. */
export function turnsIn(files: readonly string[]): ReadonlyMap<string, readonly Turn[]> {
  const turns = new Map<string, Turn[]>();
  for (const [process, file] of files.entries())
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
      const [time = '', step, slug, id] = line.split(' ');
      if (id === undefined) continue;
      const key = `${slug} ${id}`;
      const at = Number(time);
      const known = turns.get(key) ?? [];
      turns.set(key, known);
      const last = known.findLast((turn) => turn.process === process);
      if (step === 'out') known.push({ process, out: at });
      else if (step === 'back') for (const turn of known.filter((one) => one.process === process)) turn.back ??= at;
      else if (last !== undefined) Object.assign(last, { settled: at, outcome: step });
    }
  return turns;
}

/** A time in which something was killed or cut off (epoch ms). */
export interface Disturbance {
  readonly what: string;
  readonly from: number;
  /** When it was as before. */
  readonly to: number;
  /** Of the process that was killed; all of them met the others. */
  readonly process?: number;
}

/** What is recorded may not be in the store for good yet: a mark is due, or the broker has not written it down (ms). */
const unwrittenMs = 3_000;
/** Clients need that to find a broker again (ms). */
const reconnectMs = 3_000;

/** When, if at all, an event was on its way to the vendor or into the store while something was killed. */
export function disturbedAt(turns: readonly Turn[], disturbances: readonly Disturbance[]): readonly number[] {
  const times: number[] = [];
  for (const turn of turns) {
    const end = turn.settled ?? turn.back ?? Number.POSITIVE_INFINITY;
    for (const { from, to, process } of disturbances) {
      if (process !== undefined && process !== turn.process) continue;
      if (turn.out > to + (process === undefined ? reconnectMs : 0) || end + unwrittenMs < from) continue;
      times.push(process === undefined ? (turn.settled ?? to) : from);
    }
  }
  return times;
}

/** Turns of one event that two processes had at once, while nothing excused that. */
export function doubledIn(turns: readonly Turn[], disturbances: readonly Disturbance[]): number {
  const killedAt = new Map(
    disturbances.flatMap(({ process, from }) => (process === undefined ? [] : [[process, from]])),
  );
  let doubled = 0;
  for (const [index, turn] of turns.entries()) {
    const end = Math.min(turn.back ?? Number.POSITIVE_INFINITY, killedAt.get(turn.process) ?? Number.POSITIVE_INFINITY);
    if (
      turns.some(
        (other, at) => at !== index && other.process !== turn.process && other.out > turn.out && other.out < end,
      )
    )
      doubled += 1;
  }
  return doubled;
}
