/** What the streams of a store are made with, or changed to. */
export interface StreamOptions {
  /** Makes the stream where there is none (default); otherwise that is refused (`missing`). */
  readonly create?: boolean | undefined;
  /** Lanes of a connection, over which the vendor's lanes are spread. Default: as the stream has it, 64 at first. */
  readonly lanes?: number | undefined;
  /** Copies of everything. Default: as the stream has it; 1 for a new one. */
  readonly replicas?: number | undefined;
  /** Most bytes of the stream; default 1 GiB for a new one. */
  readonly maxBytes?: number | undefined;
  /** Most bytes of dead letters; default a quarter of `maxBytes`. */
  readonly deadMaxBytes?: number | undefined;
  /**
   * How long a process may be silent until what it has taken out goes to others (ms). Default: 30 s. All processes have
   * to name the same.
   */
  readonly leaseMs?: number | undefined;
  /** A put that comes again within this time (ms) is a no-op. Default: two minutes for a new stream. */
  readonly dedupWindowMs?: number | undefined;
}
