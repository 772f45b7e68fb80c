import type { Connection, Outcome, StreamOptions } from '../../index.ts';
import { createLineCutter } from '../../ndjson.ts';
import { OrderedOutcomes } from './reorder-buffer.ts';
import { EventSource } from './event-source.ts';
import type { Input } from './input.ts';
import { maxLineBytes } from './lines.ts';
import type { OutcomesFile } from './outcomes-file.ts';
import { startProgress } from './progress.ts';
import { createResumption, type ResumptionOptions } from './queue/resumption.ts';
import type { Stop } from './stop.ts';
import type { RunStats } from './run-stats.ts';
import type { Output } from './terminal.ts';

/** What one `spillway deliver` works with. */
export interface DeliveryParts {
  readonly connection: Connection;
  readonly input: Input;
  readonly outcomes: OutcomesFile;
  readonly stats: RunStats;
  readonly stop: Stop;
  /** What is not the runtime's default: how long one event may take, and how far events may be out of order. */
  readonly limits: Pick<StreamOptions, 'withinMs' | 'maxOutOfOrderness'>;
  /** Makes the delivery resumable: the log has the outcomes of earlier runs, and gets those of this one. */
  readonly resumable?: Pick<ResumptionOptions, 'log' | 'file'> | undefined;
  /** Where to show the progress, if anywhere. */
  readonly screen: Output | undefined;
}

export interface DeliveryEnd {
  /** Lines that hold something, as far as the input was read. */
  readonly events: number;
  /** The first line nothing was done about. */
  readonly nextLine: number;
  readonly ms: number;
  /** Why the input broke off, or the outcomes could not be written: an errno. */
  readonly brokenOff: string | undefined;
  readonly unwritable: string | undefined;
  /** Why the store could not be written, in words. */
  readonly unrecorded: string | undefined;
  /** Lines with a final outcome that is not in the store: the next run delivers them again. */
  readonly unwritten: readonly number[];
}

/**
 * Moves all events of the input through a connection; resolves when every outcome is counted, written and flushed.
 * Throws NotNdjson for an input of which nothing was read.
 */
export async function runDelivery(parts: DeliveryParts): Promise<DeliveryEnd> {
  const { connection, input, outcomes, stats, stop, resumable } = parts;
  let unwritable: string | undefined;
  outcomes.onFailure = (code) => {
    unwritable = code;
    stop.now();
  };
  const resumption = resumable === undefined ? undefined : createResumption({ ...resumable, stats, stop });
  // With a log, outcomes are written at the end, together with those of earlier runs.
  const ordered = new OrderedOutcomes((line, outcome) => {
    if (resumption === undefined) outcomes.write(line, outcome);
  });
  const source = new EventSource({
    chunks: input.chunks,
    cutter: createLineCutter(maxLineBytes),
    ordered,
    onUnreadable(outcome, line) {
      stats.countUnreadable(outcome);
      resumption?.unreadable(line, outcome);
    },
    ...(resumption === undefined ? {} : { admit: resumption.admit }),
    backpressure: () => resumption?.busy ?? outcomes.busy,
    signal: stop.signal,
  });
  const startedAt = performance.now();
  const progress = await startProgress(parts.screen, { size: input.size, bytesRead: () => source.bytesRead, stats });
  try {
    for await (const { index, outcome } of connection.stream(source, { signal: stop.signal, ...parts.limits })) {
      stats.count(outcome);
      ordered.settle(index, outcome);
      resumption?.settle(index, outcome);
      if (outcomes.busy !== undefined) await outcomes.busy;
    }
    ordered.finish(stop.signal.aborted, () => {
      stats.count(lost);
      return lost;
    });
    await resumption?.finish(outcomes);
  } finally {
    await outcomes.close();
    progress.stop();
  }
  if (source.notNdjson !== undefined) throw source.notNdjson;
  const ms = performance.now() - startedAt;
  const { brokenOff } = source;
  const events = ordered.count + (resumption?.passedOver ?? 0);
  const { unrecorded, unwritten = [] } = resumption ?? {};
  return { events, nextLine: ordered.nextLine, ms, brokenOff, unwritable, unrecorded, unwritten };
}

/** The stream ended without its outcome: a defect of the core, so nothing is claimed about the event. */
const lost: Outcome = {
  kind: 'unknown',
  eventId: '',
  reason: { code: 'internal_error', message: 'A defect in the runtime lost the outcome of this event' },
};
