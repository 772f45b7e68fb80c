import type { Clock } from '../policy/clock.ts';
import { failpoint } from './failpoint.ts';
import { sleepCapped } from './nap.ts';
import { isStoreLost, type DeliveryQueue, type Settlement } from './queue.ts';

export interface SettlementWriterOptions {
  readonly queue: Pick<DeliveryQueue, 'settle' | 'release'>;
  /** Of the connection. */
  readonly id: string;
  readonly configHash: string;
  readonly now: Clock['now'];
  readonly after: Clock['after'];
  /** Fires when there is no time left to ask a store again. */
  readonly hurry: AbortSignal;
  /** The store took nothing, and is asked again after so many milliseconds; 0 = not any more. */
  readonly refused: (error: unknown, forMs: number) => void;
  /** It takes writes again. */
  readonly recovered: () => void;
  readonly defect: (where: string, error: unknown) => void;
}

/** Writes down what became of claims, while others of their slice are still on their way. */
export interface SettlementWriter {
  /**
   * Resolves to true when it is on disk; to false when the time ran out before the store took it, and the claim was given back. What
   * comes while a write is under way shares the next one, and its promise. Never rejects.
   */
  write(settlement: Settlement): Promise<boolean>;
  /** The claims are to be as they were, which costs no write. */
  giveBack(seqs: readonly number[]): void;
  /**
   * Resolves to whether the store has room for what becomes of so many events; waits until it has. Asked before anything is sent that has
   * to be written down.
   */
  prove(events: number): Promise<boolean>;
  /** The store refuses what it is given: nothing more should be sent, as nobody could write down what comes of it. */
  isStuck(): boolean;
}

/** What is written in one go: to prepare more keeps every other connection of the process waiting. */
const mostInGroup = 200;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;

interface Group {
  readonly settlements: Settlement[];
  readonly written: Promise<boolean>;
  readonly tell: (kept: boolean) => void;
}

export function createSettlementWriter(options: SettlementWriterOptions): SettlementWriter {
  const { queue, id, configHash, now, after, hurry, refused, recovered, defect } = options;
  const forming: Group[] = [];
  let writing = false;
  /** How many events there has to be room for, when there is nothing to write. */
  let room = 0;
  /** Groups that the store has refused so far. */
  let stuck = 0;

  async function writeAll(): Promise<void> {
    writing = true;
    // One turn later: an answer is about many events, which are told one by one.
    await Promise.resolve();
    for (let group = forming.shift(); group !== undefined; group = forming.shift()) {
      failpoint('after send before record');
      // What the store refuses does not keep from the disk what comes after it: that may need less room.
      if (await takes(group.settlements, firstWaitMs)) group.tell(true);
      else void insist(group.settlements).then(group.tell);
      failpoint('after record');
    }
    writing = false;
  }

  /** `retryMs`: when it is asked again, should it refuse. */
  async function takes(settlements: readonly Settlement[], retryMs: number): Promise<boolean> {
    try {
      await queue.settle(id, settlements, { now: now(), configHash, room });
      return true;
    } catch (error) {
      refused(error, hurry.aborted || isStoreLost(error) ? 0 : retryMs);
      return false;
    }
  }

  /**
   * What a store does not take is not forgotten, because its event would be sent again: it is offered until there is no time left;
   * what is done by itself, which needs less room.
   */
  async function insist(settlements: readonly Settlement[]): Promise<boolean> {
    stuck += 1;
    let parts = splitBy(settlements, ({ kind }) => kind === 'done');
    for (let waitMs = firstWaitMs; parts.length > 0 && !hurry.aborted;) {
      await sleepCapped(waitMs, after, hurry);
      waitMs = Math.min(longestWaitMs, waitMs * 2);
      const left: (readonly Settlement[])[] = [];
      for (const part of parts) if (!(await takes(part, waitMs))) left.push(part);
      parts = left;
    }
    // In the end one by one: each that finds room is one that is not sent again.
    let alone = parts.flat();
    if (hurry.aborted) alone = await eachAlone(alone);
    stuck -= 1;
    giveBack(alone.map(({ seq }) => seq));
    if (parts.length === 0 && stuck === 0) recovered();
    return parts.length === 0;
  }

  /** What is done goes first, as it needs least. Returns those that found no room. */
  async function eachAlone(settlements: readonly Settlement[]): Promise<Settlement[]> {
    const left: Settlement[] = [];
    for (const one of [...settlements].sort((a, b) => Number(b.kind === 'done') - Number(a.kind === 'done'))) {
      try {
        await queue.settle(id, [one], { now: now(), configHash });
      } catch (error) {
        left.push(one);
        if (isStoreLost(error)) return [...settlements];
      }
    }
    return left;
  }

  function giveBack(seqs: readonly number[]): void {
    if (seqs.length === 0) return;
    try {
      queue.release(id, seqs);
    } catch (error) {
      defect('queue.release', error);
    }
  }

  return {
    write(settlement) {
      let last = forming.at(-1);
      if (last === undefined || last.settlements.length >= mostInGroup) forming.push((last = emptyGroup()));
      last.settlements.push(settlement);
      if (!writing) void writeAll();
      return last.written;
    },
    giveBack,
    async prove(events) {
      room = events;
      return (await takes([], firstWaitMs)) || insist([]);
    },
    isStuck: () => stuck > 0,
  };
}

function emptyGroup(): Group {
  let tell: Group['tell'] = () => undefined;
  const written = new Promise<boolean>((resolve) => {
    tell = resolve;
  });
  return { settlements: [], written, tell };
}

/** Two parts, or one where the other would be empty. */
function splitBy<T>(all: readonly T[], test: (one: T) => boolean): (readonly T[])[] {
  const yes = all.filter(test);
  return yes.length === 0 || yes.length === all.length ? [all] : [yes, all.filter((one) => !test(one))];
}
