import type { Connection } from '../../../core/index.ts';
import type { Item } from './backlog.ts';
import type { ReferenceHost } from './reference-host.ts';

const callsAtOnce = 2;

/** One long stream: what comes back goes into the same stream again. What keeps failing in batches leaves in calls of its own. */
export async function deliverByStream(
  connection: Connection,
  host: ReferenceHost,
  one: boolean,
  stir: () => void,
): Promise<void> {
  const given = new Map<number, Item>();
  let read = 0;
  async function* source() {
    while (!host.done()) {
      stir();
      const item = host.take({});
      if (item === undefined) await host.changed('main');
      else {
        given.set(read, item);
        read += 1;
        yield item.event;
      }
    }
  }
  const suspects = callSuspects(connection, host);
  for await (const { index, outcome } of connection.stream(source())) {
    stir();
    const item = given.get(index);
    if (item === undefined) throw new Error(`the stream told of event ${index}, which it was not given, or twice`);
    given.delete(index);
    host.settle(item, outcome, one);
  }
  await suspects;
}

/** Call after call of so many events at most, some side by side. */
export async function deliverByCalls(
  connection: Connection,
  host: ReferenceHost,
  { one, callSize }: { readonly one: boolean; readonly callSize: number },
): Promise<void> {
  const take = (): readonly Item[] => {
    const holder = {};
    const items: Item[] = [];
    for (let item = host.take(holder); item !== undefined; item = host.take(holder)) {
      items.push(item);
      if (items.length >= callSize) break;
    }
    return items;
  };
  const calls = Array.from({ length: callsAtOnce }, () => callAll(connection, host, 'main', take, one));
  await Promise.all([...calls, callSuspects(connection, host)]);
}

const callSuspects = (connection: Connection, host: ReferenceHost): Promise<void> =>
  callAll(connection, host, 'suspects', () => host.takeSuspects(), false);

async function callAll(
  connection: Connection,
  host: ReferenceHost,
  where: 'main' | 'suspects',
  take: () => readonly Item[],
  one: boolean,
): Promise<void> {
  while (!host.done()) {
    const items = take();
    if (items.length === 0) {
      await host.changed(where);
      continue;
    }
    const outcomes = await connection.deliver(items.map(({ event }) => event));
    items.forEach((item, position) => {
      const outcome = outcomes[position];
      if (outcome === undefined) throw new Error('deliver() gave an event no outcome');
      host.settle(item, outcome, one || items.length === 1);
    });
  }
}
