import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { outcomeKinds, type Outcome, type OutcomeKind, type ReasonCode, type Signal } from '../../index.ts';

/** What a run counts: outcomes as they are given, and what the runtime tells of its requests. */
export interface Tally {
  readonly outcomes: Readonly<Record<OutcomeKind, number>>;
  readonly reasons: ReadonlyMap<ReasonCode, number>;
  /** Lines no event could be read from; their outcomes are among the rejected ones. */
  readonly unreadable: number;
  /** The vendor refused our credentials for some event. */
  readonly unauthorized: boolean;
  readonly requests: number;
  /** Requests that were not the first attempt at their batch. */
  readonly retries: number;
  /** Of bodies as sent, after compression. */
  readonly bytes: number;
  /** Of answered and failed requests alike, in milliseconds; undefined without any. */
  latencyMs(percentile: number): number | undefined;
  /** Vendor code or core threw: which part and what kind of error, and how often. */
  readonly defects: ReadonlyMap<string, number>;
  /** Answers that could not be used, each kind in words. */
  readonly unusable: ReadonlySet<string>;
  readonly count: (outcome: Outcome) => void;
  readonly countUnreadable: (outcome: Outcome) => void;
  readonly hear: (signal: Signal) => void;
}

/** The kind of an error without its message, which may quote an event. */
const nameOf = (error: unknown): string => /^\w+(?=:| at )/.exec(String(error))?.[0] ?? 'an error';

/** So many different defects are told apart; vendor code could make up ever new ones. */
const defectsKept = 20;

type Unusable = Extract<Signal, { kind: 'reply_unusable' }>;

function unusableText({ slug, connection, code, status, cutAtBytes }: Unusable): string {
  const where = connection === slug ? slug : `${slug} (${connection})`;
  switch (code) {
    case 'interim_response':
      return (
        `${where}: an interim response (100 or 101) came that was not requested; ` +
        'the events may have arrived and are not sent again'
      );
    case 'reply_too_large':
      return `${where}: a response (${status}) was cut at ${cutAtBytes} bytes, the manifest's maxReplyBytes`;
    case 'reply_unreadable':
      return `${where}: a response (${status}) has a content encoding or a charset that cannot be read`;
  }
}

export function createTally(): Tally {
  const outcomes = Object.fromEntries(outcomeKinds.map((kind) => [kind, 0])) as Record<OutcomeKind, number>;
  const reasons = new Map<ReasonCode, number>();
  const defects = new Map<string, number>();
  const unusable = new Set<string>();
  const latency: RecordableHistogram = createHistogram();
  let unreadable = 0;
  let unauthorized = false;
  let requests = 0;
  let retries = 0;
  let bytes = 0;

  function count(outcome: Outcome): void {
    outcomes[outcome.kind] += 1;
    if (outcome.kind === 'delivered') return;
    const { code } = outcome.reason;
    reasons.set(code, (reasons.get(code) ?? 0) + 1);
    if (outcome.kind === 'suspended' && code === 'unauthorized') unauthorized = true;
  }

  function hear(signal: Signal): void {
    if (signal.kind === 'request_finished') {
      requests += 1;
      bytes += signal.bytes;
      if (signal.attempt > 1) retries += 1;
      // The histogram takes whole numbers from 1.
      latency.record(Math.max(1, Math.round(signal.ms * 1000)));
    } else if (signal.kind === 'reply_unusable') {
      if (unusable.size < defectsKept) unusable.add(unusableText(signal));
    } else if (signal.kind === 'defect') {
      const what = `${signal.where} (${nameOf(signal.error)})`;
      if (defects.has(what) || defects.size < defectsKept) defects.set(what, (defects.get(what) ?? 0) + 1);
    }
  }

  return {
    outcomes,
    reasons,
    defects,
    unusable,
    count,
    countUnreadable(outcome) {
      unreadable += 1;
      count(outcome);
    },
    hear,
    latencyMs: (percentile) =>
      latency.count === 0 ? undefined : Math.round(latency.percentile(percentile) / 100) / 10,
    get unreadable() {
      return unreadable;
    },
    get unauthorized() {
      return unauthorized;
    },
    get requests() {
      return requests;
    },
    get retries() {
      return retries;
    },
    get bytes() {
      return bytes;
    },
  };
}
