import type { CheckOptions, CheckResult } from '../../api/credential-check.ts';
import type { Pacer } from './pacer.ts';
import type { PendingDelivery } from '../batching/pending-delivery.ts';
import { createSuspects, keyOf } from './suspects.ts';

/**
 * What a refusal is that may be about the credentials, or about one event (a firewall that dislikes a text):
 *
 * credentials  nothing more will be taken: the connection is suspended
 * event        it was refused before, and another one passed since: it is the events'
 * later        a lone event, and nothing else is known yet
 * ask          a batch, or a connection that can be asked with check(): examine() finds out
 * doubt        the same, of a batch that holds refused events: too much was refused in a row since others passed
 */
export type Finding = 'credentials' | 'event' | 'later' | 'ask' | 'doubt';

export type Question = Extract<Finding, 'ask' | 'doubt'>;

/**
 * Whose fault a 403 is, for one connection. The question is open from the first refusal until an event passes or the
 * connection is suspended; meanwhile one request leaves at a time. Four parts of a batch (all of its events if they are
 * fewer), or two different lone events, that were refused while none passed mean the credentials. What was on its way
 * when the question came up may answer it with a yes, but adds nothing to the suspicion: a firewall answers faster than
 * a vendor.
 */
export interface Inquiry {
  /**
   * How many refusals there were. A request takes this along as its mark, so that a pass can be told from one that left
   * before.
   */
  readonly refusals: number;
  /** Something of a request that left at this mark was taken. */
  passed(mark: number): void;
  /** These credentials were taken at some time. */
  readonly accepted: boolean;
  accept(): void;
  /**
   * A request that left at this mark was refused. `plain`: in a vendor's own form, not a gateway's page. Once what was
   * found is done, concluded() lets others leave again.
   */
  refused(items: readonly PendingDelivery[], mark: number, plain: boolean): Finding;
  concluded(): void;
  /** It was refused alone before, or went back to the host for a refusal. */
  suspected(delivery: PendingDelivery): boolean;
  /** It goes back to the host for a refusal. Says how often it has. */
  putOff(delivery: PendingDelivery): number;
  /**
   * Waits for its turn, or until `over`: one batch is examined at a time, and nothing else leaves. The examiner calls
   * close() in any case. At `most` so many parts of the batch are sent to find out.
   */
  open(question: Question, most: number, over: Promise<void>): Promise<Examination>;
}

export interface Examination {
  /**
   * Asks the vendor where it can be asked; `undefined` where not. Where the time was `cutShort` before an answer came,
   * the next one asks again.
   */
  check(options: CheckOptions, cutShort: () => boolean): Promise<CheckResult['kind'] | undefined>;
  /** An event passed since this began: there is nothing more to find out. */
  passed(): boolean;
  /** In doubt, as many single events did not pass either: what is left waits for some event that does. */
  fruitless(): boolean;
  /** `tried`: how many single events were. */
  close(tried: number): void;
}

interface Options {
  readonly pacer: Pick<Pacer, 'narrow' | 'whenIdle'>;
  /** Undefined where the vendor cannot be asked. */
  readonly check: ((options: CheckOptions) => Promise<CheckResult>) | undefined;
}

/** Different lone events refused alike that mean the credentials. */
const fewest = 2;
/**
 * Parts of a batch that do, or leave it in doubt; and lone events where the vendor's check speaks for the credentials.
 */
export const mostParts = 4;

/**
 * So many known batches refused without a pass, and it is in doubt again: a firewall may just be quicker than the
 * vendor.
 */
const mostInARow = 8;

export const createInquiry = (options: Options): Inquiry => new LateInquiry(options);

/** Nearly no connection is ever refused so: what an inquiry remembers is made at the first refusal. */
class LateInquiry implements Inquiry {
  readonly #options: Options;
  #begun: Begun | undefined;
  #accepted = false;
  refusals = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  passed(mark: number): void {
    this.#accepted = true;
    this.#begun?.passed(mark);
  }

  get accepted(): boolean {
    return this.#accepted;
  }

  accept(): void {
    this.#accepted = true;
  }

  refused(items: readonly PendingDelivery[], mark: number, plain: boolean): Finding {
    const finding = this.#begin().refused(items, mark, plain);
    this.refusals = this.#begin().refusals();
    return finding;
  }

  concluded(): void {
    this.#begun?.concluded();
  }

  suspected(delivery: PendingDelivery): boolean {
    return this.#begun !== undefined && this.#begun.suspected(delivery);
  }

  putOff(delivery: PendingDelivery): number {
    return this.#begin().putOff(delivery);
  }

  open(question: Question, most: number, over: Promise<void>): Promise<Examination> {
    return this.#begin().open(question, most, over);
  }

  #begin(): Begun {
    this.#begun ??= begin(this.#options, () => this.#accepted);
    return this.#begun;
  }
}

type Begun = Omit<Inquiry, 'accepted' | 'accept' | 'refusals'> & { refusals(): number };

