import lodash from 'lodash';
import { exitCode } from '../exit-codes.ts';
import { print, type Terminal } from '../terminal.ts';
import { tableText } from '../table.ts';
import { openRoster } from './roster.ts';
import { asideIn, storeOf, withSharedStore, type StoreFlags } from './store.ts';
import { spanOf } from './time.ts';

export interface StatusFlags extends StoreFlags {
  readonly json?: boolean;
}

/** `spillway queue status`: what waits, what died, what is kept for replay, by connection. */
export async function status(flags: StatusFlags, terminal: Terminal): Promise<number> {
  const { env, stdout } = terminal;
  const directory = storeOf(flags, env);
  return withSharedStore(directory, {}, async (queue) => {
    const now = queue.status(Date.now());
    const roster = openRoster(directory);
    const sorted = lodash.sortBy(now.connections, 'connection');
    const connections = sorted.map((backlog) => ({
      destination: roster.of(backlog.connection)?.destination ?? null,
      ...backlog,
    }));
    if (flags.json === true) {
      await print(stdout, `${JSON.stringify({ ...now, connections }, undefined, 2)}\n`);
      return exitCode.ok;
    }
    const rows = connections.map(({ connection, destination, waiting, oldestMs, dead, done }) => [
      connection,
      destination ?? '?',
      String(waiting),
      waiting === 0 ? '-' : spanOf(oldestMs),
      String(dead),
      String(done),
    ]);
    const head = ['CONNECTION', 'DESTINATION', 'WAITING', 'OLDEST', 'DEAD', 'DONE'];
    const full = ((100 * now.bytes) / now.maxBytes).toFixed(1);
    const aside =
      now.quarantined === 0 ? '' : `, ${now.quarantined} damaged records were set aside (${asideIn(directory)})`;
    await print(
      stdout,
      `${tableText(head, rows, terminal)}${now.bytes} of ${now.maxBytes} bytes (${full} %)${aside}\n`,
    );
    return exitCode.ok;
  });
}
