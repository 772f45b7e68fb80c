import type { RetryDecision } from '../../api/decision.ts';
import type { Reply, WireResult } from '../../api/destination.ts';
import type { HttpRequest, HttpResponse } from '../../api/failure.ts';
import type { ExchangeListener } from '../../http/exchange.ts';
import type { EncodedBody } from '../../http/transport.ts';
import type { PendingBatch } from '../batching/pending-delivery.ts';
import { sendByFolder, type FolderSendListener } from './custom-send.ts';
import { decisionsOf } from './decisions.ts';
import { followUp } from './follow-up.ts';
import { inOneGo, maskInTurns } from './mask-reasons.ts';
import { deferred, slotRefusals } from './outcomes.ts';
import type { SlotRefusal, SlotWaiter } from './pacer.ts';
import { reportRequest } from './report.ts';
import type { RequestObserver } from './request-observer.ts';
import { filterByScope } from './scope-filter.ts';
import { waitForScope } from './scope-wait.ts';
import {
  AwaitedBatch,
  type BatchOwner,
  type ContinueOptions,
  type Retry,
  type SendingBatch,
  type SendRun,
} from './send-run.ts';
import { abandon, settleDecided } from './settle.ts';
import { deferBehind, lanesArePersisted } from './split.ts';

/**
 * Sends one batch, from its wait for a slot to its last outcome. Its methods are its states, in order of time:
 *
 * start     drops what is suspended, and asks the pacer for a slot
 * onSlot    makes the request, and hands it to the transport
 * onStart   the first byte leaves
 * onAnswer  reads the answer; onReply() masks what it says
 * #decide   decides about each item, and settles what is decided; then the slot is released
 * #finish   tells the owner
 *
 * After #decide it may sleep, and start again with the items to retry. Items that need requests of their own become
 * parts, each a BatchSend (follow-up.ts). It is itself the pacer's waiter and the exchange's listener, so that a
 * request takes one object more, its Exchange, and no closure.
 */
export class BatchSend implements SendingBatch, SlotWaiter, ExchangeListener, FolderSendListener {
  readonly run: SendRun;
  readonly #owner: BatchOwner;
  /** The batch as #finish() reports it. */
  readonly #whole: PendingBatch;
  /** The items of the next or current attempt. */
  #batch: PendingBatch;
  deadline: number;
  size: number;
  urgent: boolean;
  attempts = 0;
  failures = 0;
  resends = 0;
  /** See SendingBatch. */
  mark = 0;
  withinMs = 0;
  readonly replyBytes: number;
  #request: HttpRequest | undefined;
  /** The same items are sent as the same bytes (ALL-03). */
  #body: EncodedBody | undefined;
  #leftAt = 0;
  /** Of the host's onRequest. */
  #observer: RequestObserver | undefined;
  #hasStarted = false;
  /** The scope that has released the batch. */
  #clearedScope: string | undefined;
  #slotTold = false;
  #isOver = false;
  #onFirstAnswer: ((goOn: () => void) => void) | undefined;
  /** Parts with requests of their own. */
  #parts: Promise<void>[] | undefined;

  constructor(run: SendRun, owner: BatchOwner, batch: PendingBatch, urgent = false) {
    this.run = run;
    this.#owner = owner;
    this.#whole = batch;
    this.#batch = batch;
    this.deadline = batch.deadline;
    this.size = batch.items.length;
    this.urgent = urgent;
    this.replyBytes = run.context.vendor.replyBytes;
  }

  start(): void {
    const { pacer } = this.run.context;
    const waiting = this.#mayLeave(this.#batch);
    if (waiting === undefined) return this.#attemptOver(undefined);
    this.#batch = waiting;
    this.deadline = waiting.deadline;
    this.size = waiting.items.length;
    if (this.run.stopped) this.onSlot({ cause: 'stopped', retryAt: pacer.opensAt() });
    else pacer.acquire(this);
  }