function begin({ pacer, check }: Options, isAccepted: () => boolean): Begun {
  let refusals = 0;
  /** The highest mark of a request that passed. */
  let lastPass = -1;
  let passes = 0;
  const suspects = createSuspects();
  /** Lone events refused since the last pass. */
  const alone = new Set<string>();
  /** Batches refused since the last pass, though others of them passed before. */
  let inARow = 0;
  /**
   * Events of lanes, since the last pass, that came a third time, and were called refused so that their lanes may tell.
   */
  let cleared = 0;
  /** Single events tried in doubt since the last pass. */
  let inVain = 0;
  /** Lone events refused since the question came up. */
  const evidence = new Set<string>();
  let openedAt: number | undefined;
  /** Of the batch under examination. */
  let parts = 0;
  let vouched = false;
  let asked = false;
  let examining = 0;
  let last: Promise<void> = Promise.resolve();
  let onPass: (() => void)[] = [];

  function narrow(): void {
    pacer.narrow(examining > 0 ? 'examined' : openedAt === undefined ? 'open' : 'single');
  }

  function forget(): void {
    openedAt = undefined;
    vouched = false;
    asked = false;
    evidence.clear();
  }

  function end(): void {
    forget();
    narrow();
  }

  /** Before this answer gives its slot back: nothing may leave until it is examined. */
  function ask(question: Question): Question {
    examining += 1;
    narrow();
    return question;
  }

  /** The credentials may have gone since they were taken last. */
  const inDoubt = (): boolean => alone.size >= fewest || inARow > mostInARow;

  const isSuspected = (delivery: PendingDelivery): boolean => suspects.markOf(delivery) !== undefined;
  const passedSince = (mark: number | undefined): boolean => mark !== undefined && mark <= lastPass;

  function needed(inCompany: boolean): number {
    if (vouched) return mostParts;
    return parts > 0 ? parts : inCompany ? mostParts : fewest;
  }

  return {
    refusals: () => refusals,
    passed(mark) {
      passes += 1;
      if (mark > lastPass) lastPass = mark;
      alone.clear();
      inARow = 0;
      inVain = 0;
      cleared = 0;
      if (openedAt !== undefined) end();
      for (const tell of onPass) tell();
      onPass = [];
    },
    refused(items, mark, plain) {
      const [first] = items as [PendingDelivery];
      const key = items.length === 1 ? keyOf(first) : undefined;
      // Of a batch that holds nothing but such events, smaller parts say no more.
      const known =
        (key === undefined && items.every(isSuspected)) ||
        items.every((delivery) => passedSince(delivery.refusalMark) || passedSince(suspects.markOf(delivery)));
      const isBack = key !== undefined && alone.has(key);
      const inCompany = first.refusalMark !== undefined;
      refusals += 1;
      for (const delivery of items) delivery.refusalMark ??= refusals;
      if (key !== undefined) {
        suspects.add(first);
        alone.add(key);
      }
      // Only one in a row: should the credentials be gone meanwhile, those behind it come again, and new ones will
      // tell.
      if (known) {
        if (key === undefined) inARow += 1;
        if (!inDoubt()) return 'event';
        if (key === undefined) return inVain < mostParts ? ask('doubt') : 'later';
        // Where every lane has such an event at its head, nothing could ever pass.
        if (!isBack || first.lane === undefined || cleared >= mostParts) return 'later';
        cleared += 1;
        return 'event';
      }
      if (plain && !isAccepted()) return 'credentials';
      const straggler = openedAt !== undefined && mark < openedAt;
      openedAt ??= refusals;
      if (key !== undefined && !straggler) {
        evidence.add(key);
        if (evidence.size >= needed(inCompany)) {
          forget();
          return 'credentials';
        }
      }
      if (key === undefined || (check !== undefined && !asked)) return ask('ask');
      narrow();
      return 'later';
    },
    concluded: narrow,
    suspected: isSuspected,
    putOff: (delivery) => suspects.putOff(delivery),
    async open(question, most, over) {
      const before = last;
      let finished: () => void = nothing;
      last = new Promise((resolve) => {
        finished = resolve;
      });
      const since = passes;
      await Promise.race([before, over]);
      if (passes === since) {
        const pass = new Promise<void>((resolve) => onPass.push(resolve));
        await Promise.race([pacer.whenIdle(), pass, over]);
      }
      parts = Math.max(fewest, Math.min(most, mostParts));
      return {
        async check(options, cutShort) {
          if (check === undefined || asked) return undefined;
          asked = true;
          const { kind } = await check(options);
          if (kind === 'ok') vouched = true;
          if (kind === 'unreachable' && cutShort()) asked = false;
          return kind;
        },
        passed: () => passes > since,
        fruitless: () => question === 'doubt' && inVain >= mostParts,
        close(tried) {
          examining -= 1;
          if (examining === 0) onPass = [];
          if (question === 'doubt' && passes === since) inVain += tried;
          parts = 0;
          if (evidence.size === 0) end();
          else narrow();
          finished();
        },
      };
    },
  };
}

const nothing = (): void => undefined;
