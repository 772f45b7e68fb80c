/** `fill STORE LOG`: puts until the store is full. `work STORE LOG`: a worker for a second, whose vendor takes everything; each send is a line of LOG. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openQueue, QueueFull, work, type WorkableConnection } from '../../../core/queue/index.ts';

const [what = '', store = '', log = ''] = process.argv.slice(2);
const queue = await openQueue({ path: store });
if (what === 'fill') {
  const event = (id: string) => ({
    id,
    acceptedAt: Date.now(),
    event: { type: 'track' as const, event: 'x', messageId: id, properties: { text: 'x'.repeat(1_500) } },
  });
  try {
    for (let n = 0; ; n += 20)
      await queue.put(
        'c',
        Array.from({ length: 20 }, (_, m) => event(`e${n + m}`)),
      );
  } catch (error) {
    if (!(error instanceof QueueFull)) throw error;
  }
} else {
  const connection: WorkableConnection = {
    slug: 'acme',
    id: 'c',
    async deliver(events) {
      const ids = events.map(({ messageId }) => messageId ?? '');
      appendFileSync(log, ids.map((id) => `${id}\n`).join(''));
      await sleep(20);
      return ids.map((eventId) => ({ kind: 'delivered', eventId, attempts: 1 }));
    },
    check: () => Promise.resolve({ kind: 'unsupported', message: 'It has none' }),
    suspended: () => [],
    resume: () => undefined,
  };
  const working = work({ queue, connection, configHash: '', sliceSize: 200 });
  await Promise.race([sleep(1_500), working.idle()]);
  await working.stop(0);
}
await queue.close();
