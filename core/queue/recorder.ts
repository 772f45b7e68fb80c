import type { Clock } from '../runtime/clock.ts';
import { failpoint } from './failpoint.ts';
import { nap } from './nap.ts';
import type { DeliveryQueue, Settlement } from './queue.ts';

export interface RecorderOptions {
  readonly queue: Pick<DeliveryQueue, 'settle' | 'release'>;
  /** Of the connection. */
  readonly id: string;
  readonly configHash: string;
  readonly now: Clock['now'];
  readonly after: Clock['after'];
  /** Fires when there is no time left to ask a store again. */
  readonly hurry: AbortSignal;
  readonly defect: (where: string, error: unknown) => void;
  /** The store would not take something however often it was asked. */
  readonly gaveUp: () => void;
}

/** Writes down what became of claims, while others of their slice are still on their way. */
export interface Recorder {
  /**
   * Resolves to whether it is on disk; if not, the claim is given back. What comes while a write is under way shares the next one,
   * and its promise. Never rejects.
   */
  write(settlement: Settlement): Promise<boolean>;
  /** The claims are to be as they were, which costs no write. */
  giveBack(seqs: readonly number[]): void;
}

/** A store that does not take a settlement is asked again after 1, 2, 4 ... s, this often in all. */
const mostTries = 5;

interface Group {
  readonly settlements: Settlement[];
  readonly written: Promise<boolean>;
  readonly tell: (kept: boolean) => void;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const { queue, id, configHash, now, after, hurry, defect, gaveUp } = options;
  let forming: Group | undefined;
  let writing = false;

  async function writeAll(): Promise<void> {
    writing = true;
    // One turn later: an answer is about many events, which are told one by one.
    await Promise.resolve();
    while (forming !== undefined) {
      const group = forming;
      forming = undefined;
      failpoint('after send before record');
      if (await isKept(group.settlements)) group.tell(true);
      else void insist(group);
      failpoint('after record');
    }
    writing = false;
  }

  async function isKept(settlements: readonly Settlement[]): Promise<boolean> {
    try {
      await queue.settle(id, settlements, { now: now(), configHash });
      return true;
    } catch (error) {
      defect('queue.settle', error);
      return false;
    }
  }

  /** What is done by itself, which needs no room, and the rest; what the store never takes is given back, and may be sent again. */
  async function insist({ settlements, tell }: Group): Promise<void> {
    const isDone = ({ kind }: Settlement): boolean => kind === 'done';
    let refused = [settlements.filter(isDone), settlements.filter((one) => !isDone(one))].filter(hasSome);
    for (let tries = 1; tries < mostTries && !hurry.aborted; tries += 1) {
      await nap(1_000 * 2 ** (tries - 1), after, hurry);
      const parts = refused;
      refused = [];
      for (const part of parts) if (!(await isKept(part))) refused.push(part);
      if (refused.length === 0) return tell(true);
    }
    giveBack(refused.flat().map(({ seq }) => seq));
    gaveUp();
    tell(false);
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
      forming ??= emptyGroup();
      forming.settlements.push(settlement);
      const { written } = forming;
      if (!writing) void writeAll();
      return written;
    },
    giveBack,
  };
}

function emptyGroup(): Group {
  let tell: Group['tell'] = () => undefined;
  const written = new Promise<boolean>((resolve) => {
    tell = resolve;
  });
  return { settlements: [], written, tell };
}

const hasSome = ({ length }: readonly unknown[]): boolean => length > 0;
