import type { QueueWorker, WorkOptions } from '../work-options.ts';
import { work } from '../worker.ts';
import { BrokerOverdue } from './broker-errors.ts';
import { LeaseIntake } from './lease-intake.ts';
import { LeaseQueue } from './lease-queue.ts';
import type { LeaseRecords } from './lease-records.ts';
import { Pulls } from './pulls.ts';
import type { RecentIds } from './recent-ids.ts';
import type { SuspendedConnection } from './suspended-connection.ts';
import { SettlementJournal, type JournalOptions } from './settlement-journal.ts';

export interface ConnectionLeasesOptions extends JournalOptions {
  readonly connectionOf: SuspendedConnection;
  readonly work: Partial<Omit<WorkOptions, 'queue' | 'connection'>>;
  readonly epoch: number;
  readonly leaseMs: number;
  readonly records: LeaseRecords;
  readonly recent: RecentIds;
  readonly now: () => number;
  /** How many messages wait, those that any process has out included. */
  readonly waiting: () => Promise<number>;
  readonly onDefect: (where: string, error: unknown) => void;
}

/** What is settled of messages under way is written down this often. */
const markMs = 250;
/** Events of a connection that a process takes out beyond which it asks for no more of those without order. */
const mostHere = 4_000;
const mostBytesHere = 32 * 1024 * 1024;
const soonestAskMs = 50;
const latestAskMs = 5_000;

/** What a process has of one connection: the messages that it took out, and the worker that delivers their events. */
export class ConnectionLeases {
  readonly #options: ConnectionLeasesOptions;
  readonly #queue: LeaseQueue;
  readonly #pulls: Pulls;
  readonly #worker: QueueWorker;
  readonly #timers: NodeJS.Timeout[];
  readonly #stopTelling: () => Promise<void>;
  #asking: NodeJS.Timeout | undefined;
  #askMs = soonestAskMs;
  #isStopped = false;

  constructor(options: ConnectionLeasesOptions) {
    this.#options = options;
    const { connectionOf: connection, onDefect } = options;
    const journal = new SettlementJournal(options);
    this.#queue = new LeaseQueue(journal, {
      onDrained: () => this.#askSoon(),
    });
    this.#stopTelling = options.records.tell(options.token, options.epoch, () => this.#queue.leases);
    const intake = new LeaseIntake({ ...options, queue: this.#queue });
    this.#pulls = new Pulls({
      ...options,
      take: async (message, channel) => {
        this.#queue.setElsewhere(1);
        if (await intake.take(message, channel)) this.#worker.wake();
        else if (this.#queue.size === 0) this.#askSoon();
      },
      hasRoom: () => this.#queue.size < mostHere && this.#queue.bytes < mostBytesHere,
      onDefect: (error) => onDefect('queue.take', error),
    });
    this.#worker = work({ ...options.work, now: options.now, queue: this.#queue, connection, ...idsOf(options) });
    this.#pulls.start();
    this.#timers = [setInterval(() => this.#renew(), options.leaseMs / 3), setInterval(() => this.#mark(), markMs)];
    this.#askSoon();
  }

  setLanes(lanes: ReadonlySet<number>): void {
    if (!this.#isStopped) this.#pulls.setLanes(lanes);
  }

  /** Events were put. */
  wake(): void {
    this.#queue.setElsewhere(1);
    this.#askSoon();
    this.#worker.wake();
  }

  /** Nothing can be taken out any more. */
  lose(error: Error): void {
    this.#queue.lose(error);
    this.#worker.wake();
  }

  /** The connection was suspended or resumed elsewhere. */
  suspensionChanged(): void {
    this.#options.connectionOf.changed();
    this.#worker.wake();
  }

  /** For the host: as the worker, but what it has taken out goes back when it stops. */
  worker(): QueueWorker {
    const worker = this.#worker;
    return {
      ...worker,
      idle: () => {
        // What was known of the store may be of before a put of another process.
        this.#queue.setElsewhere(1);
        this.#askSoon();
        return worker.idle();
      },
      stop: async (graceMs) => {
        await worker.stop(graceMs);
        await this.#end();
      },
      ended: async () => {
        await worker.ended();
        await this.#end();
      },
      wake: () => this.wake(),
      resume: () => {
        this.#options.connectionOf.resumeAll();
        this.wake();
      },
    };
  }

  #end(): Promise<void> {
    return (this.#ending ??= this.#giveBack());
  }

  #ending: Promise<void> | undefined;

  async #giveBack(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#asking);
    await this.#pulls.stop();
    const { onDefect } = this.#options;
    await Promise.all(
      this.#queue.leases.map((lease) =>
        this.#queue.giveBack(lease).catch((error: unknown) => onDefect('queue.release', error)),
      ),
    );
    await this.#stopTelling();
    for (const timer of this.#timers) clearInterval(timer);
  }

  #renew(): void {
    for (const { message } of this.#queue.leases) message.working();
  }

  #mark(): void {
    this.#queue.mark().catch((error: unknown) => {
      // It is tried again.
      if (!(error instanceof BrokerOverdue)) this.#options.onDefect('queue.settle', error);
    });
  }

  /** While nothing is here, asks the broker whether something waits elsewhere, ever more rarely. */
  #askSoon(): void {
    this.#askMs = soonestAskMs;
    clearTimeout(this.#asking);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#asking = setTimeout(() => void this.#ask(), this.#askMs);
    this.#asking.unref();
    this.#askMs = Math.min(latestAskMs, 2 * this.#askMs);
  }

  async #ask(): Promise<void> {
    const elsewhere = this.#queue.size > 0 ? undefined : await this.#options.waiting().catch(() => undefined);
    if (this.#isStopped) return;
    if (elsewhere === undefined || this.#queue.size > 0) return this.#schedule();
    this.#queue.setElsewhere(elsewhere);
    if (elsewhere > 0) return this.#schedule();
    this.#worker.wake();
  }
}

const idsOf = ({ connection, work: { configHash = '' } }: ConnectionLeasesOptions) => ({ id: connection, configHash });
