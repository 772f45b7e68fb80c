import {
  createRuntime,
  type AnyDestination,
  type ConnectionOptions,
  type EventOrText,
  type Outcome,
  type Reason,
  type RuntimeOptions,
} from '../../index.ts';
import { TrialRecord, type TrialRequest } from './trial-record.ts';
import type { TrialVendor } from './trial-vendor.ts';

export interface Trial {
  readonly destination: AnyDestination;
  readonly config: unknown;
  readonly options: ConnectionOptions;
  readonly events: readonly EventOrText[];
  readonly withinMs: number;
  /** Stops it. */
  readonly signal: AbortSignal;
}

export interface TrialReport {
  /** In the order of the events. */
  readonly outcomes: readonly Outcome[];
  readonly requests: readonly TrialRequest[];
  /** What waits for a person in the end. */
  readonly suspended: readonly { readonly scope?: string; readonly reason: Reason }[];
  readonly defects: TrialRecord['defects'];
  readonly elapsedMs: number;
  /** What the vendor has; `null` where that cannot be known. */
  readonly ledger: TrialLedger | null;
}

interface TrialLedger {
  readonly entries: readonly {
    readonly id: string;
    readonly committed: boolean;
    readonly atMs: number;
    readonly fault?: string;
  }[];
  /** Different events that it kept. */
  readonly distinct: number;
  /** Beyond the first of each. */
  readonly duplicates: number;
  readonly refused: ReturnType<TrialVendor['refused']>;
}

/** A person waits for the end of a trial. */
const shortWaits = { baseMs: 200, capMs: 2_000 } as const;
const timeoutMs = 2_000;

/** Delivers to a vendor in this process. Closes nothing of it. */
export async function tryWith(vendor: TrialVendor, trial: Trial, host: Partial<RuntimeOptions>): Promise<TrialReport> {
  const { destination, eventsPerRequest, origin, ledger } = vendor;
  const { slug, pace } = destination.manifest;
  const { allowedOrigins = [], eventLimits = {} } = host;
  const { limits } = trial.options;
  const most = Math.min(eventsPerRequest ?? Number.POSITIVE_INFINITY, limits?.maxItems ?? Number.POSITIVE_INFINITY);
  const options = Number.isFinite(most) ? { ...trial.options, limits: { ...limits, maxItems: most } } : trial.options;
  const record = new TrialRecord();
  const report = await delivered({ ...trial, destination, options }, record, {
    allowedOrigins,
    eventLimits,
    destinations: [destination],
    origins: { [slug]: origin },
    pace: { [slug]: { timeoutMs: Math.min(timeoutMs, pace.timeoutMs) } },
    retry: shortWaits,
    onRequest: record.onRequest,
    onSignal: record.onSignal,
  });
  const entries = ledger.entries.map(({ id, committed, at, fault }) => ({
    id,
    committed,
    atMs: record.msOf(at),
    ...(fault === undefined ? {} : { fault }),
  }));
  return {
    ...report,
    ledger: { entries, distinct: ledger.distinct(), duplicates: ledger.duplicates(), refused: vendor.refused() },
  };
}

/** Delivers to the vendor itself, as a connection of the service would. */
export async function tryForReal(trial: Trial, host: RuntimeOptions): Promise<TrialReport> {
  const record = new TrialRecord();
  const report = await delivered(trial, record, {
    ...host,
    onRequest(request) {
      const listener = record.onRequest(request);
      const others = host.onRequest?.(request);
      const ended = typeof others === 'function' ? others : others?.ended?.bind(others);
      return {
        ended(end) {
          listener.ended?.(end);
          ended?.(end);
        },
        decided: (decided) => listener.decided?.(decided),
      };
    },
    onSignal: record.onSignal,
  });
  return { ...report, ledger: null };
}

async function delivered(
  { destination, config, options, events, withinMs, signal }: Trial,
  record: TrialRecord,
  runtimeOptions: RuntimeOptions,
): Promise<Omit<TrialReport, 'ledger'>> {
  const runtime = createRuntime(runtimeOptions);
  try {
    const opened = runtime.open(destination, config, options);
    // The same settings were opened before the trial began: only a defect can get here.
    if (opened.kind === 'invalid') throw new Error(`the settings of a trial could not be opened a second time`);
    const { connection } = opened;
    const outcomes = await connection.deliver(events, { withinMs, signal });
    const { requests, defects } = record;
    return { outcomes, requests, suspended: connection.suspended(), defects, elapsedMs: record.elapsedMs() };
  } finally {
    await runtime.close();
  }
}
