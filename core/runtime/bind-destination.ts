import type { RetryDecision } from '../api/decision.ts';
import { admit, type Admission, type Batch, type Delivery } from '../api/delivery.ts';
import type { AnyDestination, Destination, Reply, WireResult } from '../api/destination.ts';
import type { Failure, HttpRequest } from '../api/failure.ts';
import { bare, framedBody, type BodyParts, type Frame } from '../api/frame.ts';
import type { BatchLimits, DestinationManifest } from '../api/manifest.ts';
import { defaultReplyCap } from '../http/exchange.ts';
import { isThenable } from './argument-check.ts';
import { batchByLimits, frameBytes, type FrameBytes } from './batching/batcher.ts';
import { invalidReturn } from './invalid-return.ts';
import { readResponse } from './sending/read-response.ts';
import { limitsBySettings, lowestLimits } from './settings-limits.ts';

type Folder = Destination<unknown, unknown>;

/**
 * A folder's definition bound to one connection's settings, with core's defaults. Two pure functions serve a batch:
 * request() builds what is sent, and read() says what the answer means.
 */
export class BoundDestination implements Omit<Folder, 'send'> {
  readonly #definition: AnyDestination;
  readonly manifest: DestinationManifest;
  readonly settings: unknown;
  readonly prepared: unknown;
  readonly frame: Frame;
  readonly framing: FrameBytes;
  readonly limits: BatchLimits;
  readonly requestsPerDay: number | undefined;
  /**
   * The folder has its own batch(), which gets whole windows of deliveries; other batches fill one delivery at a time.
   */
  readonly batchesItself: boolean;
  /** The request of all batches, without a body; `undefined` if the folder makes one for each batch. */
  readonly staticRequest: HttpRequest | undefined;
  /** A folder's own send(), in place of request() and read(): see sending/custom-send.ts. */
  readonly ownSend: Folder['send'] | undefined;
  /** The most bytes of an answer that are read. */
  readonly replyBytes: number;
  readonly response: AnyDestination['response'];
  readonly validate: Folder['validate'];
  readonly transform: Folder['transform'];
  /** Encodes one payload as text. */
  readonly encode: (payload: unknown) => string;

  /**
   * Calls the folder's prepare(), frame(), request(), responseFor() and limitsFor() once; they may throw. Limits can
   * only get lower.
   */
  constructor(definition: AnyDestination, settings: unknown, lowerLimits: readonly Partial<BatchLimits>[]) {
    this.#definition = definition;
    this.manifest = definition.manifest;
    this.settings = settings;
    this.prepared = definition.prepare?.(settings);
    this.frame = definition.frame?.(settings) ?? bare;
    this.framing = frameBytes(this.frame);
    this.staticRequest =
      definition.request === undefined ? undefined : staticRequest(definition.request(settings, this.prepared));
    const { requestsPerDay, ...ownLimits } = limitsBySettings(definition, settings);
    this.limits = lowestLimits(definition.manifest.limits, ownLimits, ...lowerLimits);
    this.requestsPerDay = requestsPerDay;
    this.batchesItself = definition.batch !== undefined;
    this.ownSend = definition.send;
    this.replyBytes = replyBytesOf(definition.manifest);
    this.response = responseOf(definition, settings, this.prepared);
    // The folder's own functions without a wrapper, because they run for each event.
    this.validate = definition.validate ?? admitAll;
    this.transform = definition.transform;
    const { encode } = definition;
    this.encode = encode === undefined ? JSON.stringify : (payload) => encode(payload, settings);
  }

  get config(): AnyDestination['config'] {
    return this.#definition.config;
  }

  get operations(): AnyDestination['operations'] {
    return this.#definition.operations;
  }

  get check(): AnyDestination['check'] {
    return this.#definition.check;
  }

  batch(deliveries: readonly Delivery<unknown>[], settings: unknown): readonly Batch<unknown>[] {
    const { batch } = this.#definition;
    return batch === undefined ? batchByLimits(deliveries, this.limits, this.framing) : batch(deliveries, settings);
  }

  /** Builds the request of a batch, with its body. Throws what the folder throws, and for an invalid request. */
  request(batch: Batch<unknown>): HttpRequest {
    if (this.staticRequest !== undefined) {
      const { method, url, headers, compress } = this.staticRequest;
      return { method, url, headers, body: framedBody(this.frame, batch), compress };
    }
    const requestFor = this.#definition.requestFor as NonNullable<AnyDestination['requestFor']>;
    return withBody(requestFor(batch, this.settings, this.prepared), this.frame, batch, this.limits.maxBytes);
  }

  /** The parts of the body, if there are several, and core alone has made them. */
  bodyParts({ items }: Batch<unknown>): BodyParts | undefined {
    if (items.length === 1 || this.staticRequest === undefined || this.batchesItself) return undefined;
    return { frame: this.frame, items };
  }

  /** Reads what the answer, or the lack of one, says about the batch. Never throws. */
  read(request: HttpRequest, result: WireResult, batch: Batch<unknown>): Reply {
    if (result.kind !== 'response') return { kind: 'failed', failure: result };
    try {
      return readResponse(this.response, { request, response: result.response }, batch);
    } catch (error) {
      return { kind: 'failed', failure: { kind: 'crash', error, left: true } };
    }
  }

  classifyError(failure: Failure, batch: Batch<unknown>): RetryDecision {
    return this.response.classifyError(failure, batch);
  }
}

/** The folder's handler, with the members that it makes of these settings. */
function responseOf(
  { response, responseFor }: AnyDestination,
  settings: unknown,
  prepared: unknown,
): AnyDestination['response'] {
  if (responseFor === undefined) return response;
  const members = responseFor(settings, prepared);
  if (typeof members !== 'object' || members === null || isThenable(members))
    throw invalidReturn(members, 'responseFor() did not return members of a response handler');
  return { ...response, ...members };
}

const admitAll = (): Admission => admit;

/** Leaves room for an answer that names every item of a request. */
const replyBytesOf = ({ maxReplyBytes, limits: { maxItems } }: DestinationManifest): number =>
  maxReplyBytes ?? defaultReplyCap + replyBytesPerItem * maxItems;

const replyBytesPerItem = 128;

/** A copy that the folder cannot change. Throws for what cannot carry the events of every batch. */
function staticRequest(request: HttpRequest): HttpRequest {
  if (typeof request?.url !== 'string') throw invalidReturn(request, 'request() did not return a request');
  const { method, url, headers, body, compress } = request;
  if (method === 'GET' || body !== undefined)
    throw invalidReturn(request, `request() made ${method === 'GET' ? 'a GET' : 'a body'}, which requestFor() does`);
  return { method, url, headers: Object.freeze(Object.assign({}, headers)), compress };
}

function withBody(request: HttpRequest, frame: Frame, batch: Batch<unknown>, maxBytes: number): HttpRequest {
  if (typeof request?.url !== 'string') throw invalidReturn(request, 'requestFor() did not return a request');
  const { method, url, headers, body, compress } = request;
  if (method === 'GET') return request;
  if (body === undefined) return { method, url, headers, body: framedBody(frame, batch), compress };
  if (Buffer.byteLength(body) > maxBytes) throw invalidReturn(request, 'requestFor() made a body above the limit');
  return request;
}
