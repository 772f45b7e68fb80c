/**
 * `fill STORE LOG KIND`: puts until the store is full. `work STORE LOG KIND`: a worker for a second, whose vendor takes everything, or refuses
 * it at length; each send is a line of LOG. `prove STORE LOG KIND`: asks whether the store has room for what becomes of 2,000 events, and if so
 * has all of them refused in one go: a line of LOG says what came of it.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventIdOf, type Outcome } from '../../../core/index.ts';
import { QueueFull, type WorkableConnection } from '../../../core/queue/index.ts';
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';
import { work } from '../../../core/queue/worker.ts';

const [what = '', store = '', log = '', kind = ''] = process.argv.slice(2);
const refused = (eventId: string): Outcome => ({
  kind: 'rejected',
  eventId,
  reason: { code: 'vendor_rejected', message: 'm'.repeat(200), detail: 'd'.repeat(300), status: 400 },
});
const queue = await openQueue({ path: store });
if (what === 'fill') {
  const event = (id: string) => ({
    id,
    acceptedAt: Date.now(),
    event: {
      type: 'track' as const,
      event: 'x',
      messageId: id,
      properties: { text: 'x'.repeat(kind === 'refused' ? 50 : 1_500) },
    },
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
} else if (what === 'prove') {
  const at = { now: Date.now(), configHash: '' };
  const claims = queue.claim('c', 2_000, at.now);
  const said = (word: string): void => appendFileSync(log, `${word}\n`);
  const proven = await queue.settle('c', [], { ...at, reserveFor: claims.length }).then(
    () => true,
    () => false,
  );
  if (proven) {
    const { reason } = refused('') as Extract<Outcome, { kind: 'rejected' }>;
    const letters = claims.map(({ seq }) => ({ kind: 'dead', seq, outcome: 'rejected', reason, attempts: 1 }) as const);
    await queue.settle('c', letters, at).then(
      () => said('kept'),
      () => said('promised in vain'),
    );
  } else said('no room');
} else {
  const connection: WorkableConnection = {
    slug: 'acme',
    id: 'c',
    async deliver(events) {
      const ids = events.map(eventIdOf);
      appendFileSync(log, ids.map((id) => `${id}\n`).join(''));
      await sleep(20);
      return ids.map((eventId) =>
        kind === 'refused' ? refused(eventId) : { kind: 'delivered', eventId, attempts: 1 },
      );
    },
    check: () => Promise.resolve({ kind: 'unsupported', message: 'It has none' }),
    suspended: () => [],
    resume: () => undefined,
  };
  const working = work({ queue, connection, configHash: '', prefetch: 200 });
  await Promise.race([sleep(1_500), working.idle()]);
  await working.stop(0);
}
await queue.close();
