/** What a service takes at once. Bytes are decoded ones: after gzip, deflate or brotli. */
export interface ServiceLimits {
  /** Bytes of a JSON body. Parsing more than that at once would keep all others waiting. Default: 4 MiB. */
  readonly jsonBytes: number;
  /** Bytes of one line of NDJSON. Default: 1 MiB. */
  readonly lineBytes: number;
  /** Bytes of an NDJSON body that is kept as a whole or not at all. Default: 16 MiB. */
  readonly eventsBytes: number;
  /** Events of one request, but for NDJSON that is delivered. Default: 100,000. */
  readonly events: number;
  /** Milliseconds until the next piece of a body comes, while the service waits for it. Default: 30 s. */
  readonly bodyIdleMs: number;
  /** Requests that are being answered; those of the tracking API have half of them. Default: 1,000. */
  readonly requestsInFlight: number;
  /** Bytes of bodies that are being answered; those of the tracking API have a quarter. Default: 256 MiB. */
  readonly bytesInFlight: number;
  /** Milliseconds for which the event loop may stand still before new requests are refused. Default: 500. */
  readonly loopDelayMs: number;
  /** Open connections of clients. Default: 10,000. */
  readonly sockets: number;
}

export const defaultLimits: ServiceLimits = {
  jsonBytes: 4 * 1024 * 1024,
  lineBytes: 1024 * 1024,
  eventsBytes: 16 * 1024 * 1024,
  events: 100_000,
  bodyIdleMs: 30_000,
  requestsInFlight: 1_000,
  bytesInFlight: 256 * 1024 * 1024,
  loopDelayMs: 500,
  sockets: 10_000,
};
