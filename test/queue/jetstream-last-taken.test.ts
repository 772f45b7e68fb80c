// Tests core/queue/jetstream/last-taken.ts.
import { describe, expect, test } from '@jest/globals';
import type { JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { LastTaken } from '../../core/queue/jetstream/last-taken.ts';
import { PackLease } from '../../core/queue/jetstream/pack-lease.ts';

type ServerInfo = NonNullable<NatsConnection['info']>;
type Session = Pick<NatsConnection, 'info'>;
const lane = 'token.0.7';
const alone = { server_id: 'one', client_id: 4 } as ServerInfo;

const message = (seq: number, deliverySequence: number, deliveryCount = 1): JsMsg =>
  ({ seq, info: { deliverySequence, deliveryCount } }) as JsMsg;

/** Of one event, which is settled, as its mark says. */
function doneLease(taken: JsMsg): PackLease {
  const lease = new PackLease(taken, { epoch: 0, channel: 7, markKey: lane }, [{ id: 'a', acceptedAt: 0, text: '{}' }]);
  lease.settle(0, false);
  lease.revision = 31;
  return lease;
}

interface Before {
  readonly lease?: PackLease;
  readonly connection?: Session;
}

function after(taken: JsMsg, { lease = doneLease(taken), connection = { info: alone } }: Before = {}): LastTaken {
  const last = new LastTaken(connection);
  last.remember(lane, lease);
  return last;
}

describe('the mark of a lane need not be read', () => {
  test('before the message that directly follows the one that was done here', () => {
    expect(after(message(10, 3)).markFor(lane, message(19, 4))).toEqual({ mark: undefined, revision: 31 });
  });
});

describe('the mark of a lane is read', () => {
  test('before the first message of the lane', () => {
    expect(after(message(10, 3)).markFor('token.0.8', message(19, 4))).toBeUndefined();
  });

  test('where a message was handed out in between, as to another process', () => {
    expect(after(message(10, 3)).markFor(lane, message(19, 5))).toBeUndefined();
  });

  test('for a message that is handed out again', () => {
    expect(after(message(10, 3)).markFor(lane, message(19, 4, 2))).toBeUndefined();
    expect(after(message(10, 3)).markFor(lane, message(10, 4, 2))).toBeUndefined();
  });

  test('for a message of the past, of a consumer that was made anew', () => {
    expect(after(message(10, 3)).markFor(lane, message(9, 4))).toBeUndefined();
  });

  test('while something of the message before is open, or where its lane went to another process', () => {
    const open = new PackLease(message(10, 3), { epoch: 0, channel: 7, markKey: lane }, [
      { id: 'a', acceptedAt: 0, text: '{}' },
    ]);
    expect(after(message(10, 3), { lease: open }).markFor(lane, message(19, 4))).toBeUndefined();
    const lost = doneLease(message(10, 3));
    lost.isLost = true;
    expect(after(message(10, 3), { lease: lost }).markFor(lane, message(19, 4))).toBeUndefined();
  });

  test('after the broker went away, which may have come back with less than it knew', () => {
    const connection: { info?: ServerInfo } = { info: alone };
    const last = after(message(10, 3), { connection });
    delete connection.info;
    expect(last.markFor(lane, message(19, 4))).toBeUndefined();
    connection.info = { ...alone, client_id: 5 };
    expect(last.markFor(lane, message(19, 4))).toBeUndefined();
    connection.info = { ...alone, server_id: 'two' };
    expect(last.markFor(lane, message(19, 4))).toBeUndefined();
  });

  test('in a cluster, where another broker may have gone away', () => {
    const connection = { info: { ...alone, cluster: 'c' } };
    expect(after(message(10, 3), { connection }).markFor(lane, message(19, 4))).toBeUndefined();
  });
});
