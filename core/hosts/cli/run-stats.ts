import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { outcomeKinds, type Outcome, type OutcomeKind, type ReasonCode, type Signal } from '../../index.ts';

/** The kind of an error without its message, which may quote an event. */
export const errorName = (error: unknown): string => /^\w+(?=:| at )/.exec(String(error))?.[0] ?? 'an error';

/** So many different defects are told apart: vendor code could throw ever new ones. */
const mostDefects = 20;

type Unusable = Extract<Signal, { kind: 'reply_unusable' }>;

/** For people. */
export function unusableText({ slug, connection, code, status, cutAtBytes }: Unusable): string {
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

/** What a run counts: outcomes as they come, and what the runtime signals of its requests. */
export class RunStats {
  readonly outcomes = Object.fromEntries(outcomeKinds.map((kind) => [kind, 0])) as Record<OutcomeKind, number>;
  readonly reasons = new Map<ReasonCode, number>();
  /** Lines that are not JSON; their outcomes are among the rejected ones. */
  unreadable = 0;
  /** The vendor refused our credentials for some event. */
  unauthorized = false;
  requests = 0;
  /** Requests that were not the first attempt at their batch. */
  retries = 0;
  /** Of bodies as sent, after compression. */
  bytes = 0;
  /** Vendor code or core threw: which part and what kind of error, and how often. */
  readonly defects = new Map<string, number>();
  /** Responses that could not be used, each kind in words. */
  readonly unusable = new Set<string>();
  readonly #latency: RecordableHistogram = createHistogram();

  count(outcome: Outcome): void {
    this.outcomes[outcome.kind] += 1;
    if (outcome.kind === 'delivered') return;
    const { code } = outcome.reason;
    this.reasons.set(code, (this.reasons.get(code) ?? 0) + 1);
    if (outcome.kind === 'suspended' && code === 'unauthorized') this.unauthorized = true;
  }

  countUnreadable(outcome: Outcome): void {
    this.unreadable += 1;
    this.count(outcome);
  }

  observe(signal: Signal): void {
    if (signal.kind === 'request_finished') {
      this.requests += 1;
      this.bytes += signal.bytes;
      if (signal.attempt > 1) this.retries += 1;
      // The histogram takes whole numbers from 1.
      this.#latency.record(Math.max(1, Math.round(signal.ms * 1000)));
    } else if (signal.kind === 'reply_unusable') {
      if (this.unusable.size < mostDefects) this.unusable.add(unusableText(signal));
    } else if (signal.kind === 'defect') {
      const what = `${signal.where} (${errorName(signal.error)})`;
      if (this.defects.has(what) || this.defects.size < mostDefects)
        this.defects.set(what, (this.defects.get(what) ?? 0) + 1);
    }
  }

  /** Of requests with and without a response, in milliseconds; undefined where there were no requests. */
  latencyMs(percentile: number): number | undefined {
    if (this.#latency.count === 0) return undefined;
    return Math.round(this.#latency.percentile(percentile) / 100) / 10;
  }
}
