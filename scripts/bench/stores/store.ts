import type { CdpEvent } from '../../../core/index.ts';

export interface Numbered {
  readonly id: string;
  readonly event: CdpEvent;
}

/** A queue on disk as the bench drives it. Whatever it says is done has been flushed. */
export interface BenchStore {
  readonly put: (events: readonly Numbered[]) => Promise<void>;
  /** Takes out up to `most` events, and notes that they are done. Resolves with how many there were: 0 at the end. */
  readonly consume: (most: number) => Promise<number>;
  /** Delivers all that waits to the vendor of the process. */
  readonly work: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface StoreKind {
  readonly name: string;
  readonly open: (folder: string) => Promise<BenchStore>;
}
