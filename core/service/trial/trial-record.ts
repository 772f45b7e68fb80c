import type { DecidedRequest, EndedRequest, RequestListener, Signal, StartedRequest } from '../../index.ts';

/** A request of a trial. Times are milliseconds since the trial began. */
export interface TrialRequest {
  /** Its number, from 1, in the order in which they left. */
  readonly request: number;
  /** Positions of its events; none where it asks about the credentials alone. */
  readonly events: readonly number[];
  /** 1 for the first attempt at these events together. */
  readonly attempt: number;
  readonly method: string;
  readonly startMs: number;
  /** Since the last answer about one of its events; or since the trial began. */
  readonly waitedMs: number;
  readonly endMs: number | null;
  readonly status?: number;
  readonly failure?: NonNullable<EndedRequest['failure']>;
  /** Of a network failure, such as ECONNRESET. */
  readonly code?: string;
  /** What the answer led to; `null` where nothing was decided by it. */
  readonly decided: DecidedRequest | null;
}

type Growing = { -readonly [Name in keyof TrialRequest]: TrialRequest[Name] };

/** Writes down what a runtime tells of a trial: a time line of its requests, and defects. */
export class TrialRecord {
  readonly requests: TrialRequest[] = [];
  /** Of core or of the folder. Their texts are masked. */
  readonly defects: { readonly where: string; readonly error: string }[] = [];
  readonly #startedAt = performance.now();
  /** When each event was last answered about. */
  readonly #answeredMs = new Map<number, number>();

  /** For `onRequest`. */
  readonly onRequest = ({ positions, attempt, method }: StartedRequest): RequestListener => {
    const startMs = this.elapsedMs();
    const answered = Math.max(0, ...positions.map((position) => this.#answeredMs.get(position) ?? 0));
    const entry: Growing = {
      request: this.requests.length + 1,
      events: positions,
      attempt,
      method,
      startMs,
      waitedMs: rounded(startMs - answered),
      endMs: null,
      decided: null,
    };
    this.requests.push(entry);
    return {
      ended: (end) => {
        Object.assign(entry, end);
        entry.endMs = this.elapsedMs();
        for (const position of positions) this.#answeredMs.set(position, entry.endMs);
      },
      decided(decided) {
        entry.decided = decided;
      },
    };
  };

  /** For `onSignal`. */
  readonly onSignal = (signal: Signal): void => {
    if (signal.kind === 'defect') this.defects.push({ where: signal.where, error: String(signal.error) });
  };

  elapsedMs(): number {
    return rounded(performance.now() - this.#startedAt);
  }

  /** An epoch time, on the time line. */
  msOf(time: number): number {
    return Math.max(0, rounded(time - performance.timeOrigin - this.#startedAt));
  }
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
