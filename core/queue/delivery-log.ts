import type { Outcome } from '../api/outcome.ts';

/** A file whose events go to one connection, line by line. */
export interface FileDelivery {
  /** An absolute path, without symbolic links. */
  readonly file: string;
  /** A slug. */
  readonly destination: string;
  /** A connection id. */
  readonly connection: string;
}

/** What became of a line. */
export interface LineOutcome {
  /** A checksum (CRC-32) of the id of the event that stood there. */
  readonly id: number;
  readonly outcome: Outcome;
}

export type KnownLine = readonly [line: number, known: LineOutcome];

/** The outcomes of one file's delivery so far, by line. Lines begin at 1. */
export interface DeliveryLog {
  /** `undefined` where nothing is known of a line, or what was is damaged. */
  get(line: number): LineOutcome | undefined;
  /**
   * Replaces what was known of these lines. All of it is on disk when it resolves; rejects where none is, with
   * QueueFull beside a full disk.
   */
  record(lines: readonly KnownLine[]): Promise<void>;
  /** In order. */
  lines(): Iterable<KnownLine>;
}

/** Files of which a store has outcomes. They count into no budget. */
export interface DeliveryLogs {
  /** Of the pages on disk; less than a page counts as nothing. */
  readonly bytes: number;
  readonly files: readonly (FileDelivery & {
    /** Epoch ms. */
    readonly startedAt: number;
  })[];
}
