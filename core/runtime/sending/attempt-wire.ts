import type { Reply, Wire, WireResult } from '../../api/destination.ts';
import type { Failure, HttpRequest, HttpResponse } from '../../api/failure.ts';
import type { EncodedBody } from '../../http/transport.ts';
import type { Call } from '../connection-context.ts';
import type { PendingBatch } from '../batching/pending-delivery.ts';
import { unusableReply } from './unusable-reply.ts';

/** How often a send() is checked against its deadline, in milliseconds. */
const lookMs = 100;

const tooLate: Failure = { kind: 'network', code: 'ETIMEDOUT', received: 'no' };

/** The wire as one attempt sees it: within the batch's deadline, told to the host, and with the bytes of the attempt before. */
export class AttemptWire implements Wire {
  readonly #call: Call;
  readonly #crate: PendingBatch;
  readonly #attempt: number;
  /** A request may have left. */
  used = false;
  sealed: EncodedBody | undefined;
  /** The answer, when one came. */
  heard: HttpResponse | undefined;
  #over = false;
  #departed = false;

  constructor(call: Call, batch: PendingBatch, attempt: number, sealed: EncodedBody | undefined) {
    this.#call = call;
    this.#crate = batch;
    this.#attempt = attempt;
    this.sealed = sealed;
  }

  get signal(): AbortSignal {
    return this.#call.signal();
  }

  /** A vendor's own send() may hang, its call may not: what has not ended by the deadline is over, and sends nothing more. */
  async inTime(sent: Promise<Reply>): Promise<Reply> {
    const { clock } = this.#call.context;
    const startedAt = clock.elapsed();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Reply>((resolve) => {
      timer = setInterval(() => {
        const time = clock.elapsed();
        if (time <= this.#crate.deadline) return;
        this.#over = true;
        resolve({ kind: 'failed', failure: this.used ? { kind: 'timeout', afterMs: time - startedAt } : tooLate });
      }, lookMs);
    });
    try {
      return await Promise.race([sent, late]);
    } finally {
      clearInterval(timer);
    }
  }

  request(request: HttpRequest): Promise<WireResult> {
    return new Promise((resolve) => this.exchange(request, resolve));
  }

  exchange(request: HttpRequest, answer: (result: WireResult) => void): void {
    if (this.#over) return answer(tooLate);
    const startedAt = this.#call.context.clock.elapsed();
    let answered = false;
    const onAnswer = (result: WireResult): void => {
      if (answered) return;
      answered = true;
      this.#tell(result, startedAt);
      answer(result);
    };
    const stay = (error: unknown): void => onAnswer({ kind: 'crash', error, left: false });
    try {
      const sealed = request.body === undefined ? undefined : this.#seal(request);
      if (sealed === undefined || !('then' in sealed)) return this.#leave(request, sealed, startedAt, onAnswer);
      sealed.then((made) => this.#leave(request, made, startedAt, onAnswer)).catch(stay);
    } catch (error) {
      stay(error);
    }
  }

  /** Throws when the request may not leave at all. */
  #leave(
    request: HttpRequest,
    body: EncodedBody | undefined,
    startedAt: number,
    onAnswer: (result: WireResult) => void,
  ): void {
    if (this.#over) return onAnswer(tooLate);
    const { transport, vendor } = this.#call.context;
    this.sealed = body ?? this.sealed;
    const { replyBytes, mostMs } = vendor;
    const bounds = { withinMs: this.#crate.deadline - startedAt, mostMs, replyBytes, signal: this.#call.signal };
    transport.send(request, body, bounds, { onStart: () => this.departed(), onAnswer });
    this.used = true;
  }

  #tell(result: WireResult, startedAt: number): void {
    const { emit, slug, id: connection, clock } = this.#call.context;
    if (result.kind === 'response') this.heard = result.response;
    if (emit === undefined) return;
    const unusable = unusableReply(result);
    if (unusable !== undefined) emit({ kind: 'reply_unusable', slug, connection, ...unusable });
    emit({
      kind: 'request_finished',
      slug,
      connection,
      items: this.#crate.items.length,
      bytes: this.sealed?.bytes.length ?? 0,
      attempt: this.#attempt,
      ms: clock.elapsed() - startedAt,
      ...(result.kind === 'response' ? { status: result.response.status } : { failure: result.kind }),
    });
  }

  /** The request leaves, or none ever will: its permits are dated, once. */
  departed(): void {
    if (this.#departed) return;
    this.#departed = true;
    this.#call.context.pacer.started(this.#crate.items.length);
  }

  /** Only compression takes time: anything else would wait for nothing. */
  #seal(request: HttpRequest): EncodedBody | Promise<EncodedBody> {
    const compressed = request.compress !== undefined;
    if (this.sealed?.text === request.body && this.sealed?.compressed === compressed) return this.sealed as EncodedBody;
    return this.#call.context.transport.encodeBody(request);
  }
}
