/** One request as the vendor's documents want it. What may not leave (another host, plain http) fails as a crash. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The vendor's own absolute https URL. Only the host program can point it elsewhere. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Left out: core joins the batch's texts in the definition's frame. */
  readonly body?: string;
  /** Honoured where the manifest's `compression` names it. */
  readonly compress?: 'gzip' | undefined;
}

/**
 * Why an answer's body could not be read: a content coding or a charset that the wire does not know, or a coding that does not
 * decode.
 */
export type Unread = 'coding' | 'charset' | 'broken';

/** Header names are lower-cased; the body is decoded text, without a byte order mark. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body is not all there: longer than the wire's cap, or the connection broke while it came. */
  readonly cut?: boolean;
  /** Where it was cut for its length: decoded bytes that were read. */
  readonly cutAtBytes?: number;
  /** A body came, and is none that can be read: `body` is empty, and says nothing about what the vendor said. */
  readonly unread?: Unread;
  /** Epoch ms on the runtime's clock; a Retry-After date is measured against it. */
  readonly receivedAt: number;
}

/** A request, with the body that was sent, and its answer. Some vendors answer in terms of the text they were sent. */
export interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

/** Why a whole request did not succeed. Data, not an exception: it can be a fixture and a log line. */
export type Failure =
  | { readonly kind: 'http'; readonly response: HttpResponse }
  /**
   * `received` is our honest knowledge: did any byte possibly reach the vendor? Codes are those of Node and undici, and
   * `interim_response` (100 or 101 that nobody asked for; it ends the connection) and `answer_without_length` (an empty yes of
   * which nobody can say whether it is whole).
   */
  | { readonly kind: 'network'; readonly code: string; readonly received: 'no' | 'maybe' }
  /** Time ran out after the request began to leave. Before that it is a network failure with `received: 'no'`. */
  | { readonly kind: 'timeout'; readonly afterMs: number }
  /** Our own or vendor code threw. Always a bug of ours. `left` says whether the request was already on its way. */
  | { readonly kind: 'crash'; readonly error: unknown; readonly left: boolean };
