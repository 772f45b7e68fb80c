import type { Connection } from '../../../core/index.ts';
import type { Item } from './backlog.ts';
import type { Desk } from './desk.ts';

const callsAtOnce = 2;

/** One long stream: what comes back goes into the same one again. What fails in company goes aside, in calls of its own. */
export async function overStream(connection: Connection, desk: Desk, one: boolean, stir: () => void): Promise<void> {
  const given = new Map<number, Item>();
  let read = 0;
  async function* source() {
    while (!desk.done()) {
      stir();
      const item = desk.take({});
      if (item === undefined) await desk.news('here');
      else {
        given.set(read, item);
        read += 1;
        yield item.event;
      }
    }
  }
  const aside = callAside(connection, desk);
  for await (const { index, outcome } of connection.stream(source())) {
    stir();
    const item = given.get(index);
    if (item === undefined) throw new Error(`the stream told of event ${index}, which it was not given, or twice`);
    given.delete(index);
    desk.settle(item, outcome, one);
  }
  await aside;
}

/** Call after call of so many events at most, some side by side. */
export async function overDeliver(
  connection: Connection,
  desk: Desk,
  { one, callSize }: { readonly one: boolean; readonly callSize: number },
): Promise<void> {
  const take = (): readonly Item[] => {
    const holder = {};
    const items: Item[] = [];
    for (let item = desk.take(holder); item !== undefined; item = desk.take(holder)) {
      items.push(item);
      if (items.length >= callSize) break;
    }
    return items;
  };
  const calls = Array.from({ length: callsAtOnce }, () => callAll(connection, desk, 'here', take, one));
  await Promise.all([...calls, callAside(connection, desk)]);
}

const callAside = (connection: Connection, desk: Desk): Promise<void> =>
  callAll(connection, desk, 'aside', () => desk.takeAside(), false);

async function callAll(
  connection: Connection,
  desk: Desk,
  where: 'here' | 'aside',
  take: () => readonly Item[],
  one: boolean,
): Promise<void> {
  while (!desk.done()) {
    const items = take();
    if (items.length === 0) {
      await desk.news(where);
      continue;
    }
    const outcomes = await connection.deliver(items.map(({ event }) => event));
    items.forEach((item, position) => {
      const outcome = outcomes[position];
      if (outcome === undefined) throw new Error('deliver() gave an event no outcome');
      desk.settle(item, outcome, one || items.length === 1);
    });
  }
}
