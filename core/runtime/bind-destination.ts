import { admit, type Batch } from '../api/delivery.ts';
import type { AnyDestination, Destination, Frame, Reply, WireResult } from '../api/destination.ts';
import type { HttpRequest } from '../api/failure.ts';
import type { BatchLimits, DestinationManifest } from '../api/manifest.ts';
import { defaultReplyCap } from '../http/exchange.ts';
import { invalidReturn } from './invalid-return.ts';
import { readResponse } from './sending/read-response.ts';
import { bareFrame, frameBytes, batchByLimits, type FrameBytes } from './batching/batcher.ts';

/** A destination with one connection's settings: the five methods, and what core needs around them. */
export interface BoundDestination extends Destination<unknown, unknown> {
  readonly settings: unknown;
  readonly prepared: unknown;
  readonly frame: Frame;
  readonly framing: FrameBytes;
  readonly limits: BatchLimits;
  readonly requestsPerDay: number | undefined;
  /** Vendors that pack by their own rules get whole windows to pack; the others are packed one delivery at a time. */
  readonly packsItself: boolean;
  /**
   * send() by a call instead of a promise, which is felt once per request: answers exactly once, and never throws. Undefined
   * where the folder has a send() of its own, which nothing but the deadline bounds.
   */
  readonly ask: Ask | undefined;
  /** Bytes of an answer that are read. */
  readonly replyBytes: number;
  /** Milliseconds one request may take, where that is not the pace's timeoutMs. */
  readonly mostMs?: number | undefined;
  readonly operations: AnyDestination['operations'];
  readonly check: AnyDestination['check'];
  readonly response: AnyDestination['response'];
  encode(payload: unknown): string;
}

type Ask = (batch: Batch<unknown>, wire: CallWire, answer: (reply: Reply) => void) => void;

/** The wire without a promise. Never throws; answers exactly once. */
export interface CallWire {
  exchange(request: HttpRequest, answer: (result: WireResult) => void): void;
}

/** Definition + defaults -> Destination. Calls prepare(), frame() and limitsFor() once; they may throw. */
export function bindDestination(
  definition: AnyDestination,
  settings: unknown,
  lowered: readonly Partial<BatchLimits>[],
): BoundDestination {
  const prepared: unknown = definition.prepare?.(settings);
  const frame = definition.frame?.(settings) ?? bareFrame;
  const framing = frameBytes(frame);
  const { requestsPerDay, ...ownLimits } = definition.limitsFor?.(settings) ?? {};
  const limits = lowest(definition.manifest.limits, ownLimits, ...lowered);
  const { encode } = definition;
  const ask = asker(definition, settings, { prepared, frame, limits });
  return {
    manifest: definition.manifest,
    config: definition.config,
    settings,
    prepared,
    frame,
    framing,
    limits,
    requestsPerDay,
    packsItself: definition.batch !== undefined,
    ask: definition.send === undefined ? ask : undefined,
    replyBytes: replyBytesOf(definition.manifest),
    operations: definition.operations,
    check: definition.check,
    response: definition.response,
    encode: encode === undefined ? JSON.stringify : (payload) => encode(payload, settings),
    validate: definition.validate ?? (() => admit),
    transform: definition.transform,
    batch: definition.batch ?? ((deliveries) => batchByLimits(deliveries, limits, framing)),
    send: definition.send ?? sender(ask),
    classifyError: (failure, batch) => definition.response.classifyError(failure, batch),
  };
}

/** An answer may name every item of a request. */
const replyBytesOf = ({ maxReplyBytes, limits: { maxItems } }: DestinationManifest): number =>
  maxReplyBytes ?? defaultReplyCap + replyBytesPerItem * maxItems;

const replyBytesPerItem = 128;

function lowest(limits: BatchLimits, ...others: readonly Partial<BatchLimits>[]): BatchLimits {
  const least = (name: keyof BatchLimits): number =>
    others.reduce((value, other) => Math.min(value, other[name] ?? value), limits[name]);
  return { maxItems: least('maxItems'), maxBytes: least('maxBytes'), maxAgeMs: least('maxAgeMs') };
}

type Around = Pick<BoundDestination, 'prepared' | 'frame' | 'limits'>;

/** The default send: one request, one answer. */
const sender =
  (ask: Ask): BoundDestination['send'] =>
  (batch, _settings, wire) =>
    new Promise((resolve) => {
      const exchange: CallWire['exchange'] = (request, answer) => void wire.request(request).then(answer);
      ask(batch, { exchange }, resolve);
    });

function asker(definition: AnyDestination, config: unknown, { prepared, frame, limits }: Around): Ask {
  const makeRequest = definition.request as NonNullable<typeof definition.request>;
  return (batch, wire, answer) => {
    let request: HttpRequest;
    try {
      request = withBody(makeRequest(batch, config, prepared), frame, batch, limits.maxBytes);
    } catch (error) {
      return answer({ kind: 'failed', failure: { kind: 'crash', error, left: false } });
    }
    wire.exchange(request, (result) => answer(replyOf(definition, request, result, batch)));
  };
}

function replyOf(definition: AnyDestination, request: HttpRequest, result: WireResult, batch: Batch<unknown>): Reply {
  if (result.kind !== 'response') return { kind: 'failed', failure: result };
  try {
    return readResponse(definition, { request, response: result.response }, batch);
  } catch (error) {
    return { kind: 'failed', failure: { kind: 'crash', error, left: true } };
  }
}

function withBody(request: HttpRequest, frame: Frame, batch: Batch<unknown>, maxBytes: number): HttpRequest {
  if (typeof request?.url !== 'string') throw invalidReturn(request, 'request() did not return a request');
  const { method, url, headers, body, compress } = request;
  if (method === 'GET') return request;
  if (body === undefined) return { method, url, headers, body: framed(frame, batch), compress };
  if (Buffer.byteLength(body) > maxBytes) throw invalidReturn(request, 'request() made a body above the limit');
  return request;
}

/** The body: the texts, joined in the frame. */
function framed({ open, separator, close }: Frame, { items }: Batch<unknown>): string {
  if (items.length === 1) return open + items[0].text + close;
  let body = open + items[0].text;
  for (let i = 1; i < items.length; i++) body += separator + items[i]?.text;
  return body + close;
}