  onSlot(refusal: SlotRefusal | undefined): void {
    this.#tellSlotTaken();
    // An error must not reach the pacer, where other batches wait.
    try {
      if (refusal === undefined) return this.#leave();
      for (const delivery of this.#batch.items) {
        const reason = delivery.reason ?? slotRefusals[refusal.cause];
        this.run.settle(delivery, deferred(delivery, reason, refusal.retryAt));
      }
    } catch (error) {
      abandon(this.run, this.#batch, error);
    }
    this.#attemptOver(undefined);
  }

  /** Sends the batch. It keeps the slot until its answer is judged. */
  #leave(): void {
    const { context } = this.run;
    // Another answer may have suspended or paused some of it during the wait for the slot.
    const leaving = this.#mayLeave(this.#batch);
    if (leaving !== this.#batch) context.pacer.changed(this.#batch.items.length, leaving?.items.length ?? 0);
    if (leaving === undefined) {
      context.pacer.release();
      return this.#attemptOver(undefined);
    }
    this.#batch = leaving;
    this.size = leaving.items.length;
    this.attempts += 1;
    for (const delivery of leaving.items) delivery.attempts += 1;
    this.mark = context.inquiry.refusals;
    this.#hasStarted = false;
    this.#leftAt = context.clock.elapsed();
    this.withinMs = leaving.deadline - this.#leftAt;
    if (context.vendor.ownSend === undefined) this.#send();
    else sendByFolder(this.run, leaving, this);
  }

  #send(): void {
    const { transport, vendor } = this.run.context;
    try {
      this.#request = vendor.request(this.#batch);
    } catch (error) {
      return this.onReply({ kind: 'failed', failure: { kind: 'crash', error, left: false } }, undefined);
    }
    try {
      const body = transport.encodeBody(this.#request, this.#body, vendor.bodyParts(this.#batch));
      if (body === undefined || !('then' in body)) return this.#transmit(body);
      // Only compression is asynchronous.
      body.then((compressed) => this.#transmit(compressed)).catch((error: unknown) => this.#failUnsent(error));
    } catch (error) {
      this.#failUnsent(error);
    }
  }

  #transmit(body: EncodedBody | undefined): void {
    const { requestHook, transport } = this.run.context;
    const request = this.#request as HttpRequest;
    this.#body = body;
    this.#observer = requestHook?.start(request, this.attempts, this.#batch.items);
    transport.send(request, body, this);
  }

  /** The transport refused the request: nothing was sent. */
  #failUnsent(error: unknown): void {
    this.onAnswer({ kind: 'crash', error, left: false });
  }

  observe(observer: RequestObserver): void {
    this.#observer = observer;
  }

  onStart(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.run.context.pacer.started(this.size);
  }

