/** A process that opens a store, takes everything out of it, and prints what there was. Arguments: store, connection id. */
import type { IncomingEvent } from '../../../core/index.ts';
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';
import { digestOf } from './fill.ts';

/** What it prints, as one line of JSON: id and digest of each event, dead ones and replayed ones included. */
export interface TakenOut {
  readonly events: readonly (readonly [id: string, digest: string])[];
  readonly quarantined: number;
}

const [store = '', connection = ''] = process.argv.slice(2);
const queue = await openQueue({ path: store });
const events: (readonly [string, string])[] = [];
const take = (id: string, event: IncomingEvent): void => void events.push([id.replace(/~\d+$/, ''), digestOf(event)]);
for await (const { id, event } of queue.dead(connection)) take(id, event);
await queue.replay(connection, 0, Date.now());
for (;;) {
  const claims = queue.claim(connection, 200, Number.MAX_SAFE_INTEGER);
  if (claims.length === 0) break;
  for (const { id, text } of claims) take(id, JSON.parse(text) as IncomingEvent);
  const at = { now: Date.now(), configHash: '' };
  await queue.settle(
    connection,
    claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
    at,
  );
}
await queue.put(connection, [{ id: 'later', acceptedAt: 0, event: { type: 'track', event: 'Later' } }]);
const { quarantined } = queue.status(0);
await queue.close();
console.log(JSON.stringify({ events, quarantined } satisfies TakenOut));
