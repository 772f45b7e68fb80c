import type { EventType } from './event.ts';

/** What a destination is, as plain data that can be read without running vendor code. */
export interface DestinationManifest {
  /** Kebab-case. Equals the folder name. Never changes once released. */
  readonly slug: string;
  readonly displayName: string;
  /** Other names under which `integrations` may address it. Compared without case, space, underscore. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly stage: 'alpha' | 'beta' | 'stable' | 'retired';
  /** The vendor's page that the connector implements, and the day (YYYY-MM-DD) of the last comparison. */
  readonly reference: { readonly url: string; readonly checkedOn: string };
  /** Event types that this destination supports. Others are skipped before transform runs. */
  readonly accepts: readonly EventType[];
  /**
   * The only hosts that this connector may reach, by https. The wire refuses every other host. `'origins'` if the
   * customer's settings name the host, as for a webhook: then the host program lists the origins that are allowed.
   */
  readonly hosts: readonly [string, ...string[]] | 'origins';
  readonly limits: BatchLimits;
  readonly pace: Pace;
  /** What a second copy of an event does at the vendor. Decides whether ambiguous failures are retried. */
  readonly replay: 'deduplicated' | 'tolerated' | 'harmful';
  /**
   * Most bytes of an answer to events, after decoding; a longer answer counts as ambiguous. Default: 64 KiB plus 128
   * bytes per item of `limits.maxItems`.
   */
  readonly maxReplyBytes?: number;
  /** A content coding that the vendor documents for request bodies. Without it `HttpRequest.compress` is refused. */
  readonly compression?: 'gzip';
  /**
   * How long a durable queue keeps trying one event, in milliseconds since it was put. Default: 24 hours. Use more if
   * the vendor accepts old events and a late one is better than a lost one.
   */
  readonly maxQueueAgeMs?: number;
  /**
   * `'eventTime'`: `occurredAt` of every payload with a lane is what eventTime() gives for its event, so core can bring
   * the events of a large deliver() in order before it transforms them. Without it, it holds all their payloads first.
   */
  readonly laneOrder?: 'eventTime';
}

/** How much one request, and one event, may carry. Settings and connections may lower these, never raise them. */
export interface BatchLimits {
  /** Events in one request. */
  readonly maxItems: number;
  /** Upper bound of one request body: UTF-8 bytes of the texts and the frame, before compression. */
  readonly maxBytes: number;
  /**
   * Upper bound of one event, if the vendor has one: UTF-8 bytes of its text, without the frame. A larger event is
   * rejected as `payload_too_large` before it is sent. Default: whatever fits into a request.
   */
  readonly maxItemBytes?: number;
  /** How long stream() may hold an unfilled batch open, in milliseconds. */
  readonly maxAgeMs: number;
}

/** How fast requests may be sent to a vendor. Only the host program may exceed the manifest. */
export interface Pace {
  /** Requests of one connection in flight at once. */
  readonly concurrency: number;
  /** Time limit from the start of a request to the end of its answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Without it, only concurrency limits the speed. */
  readonly rate?: Rate;
}

/**
 * No window of `perMs`, wherever it starts, carries more than `permits`. Rokt: 270 per 1030 ms, cost 'item' (ROKT-44).
 */
export interface Rate {
  readonly permits: number;
  /** Milliseconds. */
  readonly perMs: number;
  readonly cost: 'request' | 'item';
  /**
   * How many permits may be used at once, less than `permits`; the others come evenly, one each
   * `perMs / (permits - burst)` milliseconds. That is the steady pace, `permits - burst` per `perMs`: less than
   * `permits`, as any window may begin with a burst. Without it all may be used at once: a vendor that counts on its
   * own clock can then see almost twice as many in a window, as requests need different times to arrive. A request for
   * more items than this leaves when all that left before it are paid for.
   *
   * @example
   * // 8 at once, then one each 3.8 ms, 262 a second; requests of 90 items are 343 ms apart.
   * const rate: Rate = { permits: 270, perMs: 1_000, cost: 'item', burst: 8 };
   */
  readonly burst?: number | undefined;
}
