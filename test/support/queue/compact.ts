/** Gives a store's free space back, and goes on with it; a test reads what there was, and how the process ended. */
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';

const queue = await openQueue({ path: process.argv[2]! });
const compacted = await queue.compact().catch((error: unknown) => ({ error: String(error) }));
await queue.put('c', [{ id: 'later', acceptedAt: 0, event: { type: 'track', event: 'Later' } }]);
await queue.close();
console.log(JSON.stringify(compacted));
