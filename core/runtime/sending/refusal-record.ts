import type { PendingDelivery } from '../batching/pending-delivery.ts';
import { createSuspects, keyOf } from './suspects.ts';

/**
 * What a refusal means that may be about the credentials, or about one event (a firewall that dislikes a text):
 *
 * credentials  the vendor takes nothing more: suspend the connection
 * event        the events are to blame: they were refused before, and another event passed since
 * later        a lone event, and nothing else is known yet
 * ask          a batch, or a connection with a credential check: an examination finds out
 * doubt        the same, for a batch of events refused before: too many refusals in a row since an event passed
 */
export type Finding = 'credentials' | 'event' | 'later' | 'ask' | 'doubt';

export type Question = Extract<Finding, 'ask' | 'doubt'>;

export interface Refusal {
  readonly items: readonly PendingDelivery[];
  /** How many refusals there were when its request left. */
  readonly mark: number;
  /** In the vendor's own form, from a vendor that never took these credentials. */
  readonly isPlain: boolean;
  /** A credential check can find out more. */
  readonly canCheck: boolean;
  /** Parts of the batch under examination; 0 without one. */
  readonly parts: number;
}

/** Refusals since the last event that passed. */
interface Streak {
  /** Different lone events. */
  readonly loneEvents: Set<string>;
  /** Batches of events refused before. */
  batches: number;
  /** Events of lanes that came a third time, and were rejected so that their lanes can go on. */
  cleared: number;
  /** Single events sent in doubt. */
  probes: number;
}

/** The open question whether the vendor refuses the credentials. */
interface Suspicion {
  /** The mark of its first refusal; `undefined` while there was only a credential check. */
  openedAt: number | undefined;
  /** Lone events refused since then. */
  readonly loneEvents: Set<string>;
  /** A credential check was made; and it said ok. */
  isChecked: boolean;
  isVouchedFor: boolean;
}

/** So many different lone events, refused alike, mean the credentials. */
export const minLoneEvents = 2;
/** So many parts of a batch do; and so many lone events where the credential check said ok. */
export const maxParts = 4;
/** After so many known batches without a pass it is in doubt again: a firewall may just be quicker than the vendor. */
const maxKnownBatches = 8;

/** What one connection knows of its refusals, and what follows from it. Marks are counts of refusals. */
export class RefusalRecord {
  refusals = 0;
  passes = 0;
  /** The highest mark of a request that passed. */
  #lastPass = -1;
  readonly #suspects = createSuspects();
  readonly #streak: Streak = { loneEvents: new Set(), batches: 0, cleared: 0, probes: 0 };
  #suspicion = newSuspicion();

  /** The vendor took something of a request that left at this mark. */
  pass(mark: number): void {
    this.passes += 1;
    if (mark > this.#lastPass) this.#lastPass = mark;
    this.#streak.loneEvents.clear();
    this.#streak.batches = 0;
    this.#streak.cleared = 0;
    this.#streak.probes = 0;
    if (this.isOpen) this.dropSuspicion();
  }

  /** Whether the event was refused alone before, or went back to the host for a refusal. */
  suspected(delivery: PendingDelivery): boolean {
    return this.#suspects.markOf(delivery) !== undefined;
  }

  /** The event goes back to the host for a refusal. Returns how often it has. */
  putOff(delivery: PendingDelivery): number {
    return this.#suspects.putOff(delivery);
  }

  add(refusal: Refusal): Finding {
    const { items } = refusal;
    const [first] = items as [PendingDelivery];
    const key = items.length === 1 ? keyOf(first) : undefined;
    const isKnown = this.#areKnown(items);
    const isBack = key !== undefined && this.#streak.loneEvents.has(key);
    const isPart = first.refusalMark !== undefined;
    this.refusals += 1;
    for (const delivery of items) delivery.refusalMark ??= this.refusals;
    if (key !== undefined) {
      this.#suspects.add(first);
      this.#streak.loneEvents.add(key);
    }
    if (isKnown) return key === undefined ? this.#judgeKnownBatch() : this.#judgeKnownEvent(first, isBack);
    return refusal.isPlain ? 'credentials' : this.#judgeUnknown(refusal, key, isPart);
  }

  /** Smaller parts of a batch that holds nothing but suspects say no more than the batch. */
  #areKnown(items: readonly PendingDelivery[]): boolean {
    if (items.length > 1 && items.every((delivery) => this.suspected(delivery))) return true;
    return items.every(
      (delivery) => this.#passedSince(delivery.refusalMark) || this.#passedSince(this.#suspects.markOf(delivery)),
    );
  }

  #passedSince(mark: number | undefined): boolean {
    return mark !== undefined && mark <= this.#lastPass;
  }

  #judgeKnownBatch(): Finding {
    this.#streak.batches += 1;
    if (!this.#isInDoubt()) return 'event';
    return this.isOutOfProbes ? 'later' : 'doubt';
  }

  /**
   * In doubt, a lane rejects only one in a row, when it is back: if the credentials are gone, those behind it come
   * again and show it. If every lane kept such an event at its head, nothing could ever pass.
   */
  #judgeKnownEvent({ lanes }: PendingDelivery, isBack: boolean): Finding {
    if (!this.#isInDoubt()) return 'event';
    if (!isBack || lanes === undefined || this.#streak.cleared >= maxParts) return 'later';
    this.#streak.cleared += 1;
    return 'event';
  }

  #judgeUnknown({ mark, canCheck, parts }: Refusal, key: string | undefined, isPart: boolean): Finding {
    const suspicion = this.#suspicion;
    const leftBefore = suspicion.openedAt !== undefined && mark < suspicion.openedAt;
    suspicion.openedAt ??= this.refusals;
    if (key !== undefined && !leftBefore) {
      suspicion.loneEvents.add(key);
      const enough = parts > 0 ? parts : isPart ? maxParts : minLoneEvents;
      if (suspicion.loneEvents.size >= (suspicion.isVouchedFor ? maxParts : enough)) {
        this.dropSuspicion();
        return 'credentials';
      }
    }
    return key === undefined || (canCheck && !suspicion.isChecked) ? 'ask' : 'later';
  }

  /** The credentials may have gone since the vendor took them last. */
  #isInDoubt(): boolean {
    return this.#streak.loneEvents.size >= minLoneEvents || this.#streak.batches > maxKnownBatches;
  }

  get isOpen(): boolean {
    return this.#suspicion.openedAt !== undefined;
  }

  get hasEvidence(): boolean {
    return this.#suspicion.loneEvents.size > 0;
  }

  dropSuspicion(): void {
    this.#suspicion = newSuspicion();
  }

  get isChecked(): boolean {
    return this.#suspicion.isChecked;
  }

  set isChecked(isChecked: boolean) {
    this.#suspicion.isChecked = isChecked;
  }

  vouch(): void {
    this.#suspicion.isVouchedFor = true;
  }

  /** Single events were sent in doubt, and none passed. */
  addProbes(count: number): void {
    this.#streak.probes += count;
  }

  get isOutOfProbes(): boolean {
    return this.#streak.probes >= maxParts;
  }
}

const newSuspicion = (): Suspicion => ({
  openedAt: undefined,
  loneEvents: new Set(),
  isChecked: false,
  isVouchedFor: false,
});
