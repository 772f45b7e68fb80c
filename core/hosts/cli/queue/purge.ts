import { exitCode, Refusal, usage } from '../exit-codes.ts';
import { print, type Terminal } from '../terminal.ts';
import { openRoster } from './roster.ts';
import { storeOf, withSharedStore, type StoreFlags } from './store.ts';

export interface PurgeFlags extends StoreFlags {
  readonly yes?: boolean;
}

/**
 * `spillway queue purge`: drops all there is of a connection, for good, as nobody will work on it any more. Beside a running `work`, of one that
 * this does not name; where none runs, of any.
 */
export async function purge(id: string, flags: PurgeFlags, terminal: Terminal): Promise<number> {
  const { env, stdout, stderr } = terminal;
  const directory = storeOf(flags, env);
  return withSharedStore(directory, { stderr }, async (queue) => {
    const { connections } = queue.status(Date.now());
    const backlog = connections.find(({ connection }) => connection === id);
    if (backlog === undefined) {
      const known = connections.map(({ connection }) => connection).join(', ');
      throw usage(`the store has no connection ${JSON.stringify(id)}; there are: ${known || 'none'}`);
    }
    const worker = await queue.attended?.();
    if (worker !== undefined && worker !== null && Object.hasOwn(worker.connections, id))
      throw new Refusal(exitCode.config, `${id}: the spillway work that has the store names it. Nothing was dropped`, [
        'take it out of the file of that one and start it anew; dead letters alone go with spillway dead drop',
      ]);
    const { waiting, dead, done } = backlog;
    const what = `${id}: ${waiting} events that wait, ${dead} dead letters and ${done} kept for replay`;
    if (flags.yes !== true) {
      await print(stdout, `${what} would be dropped for good; --yes does it\n`);
      return exitCode.ok;
    }
    const dropped = await queue.purge(id);
    const { waiting: since = 0 } = queue.status(Date.now(), id).connections[0] ?? {};
    if (since === 0) openRoster(directory).remove(id);
    await print(stdout, `${id}: ${dropped} dropped\n`);
    return exitCode.ok;
  });
}
