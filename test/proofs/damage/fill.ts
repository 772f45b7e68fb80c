import { createHash } from 'node:crypto';
import type { CdpEvent, IncomingEvent } from '../../../core/index.ts';
import type { Settlement } from '../../../core/queue/index.ts';
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';

export const connection = 'shop';

/** The n-th event: mostly short, some longer than a page. */
const eventOf = (id: string): CdpEvent => {
  const n = Number(id.slice(1));
  const text = createHash('sha256').update(id).digest('hex');
  return {
    type: 'track',
    event: 'Order Completed',
    messageId: id,
    properties: { text: text.repeat(n % 40 === 0 ? 150 : 1 + (n % 9)) },
  };
};

export const digestOf = (event: IncomingEvent): string =>
  createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, 16);

/** Whether an event that came out of a store is, byte for byte, the one that was put under this id. */
export const isAsPut = (id: string, digest: string): boolean => digestOf(eventOf(id)) === digest;

const round = 150;

/** Makes a store with so many events waiting, done and dead each; on pages that were used more than once. */
export async function fill(store: string, perTable: number): Promise<void> {
  const queue = await openQueue({ path: store });
  const left = { done: perTable, dead: perTable };
  for (let put = 0; put < 3 * perTable; put += round) {
    const count = Math.min(round, 3 * perTable - put);
    // The last transaction is a put: a store that went back by one would have lost what was confirmed.
    if (put + count === 3 * perTable) await settle(left.done + left.dead);
    const ids = Array.from({ length: count }, (_, index) => `e${put + index}`);
    await queue.put(
      connection,
      ids.map((id, n) => ({
        id,
        ...(n % 3 === 0 ? {} : { lanes: [`device-${n % 50}`] }),
        event: eventOf(id),
        acceptedAt: 1_000 + put,
      })),
    );
    if (put + count < 3 * perTable) await settle(Math.ceil((count * 2) / 3));
  }
  await queue.close();

  async function settle(most: number): Promise<void> {
    const claims = queue.claim(connection, Math.min(most, left.done + left.dead), Date.now());
    const settlements = claims.map(({ seq }, n): Settlement => {
      if (left.dead === 0 || (left.done > 0 && n % 2 === 0)) {
        left.done -= 1;
        return { kind: 'done', seq, outcome: 'delivered' };
      }
      left.dead -= 1;
      const reason = { code: 'vendor_rejected', message: 'No.' } as const;
      return { kind: 'dead', seq, outcome: 'rejected', reason, attempts: 1 };
    });
    await queue.settle(connection, settlements, { now: Date.now(), configHash: '' });
  }
}
