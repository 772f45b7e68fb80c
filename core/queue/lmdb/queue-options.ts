import type { Signal } from '../../runtime/signals.ts';

// Published, so it names no type of Node.

export interface QueueOptions {
  /**
   * The directory of the store, as a path or a file: URL; made if it is missing. It must be on a disk of this machine:
   * LMDB does not work on network file systems.
   */
  readonly path: string | URL;
  /**
   * The most bytes that the store keeps: of records, including dead letters and events kept for replay, and of the ids
   * of the dedup window (100 bytes each, until prune() finds that the window has passed). Events kept for replay give
   * way, the oldest first; put() throws QueueFull when the rest fills the budget. The store remembers it: the default
   * is that of the last open, 1 GiB for a new store. The file takes up to a few times as much,
   * until compact() gives that back.
   */
  readonly maxBytes?: number | undefined;
  /**
   * A second put of an id within this time (ms) is a no-op; 0 = never. Default: a day. prune() removes the ids of
   * former times.
   */
  readonly dedupWindowMs?: number | undefined;
  /** Called with a `defect` for every record that went to quarantine; its `slug` is the connection id. */
  readonly onSignal?: ((signal: Signal) => unknown) | undefined;
  /** Epoch ms, for the dedup window and for what is put, requeued and replayed. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}
