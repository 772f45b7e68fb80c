import { workFor } from '../../../core/queue/index.ts';
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';
import { work } from '../../../core/queue/worker.ts';
import { connect } from '../connect.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { expectAll } from '../runs.ts';
import type { Subject } from '../subjects.ts';
import type { StoreKind } from './store.ts';

/** Ours: with dedup, a checksum for every record, a byte budget, dead letters and what is kept for replay. */
export const durableQueue = (subject: Subject, { lanes = 0 } = {}): StoreKind => ({
  name: lanes === 0 ? 'durable queue' : `durable queue, ${lanes} lanes`,
  async open(folder) {
    const queue = await openQueue({ path: folder });
    const vendor = new InstantVendor(subject);
    const { connection, runtime } = connect(subject, { dispatcher: vendor });
    const { id } = connection;
    let row = 0;
    const lanesOfNext = (): string[] | undefined => (lanes === 0 ? undefined : [`device-${(row += 1) % lanes}`]);
    return {
      async put(events) {
        const acceptedAt = Date.now();
        const queued = events.map(({ id: own, event }) => ({ id: own, event, lanes: lanesOfNext(), acceptedAt }));
        const { accepted } = await queue.put(id, queued);
        expectAll(accepted, events.length);
      },
      async consume(most) {
        const now = Date.now();
        const claims = queue.claim(id, most, now);
        // The bare package hands out what it parsed.
        for (const { text } of claims) JSON.parse(text);
        const settlements = claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' }) as const);
        if (claims.length > 0) await queue.settle(id, settlements, { now, configHash: '' });
        return claims.length;
      },
      async work() {
        const working = work({ queue, connection, configHash: '', ...workFor(subject.destination.manifest) });
        await working.idle();
        await working.stop(0);
      },
      async close() {
        await queue.close();
        await runtime.close();
      },
    };
  },
});
