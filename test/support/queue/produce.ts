/** Puts, claims and settles until it is killed. Prints what was acknowledged, one line each: `put <id>`, `done <id>`. */
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';
import { QueueFull } from '../../../core/queue/queue.ts';

const [path = '', run = ''] = process.argv.slice(2);
const queue = await openQueue({ path });
const say = (word: string, ids: readonly string[]): void => {
  process.stdout.write(ids.map((id) => `${word} ${id}\n`).join(''));
};

for (let round = 0; ; round += 1) {
  const ids = Array.from({ length: 40 }, (_, n) => `${run}-${round}-${n}`);
  try {
    await queue.put(
      'c',
      ids.map((id, n) => ({
        id,
        lanes: n % 2 === 0 ? [`device-${n}`] : undefined,
        acceptedAt: Date.now(),
        event: { type: 'track', event: 'x', properties: { text: 'x'.repeat(n % 10 === 0 ? 9_000 : 300) } },
      })),
    );
    say('put', ids);
    const claims = queue.claim('c', 25, Date.now());
    await queue.settle(
      'c',
      claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
      { now: Date.now(), configHash: '' },
    );
    say(
      'done',
      claims.map(({ id }) => id),
    );
  } catch (error) {
    if (!(error instanceof QueueFull)) throw error;
    say('full', ['']);
    await queue.close();
    process.exit(0);
  }
}
