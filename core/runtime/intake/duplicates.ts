import Denque from 'denque';
import type { Outcome, Reason } from '../../api/outcome.ts';
import { isoTime } from '../../policy/clock.ts';

/**
 * The messageIds of one call, for vendors that a second copy would harm. An id is remembered while its event is on its
 * way, and after it was delivered, unknown or skipped. Once it comes back deferred, suspended or rejected it is
 * forgotten: the host may hand it over again.
 */
export interface Duplicates {
  /**
   * `new`: it may go, and is on its way from now on. `settled`: the vendor has it, or may have it, or was spared it.
   * `twin`: another copy is on its way, and settle() of that one gives this `index` back.
   */
  take(id: string, index: number): 'new' | 'twin' | 'settled';
  /**
   * What was on its way has its outcome; `forGood`: another copy has nothing to do. Returns the indexes of its twins.
   */
  settle(id: string, forGood: boolean): readonly number[];
}

const none: readonly number[] = [];

/**
 * Remembers the last `size` ids, and beyond them those that are on their way. Every step takes the same time: a Set
 * knows its oldest, too, but takes long to find it once many were deleted.
 */
export function createDuplicates(size: number): Duplicates {
  /**
   * By id, the number of the event that carried it: as it is where that was settled, negative while it is on its way.
   */
  const numbers = new Map<string, number>();
  const byAge = new Denque<string>();
  const twins = new Map<string, number[]>();
  /** Numbers begin at 1, so that each has a negative. */
  let last = 0;
  let oldest = 1;

  /** One that is on its way stays, however old: its settle() forgets it. */
  function forgetOldest(): void {
    const id = byAge.shift() as string;
    if (numbers.get(id) === oldest) numbers.delete(id);
    oldest += 1;
  }

  return {
    take(id, index) {
      const known = numbers.get(id);
      if (known !== undefined && known > 0) return 'settled';
      if (known !== undefined) {
        const others = twins.get(id);
        if (others === undefined) twins.set(id, [index]);
        else others.push(index);
        return 'twin';
      }
      last += 1;
      numbers.set(id, -last);
      if (size === Number.POSITIVE_INFINITY) return 'new';
      byAge.push(id);
      if (byAge.length > size) forgetOldest();
      return 'new';
    },
    settle(id, forGood) {
      const number = -(numbers.get(id) ?? 0);
      if (forGood && number >= oldest) numbers.set(id, number);
      else numbers.delete(id);
      if (twins.size === 0) return none;
      const others = twins.get(id) ?? none;
      twins.delete(id);
      return others;
    },
  };
}

/** Why a copy of an event that was sent, or spared, is not sent. */
export const duplicate: Reason = {
  code: 'duplicate_event',
  message: 'An event with the same messageId went before it',
  field: 'messageId',
};

const judgedAlone: Reason = {
  code: 'held_back',
  message: 'An event with the same messageId was refused, which says nothing about this one',
  field: 'messageId',
};

/** Whether another copy of the event has nothing more to do in this run. */
export const isForGood = ({ kind }: Outcome): boolean =>
  kind === 'delivered' || kind === 'unknown' || kind === 'skipped';

/** The outcome of a copy that waited for another: what comes back does so with all its copies. `now` in epoch ms. */
export function twinOutcome(outcome: Outcome, eventId: string, now: number): Outcome {
  if (isForGood(outcome)) return { kind: 'skipped', eventId, reason: duplicate };
  if (outcome.kind !== 'rejected') return outcome;
  return { kind: 'deferred', eventId, reason: judgedAlone, retryAt: isoTime(now) };
}
