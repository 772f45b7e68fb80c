import path from 'node:path';
import { open } from 'lmdb';
import { InstantVendor } from '../instant-vendor.ts';
import { byHand } from '../runs.ts';
import type { Subject } from '../subjects.ts';
import type { StoreKind } from './store.ts';

/**
 * The floor: the same package, a JSON value for each event, one table of what waits and one of what is done. It knows
 * no dedup, no checksum, no lanes, no budget, and does not survive a bad byte; it is as durable.
 */
export const bareLmdb = (subject: Subject): StoreKind => ({
  name: 'bare lmdb',
  async open(folder) {
    const root = open({ path: path.join(folder, 'events.mdb'), noSubdir: true, mapSize: 2 ** 30 });
    const log = root.openDB<unknown, number>({ name: 'log', encoding: 'json', keyEncoding: 'uint32' });
    const done = root.openDB<unknown, number>({ name: 'done', encoding: 'json', keyEncoding: 'uint32' });
    const vendor = new InstantVendor(subject);
    let last = 0;
    let first = 1;
    /** Nothing that is being settled is taken out again. */
    const take = (most: number) => {
      const taken = [...log.getRange({ start: first, limit: most })];
      first = (taken.at(-1)?.key ?? first - 1) + 1;
      return taken;
    };
    const settle = async (taken: ReturnType<typeof take>): Promise<void> => {
      for (const { key, value } of taken) {
        void done.put(key, value);
        void log.remove(key);
      }
      await root.flushed;
    };
    return {
      async put(events) {
        const acceptedAt = Date.now();
        for (const { id, event } of events) void log.put((last += 1), { id, acceptedAt, event });
        await root.flushed;
      },
      async consume(most) {
        const taken = take(most);
        if (taken.length > 0) await settle(taken);
        return taken.length;
      },
      async work() {
        for (let taken = take(1000); taken.length > 0; taken = take(1000)) {
          const lines = taken.map(({ value }) => JSON.stringify((value as { readonly event: unknown }).event));
          byHand(subject, vendor, lines);
          await settle(taken);
        }
      },
      close: () => root.close(),
    };
  },
});
