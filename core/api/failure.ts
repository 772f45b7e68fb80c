/** One request as the vendor documents it. A forbidden one (another host, plain http) fails as a crash. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The vendor's own absolute https URL. Only the host program can redirect it. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** If left out, core joins the batch's texts in the definition's frame. */
  readonly body?: string;
  /** Allowed if the manifest's `compression` names it. */
  readonly compress?: 'gzip' | undefined;
}

/**
 * Why a body could not be read: the wire does not know the content coding or the charset, or the coded data is broken.
 */
export type Unread = 'coding' | 'charset' | 'broken';

/** Header names are lower-cased; the body is decoded text, without a byte order mark. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body is incomplete: longer than the wire's cap, or the connection broke during it. */
  readonly cut?: boolean;
  /** If it was cut for its length: the decoded bytes that were read. */
  readonly cutAtBytes?: number;
  /** There was a body, but it could not be read: `body` is empty, whatever the vendor sent. */
  readonly unread?: Unread;
  /** Epoch ms on the runtime's clock; a Retry-After date is measured against it. */
  readonly receivedAt: number;
}

/** A request with the body that was sent, and its answer. Some vendors refer to positions in the sent text. */
export interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

/** Why a whole request did not succeed. Data, not an exception, so that it can be a fixture or a log line. */
export type Failure =
  | { readonly kind: 'http'; readonly response: HttpResponse }
  /**
   * `received`: may any byte have reached the vendor? Codes are those of Node and undici, plus `interim_response` (an
   * unrequested 100 or 101, which ends the connection) and `answer_without_length` (an empty success that may be
   * incomplete).
   */
  | { readonly kind: 'network'; readonly code: string; readonly received: 'no' | 'maybe' }
  /**
   * The deadline passed after the request began to be sent. Before that it is a network failure with `received: 'no'`.
   */
  | { readonly kind: 'timeout'; readonly afterMs: number }
  /** Code of core or of a folder threw: a defect. `left` says whether the request may already have been sent. */
  | { readonly kind: 'crash'; readonly error: unknown; readonly left: boolean };
