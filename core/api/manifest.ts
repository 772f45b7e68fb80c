import type { EventType } from './event.ts';

/** What a destination is, as plain data. Readable without running any vendor code. */
export interface DestinationManifest {
  /** Kebab-case. Equals the folder name. Never changes once released. */
  readonly slug: string;
  readonly displayName: string;
  /** Other names under which `integrations` may address it. Compared without case, space, underscore. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly stage: 'alpha' | 'beta' | 'stable' | 'retired';
  /** The vendor page this connector was written against, and the day (YYYY-MM-DD) it was last compared with it. */
  readonly reference: { readonly url: string; readonly checkedOn: string };
  /** Event types this destination can express. Anything else is skipped before transform runs. */
  readonly accepts: readonly EventType[];
  /** The only hosts this connector may talk to, by https. The wire refuses every other one. */
  readonly hosts: readonly [string, ...string[]];
  readonly limits: BatchLimits;
  readonly pace: Pace;
  /** What happens when the vendor gets the same event twice. Decides whether ambiguous failures are retried. */
  readonly replay: 'deduplicated' | 'tolerated' | 'harmful';
  /**
   * Bytes of an answer to events that are read, after decoding; a longer one counts as ambiguous. Default: 64 KiB and 128 bytes
   * more for each of `limits.maxItems`.
   */
  readonly maxReplyBytes?: number;
  /** Content codings the vendor documents for request bodies. Without it `HttpRequest.compress` is refused. */
  readonly compression?: 'gzip';
  /**
   * How long a durable queue goes on trying one event, in milliseconds since it was put. Default: 24 hours. More where the
   * vendor takes old events, and a late one is worth more than none.
   */
  readonly maxQueueAgeMs?: number;
}

/** How much one request may carry. Settings and connections may lower these, never raise them. */
export interface BatchLimits {
  /** Events in one request. */
  readonly maxItems: number;
  /** Upper bound of one request body: UTF-8 bytes of the texts and the frame, before compression. */
  readonly maxBytes: number;
  /** How long stream() may hold an unfilled batch open, in milliseconds. */
  readonly maxAgeMs: number;
}

/** How fast a vendor may be asked. Only the host program may go beyond what the manifest says. */
export interface Pace {
  /** Requests of one connection in flight at once. */
  readonly concurrency: number;
  /** From handing a request over to the end of its answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Without it, concurrency alone is the brake. */
  readonly rate?: Rate;
}

/** No window of `perMs` carries more than `permits`. Rokt: 270 per 1000 ms, cost 'item' (ROKT-44). */
export interface Rate {
  readonly permits: number;
  readonly perMs: number;
  readonly cost: 'request' | 'item';
}
