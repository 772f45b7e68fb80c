/** Opens a store, takes everything out of it, and says what there was; a test reads how the process ended. */
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';
import { StoreRefused } from '../../../core/queue/lmdb/store-errors.ts';

/** What this process prints, as one line of JSON. */
export type Drained =
  | {
      readonly ids: readonly string[];
      readonly dead: readonly string[];
      readonly replayed: number;
      readonly quarantined: number;
    }
  | { readonly refused: string; readonly message: string };

async function drain(path: string): Promise<Drained> {
  const queue = await openQueue({ path });
  const dead: string[] = [];
  for await (const { id } of queue.dead('c')) dead.push(id);
  const replayed = await queue.replay('c', 0, Date.now());
  const ids: string[] = [];
  for (let claims = queue.claim('c', 50, Infinity); claims.length > 0; claims = queue.claim('c', 50, Infinity)) {
    ids.push(...claims.map(({ id }) => id));
    await queue.settle(
      'c',
      claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
      { now: Date.now(), configHash: '' },
    );
  }
  await queue.put('c', [{ id: 'later', acceptedAt: 0, event: { type: 'track', event: 'Later' } }]);
  const { quarantined } = queue.status(0);
  await queue.close();
  return { ids, dead, replayed, quarantined };
}

try {
  console.log(JSON.stringify(await drain(process.argv[2]!)));
} catch (error) {
  if (!(error instanceof StoreRefused)) throw error;
  console.log(JSON.stringify({ refused: error.code, message: error.message } satisfies Drained));
}
