import Denque from 'denque';
import type { Outcome, Reason } from '../../api/outcome.ts';
import { isoTime } from '../../policy/clock.ts';

/**
 * The messageIds of one call, for vendors where a second copy does harm. An id is remembered while its event is in
 * progress, and after it is delivered, unknown or skipped. It is forgotten if the event comes back deferred, suspended
 * or rejected, because the host may pass it again.
 */
export interface Duplicates {
  /**
   * `new`: the event may be sent, and is in progress from now on. `settled`: the vendor has it, or may have it, or it
   * was skipped. `twin`: another copy is in progress, whose settle() returns this one. An event with the id '', which
   * is none, is new. `eventId`: the id as it is written.
   */
  take(id: string, index: number, eventId: string, takenAt: number): 'new' | 'twin' | 'settled';
  /** Settles an event in progress. `final`: its copies need not be sent. Returns its twins. */
  settle(id: string, final: boolean): readonly Twin[];
}

/** A second copy of an event in progress. Its id is as it is written: " m-1" is a copy of "m-1". */
export interface Twin {
  readonly index: number;
  readonly eventId: string;
  /** When it was read, by clock.elapsed. */
  readonly takenAt: number;
}

const none: readonly Twin[] = [];

/**
 * Remembers the last `size` ids, and all ids in progress. Every step takes constant time: a Set knows its oldest entry
 * as well, but finds it slowly after many deletions.
 */
export function createDuplicates(size: number): Duplicates {
  /** By id, the number of its event: positive once settled, negative while in progress. */
  const numbers = new Map<string, number>();
  const byAge = size === Number.POSITIVE_INFINITY ? undefined : new Denque<string>();
  /** Created with the first twin: most calls have none. */
  let twins: Map<string, Twin[]> | undefined;
  /** Numbers start at 1, so that each has a negative. */
  let last = 0;
  let oldest = 1;

  /** Keeps an id in progress, however old: its settle() forgets it. */
  function forgetOldest(id: string): void {
    if (numbers.get(id) === oldest) numbers.delete(id);
    oldest += 1;
  }

  return {
    take(id, index, eventId, takenAt) {
      if (id === '') return 'new';
      const known = numbers.get(id);
      if (known !== undefined && known > 0) return 'settled';
      if (known !== undefined) {
        twins ??= new Map();
        const others = twins.get(id);
        const twin = { index, eventId, takenAt };
        if (others === undefined) twins.set(id, [twin]);
        else others.push(twin);
        return 'twin';
      }
      last += 1;
      numbers.set(id, -last);
      if (byAge === undefined) return 'new';
      byAge.push(id);
      if (byAge.length > size) forgetOldest(byAge.shift() as string);
      return 'new';
    },
    settle(id, final) {
      if (id === '') return none;
      const number = -(numbers.get(id) ?? 0);
      if (final && number >= oldest) numbers.set(id, number);
      else numbers.delete(id);
      if (twins === undefined || twins.size === 0) return none;
      const others = twins.get(id) ?? none;
      twins.delete(id);
      return others;
    },
  };
}

/** The reason for a copy of an event that was sent or skipped. */
export const duplicate: Reason = {
  code: 'duplicate_event',
  message: 'An event with the same messageId went before it',
  field: 'messageId',
};

const refusedAlone: Reason = {
  code: 'held_back',
  message: 'An event with the same messageId was refused, which says nothing about this one',
  field: 'messageId',
};

/** Whether another copy of the event has nothing more to do in this run. */
export const isFinal = ({ kind }: Outcome): boolean => kind === 'delivered' || kind === 'unknown' || kind === 'skipped';

/** The outcome of a copy that waited for another: if one comes back, all its copies do. `now` in epoch ms. */
export function twinOutcome(outcome: Outcome, eventId: string, now: number): Outcome {
  if (isFinal(outcome)) return { kind: 'skipped', eventId, reason: duplicate };
  if (outcome.kind !== 'rejected') return { ...outcome, eventId };
  return { kind: 'deferred', eventId, reason: refusedAlone, retryAt: isoTime(now) };
}
