import type { JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { MarkEntry } from './lane-marks.ts';
import type { PackLease } from './pack-lease.ts';

interface Taken {
  readonly lease: PackLease;
  /** Of all messages that the broker handed out of the lane, those handed out again included. */
  readonly delivery: number;
  readonly session: string | undefined;
}

/**
 * The message of each lane that this process took out last. Where the next one follows it directly, nobody else had a
 * message of the lane since, and its mark is the one that this process wrote: it need not be read.
 *
 * A broker that was killed counts on from the past. Here that ends the session, but where it is one of a cluster,
 * another one may have been killed: there each mark is read.
 */
export class LastTaken {
  readonly #connection: Pick<NatsConnection, 'info'>;
  readonly #lanes = new Map<string, Taken>();

  constructor(connection: Pick<NatsConnection, 'info'>) {
    this.#connection = connection;
  }

  remember(lane: string, lease: PackLease): void {
    const delivery = lease.message.info.deliverySequence;
    this.#lanes.set(lane, { lease, delivery, session: this.#session() });
  }

  /** The mark before this message is worked on; `undefined` where another process may have written it. */
  markFor(lane: string, { seq, info }: Pick<JsMsg, 'seq' | 'info'>): MarkEntry | undefined {
    const last = this.#lanes.get(lane);
    if (last?.session === undefined || last.session !== this.#session()) return undefined;
    const isNext = info.deliveryCount === 1 && info.deliverySequence === last.delivery + 1 && seq > last.lease.seq;
    const isDone = last.lease.open === 0 && !last.lease.isLost;
    return isNext && isDone ? { mark: undefined, revision: last.lease.revision } : undefined;
  }

  #session(): string | undefined {
    const { info } = this.#connection;
    return info === undefined || info.cluster !== undefined ? undefined : `${info.server_id} ${info.client_id}`;
  }
}
