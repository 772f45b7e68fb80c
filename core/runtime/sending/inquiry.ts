import type { CheckOptions, CheckResult } from '../../api/credential-check.ts';
import type { PendingDelivery } from '../batching/pending-delivery.ts';
import type { Pacer } from './pacer.ts';
import { maxParts, minLoneEvents, RefusalRecord, type Finding, type Question } from './refusal-record.ts';

/** One refused batch under examination. */
export interface Examination {
  /**
   * Asks the vendor by its credential check; `undefined` where it has none, or was asked already. If the time was
   * `cutShort` before an answer came, the next examination asks again.
   */
  check(options: CheckOptions, cutShort: () => boolean): Promise<CheckResult['kind'] | undefined>;
  /** An event passed since the examination began: nothing is left to find out. */
  passed(): boolean;
  /** In doubt, and enough single events were refused as well: the rest waits until some event passes. */
  fruitless(): boolean;
  /** `tried`: how many single events were sent. */
  close(tried: number): void;
}

interface Options {
  readonly pacer: Pick<Pacer, 'narrow' | 'whenIdle'>;
  /** Undefined where the vendor has no credential check. */
  readonly check: ((options: CheckOptions) => Promise<CheckResult>) | undefined;
}

/**
 * Finds out, for one connection, whether a 403 is about the credentials or about an event. The question is open from
 * the first refusal until an event passes or the connection is suspended; meanwhile one request leaves at a time. Four
 * parts of a batch (all of its events if there are fewer), or two different lone events, refused while none passed,
 * mean the credentials. A request that left before the question came up may answer it by passing, but adds nothing to
 * the suspicion: a firewall answers faster than a vendor.
 */
export class Inquiry {
  /**
   * Refusals so far. A request takes the number along as its mark, to tell whether it left before or after a refusal.
   */
  refusals = 0;
  readonly #options: Options;
  /** The vendor took these credentials at some time. */
  #isAccepted = false;
  /** Made at the first refusal: most connections never have one. */
  #record: RefusalRecord | undefined;
  /** Examinations asked for and not closed, and the end of the last of them. */
  #examinations = 0;
  #lastExamination: Promise<void> = idle;
  /** Parts of the batch under examination. */
  #parts = 0;
  #onPass: (() => void)[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /** The vendor took something of a request that left at this mark. */
  passed(mark: number): void {
    this.#isAccepted = true;
    if (this.#record !== undefined) this.#pass(this.#record, mark);
  }

  #pass(record: RefusalRecord, mark: number): void {
    record.pass(mark);
    this.#narrow();
    for (const resolve of this.#onPass) resolve();
    this.#onPass = [];
  }

  /** The vendor took the credentials themselves. */
  accept(): void {
    this.#isAccepted = true;
  }

  /**
   * The vendor refused a request that left at this mark. `plain`: in its own form, not by a gateway's page. The caller
   * acts on the finding, then calls concluded(), so that others may leave again; or open() for a question.
   */
  refused(items: readonly PendingDelivery[], mark: number, plain: boolean): Finding {
    this.#record ??= new RefusalRecord();
    const finding = this.#record.add({
      items,
      mark,
      isPlain: plain && !this.#isAccepted,
      canCheck: this.#options.check !== undefined,
      parts: this.#parts,
    });
    this.refusals = this.#record.refusals;
    if (finding === 'ask' || finding === 'doubt') this.#examinations += 1;
    // Before this answer gives its slot back: nothing may leave until the batch is examined.
    if (finding !== 'credentials') this.#narrow();
    return finding;
  }

  concluded(): void {
    this.#narrow();
  }

  /** Whether the event was refused alone before, or went back to the host for a refusal. */
  suspected(delivery: PendingDelivery): boolean {
    return this.#record !== undefined && this.#record.suspected(delivery);
  }

  /** The event goes back to the host for a refusal. Returns how often it has. */
  putOff(delivery: PendingDelivery): number {
    this.#record ??= new RefusalRecord();
    return this.#record.putOff(delivery);
  }

  /**
   * Waits for its turn, or until `over`: one batch is examined at a time, and nothing else leaves meanwhile. At most
   * `parts` parts of the batch are sent to find out. The caller calls close() in any case.
   */
  async open(question: Question, parts: number, over: Promise<void>): Promise<Examination> {
    const record = (this.#record ??= new RefusalRecord());
    const before = this.#lastExamination;
    let finish = (): void => undefined;
    this.#lastExamination = new Promise((resolve) => {
      finish = resolve;
    });
    const passesBefore = record.passes;
    const hasPassed = (): boolean => record.passes > passesBefore;
    await Promise.race([before, over]);
    if (!hasPassed()) {
      const pass = new Promise<void>((resolve) => this.#onPass.push(resolve));
      await Promise.race([this.#options.pacer.whenIdle(), pass, over]);
    }
    this.#parts = Math.max(minLoneEvents, Math.min(parts, maxParts));
    return {
      check: (options, cutShort) => this.#checkCredentials(record, options, cutShort),
      passed: hasPassed,
      fruitless: () => question === 'doubt' && record.isOutOfProbes,
      close: (tried) => {
        if (question === 'doubt' && !hasPassed()) record.addProbes(tried);
        this.#close(record);
        finish();
      },
    };
  }

  async #checkCredentials(
    record: RefusalRecord,
    options: CheckOptions,
    cutShort: () => boolean,
  ): Promise<CheckResult['kind'] | undefined> {
    const { check } = this.#options;
    if (check === undefined || record.isChecked) return undefined;
    record.isChecked = true;
    const { kind } = await check(options);
    if (kind === 'ok') record.vouch();
    if (kind === 'unreachable' && cutShort()) record.isChecked = false;
    return kind;
  }

  #close(record: RefusalRecord): void {
    this.#examinations -= 1;
    if (this.#examinations === 0) this.#onPass = [];
    this.#parts = 0;
    if (!record.hasEvidence) record.dropSuspicion();
    this.#narrow();
  }

  /** Who may leave: everybody, one request at a time while the question is open, or an examination alone. */
  #narrow(): void {
    const isOpen = this.#record !== undefined && this.#record.isOpen;
    this.#options.pacer.narrow(this.#examinations > 0 ? 'examined' : isOpen ? 'single' : 'open');
  }
}

const idle = Promise.resolve();