  onAnswer(result: WireResult): void {
    const { context } = this.run;
    this.#observer?.ended(result);
    const { size: items, attempts: attempt } = this;
    const bytes = this.#body?.bytes.length ?? 0;
    if (context.emit !== undefined) reportRequest(context, { items, bytes, attempt, startedAt: this.#leftAt }, result);
    const reply = context.vendor.read(this.#request as HttpRequest, result, this.#batch);
    this.onReply(reply, result.kind === 'response' ? result.response : undefined);
  }

  /** `response`: the source of the reply. */
  onReply(reply: Reply, response: HttpResponse | undefined): void {
    const masking = this.size > inOneGo ? maskInTurns(this.run.context, this.#batch, reply, response) : undefined;
    if (masking === undefined) this.#conclude(reply, response);
    else void masking.then(() => this.#conclude(reply, response));
  }

  #conclude(reply: Reply, response: HttpResponse | undefined): void {
    const retry = this.#decide(reply, response);
    // A request that was never sent uses its permits now.
    this.onStart();
    // Only now: a suspension or pause by this answer must apply before the next request gets the slot.
    this.run.context.pacer.release();
    this.#attemptOver(retry);
  }

  /** Settles the items that the answer decides, and starts the parts of the others. Returns what is to be retried. */
  #decide(reply: Reply, response: HttpResponse | undefined): Retry | undefined {
    const { context } = this.run;
    try {
      const decisions = decisionsOf(context, reply, this.#batch, response);
      if (decisions.some(isAccepted)) context.budget.earn();
      if (decisions.some(isPassed)) context.inquiry.passed(this.mark);
      const open = settleDecided(this.run, this.#batch, decisions, this);
      const next = open.length === 0 ? undefined : followUp(this, this.#batch, open, response);
      for (const part of next?.parts ?? none) this.#addPart(part);
      this.#observer?.decided(this.#batch.items, open);
      return next?.retry;
    } catch (error) {
      abandon(this.run, this.#batch, error);
      this.#observer?.decided(this.#batch.items, []);
      return undefined;
    }
  }

  #attemptOver(retry: Retry | undefined): void {
    this.#tellSlotTaken();
    const onFirstAnswer = this.#onFirstAnswer;
    if (onFirstAnswer === undefined) return this.#goOn(retry);
    this.#onFirstAnswer = undefined;
    onFirstAnswer(() => this.#goOn(retry));
  }

  #goOn(retry: Retry | undefined): void {
    if (retry !== undefined) void this.#sleep(retry);
    else if (this.#parts !== undefined) void this.#awaitParts();
    else this.#finish();
  }

  /** Never rejects. */
  async #sleep({ batch, waitMs }: Retry): Promise<void> {
    const { run } = this;
    const { clock } = run.context;
    try {
      if (await lanesArePersisted(run, batch)) {
        await clock.sleep(waitMs, run.signal());
        this.#batch = batch;
        return this.start();
      }
      deferBehind(run, batch, clock.now() + waitMs);
    } catch (error) {
      abandon(run, batch, error);
    }
    this.#goOn(undefined);
  }

  /** Parts may add further parts. Never rejects. */
  async #awaitParts(): Promise<void> {
    try {
      while (this.#parts !== undefined) {
        const parts = this.#parts;
        this.#parts = undefined;
        await Promise.all(parts);
      }
    } catch (error) {
      abandon(this.run, this.#whole, error);
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.batchDone(this.#whole);
  }

  #tellSlotTaken(): void {
    if (this.#slotTold) return;
    this.#slotTold = true;
    this.#owner.slotTaken();
  }

  /** Settles suspended items, and lets items that wait for their scope continue as parts. */
  #mayLeave(batch: PendingBatch): PendingBatch | undefined {
    const { suspensions, scopePauses } = this.run.context;
    if (!suspensions.any && !scopePauses.any) return batch;
    const { leaving, paused } = filterByScope(this.run, batch, this.#clearedScope);
    for (const one of paused) this.#addPart(waitForScope(this, one.batch, one.pause));
    return leaving;
  }

  #addPart(part: Promise<void>): void {
    (this.#parts ??= []).push(part);
  }

  continuePart(batch: PendingBatch, options: ContinueOptions = {}): Promise<void> {
    const owner = new AwaitedBatch();
    const part = new BatchSend(this.run, owner, batch, this.urgent);
    const { attempts, failures, resends } = options.tries ?? this;
    part.attempts = attempts;
    part.failures = failures;
    part.resends = resends;
    part.#body = this.#body;
    part.#clearedScope = options.clearedScope ?? this.#clearedScope;
    part.#onFirstAnswer = options.onFirstAnswer;
    if (options.retry === undefined) part.start();
    else void part.#sleep(options.retry);
    return owner.done;
  }

  sendPart(batch: PendingBatch): Promise<void> {
    const owner = new AwaitedBatch();
    new BatchSend(this.run, owner, batch).start();
    return owner.done;
  }

  sendProbe(batch: PendingBatch): Promise<() => Promise<void>> {
    const owner = new AwaitedBatch();
    const probe = new BatchSend(this.run, owner, batch, true);
    return new Promise((resolve) => {
      probe.#onFirstAnswer = (goOn) =>
        resolve(() => {
          probe.urgent = false;
          goOn();
          return owner.done;
        });
      probe.start();
    });
  }
}

const none: readonly Promise<void>[] = [];

const isAccepted = ({ kind }: RetryDecision): boolean => kind === 'accept';
/** A vendor that only validates an event, or does not want it, has accepted the credentials as well. */
const isPassed = ({ kind }: RetryDecision): boolean => kind === 'accept' || kind === 'skip';
