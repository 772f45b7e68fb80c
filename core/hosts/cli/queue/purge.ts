import { exitCode, CliError } from '../exit-codes.ts';
import { print, type Terminal } from '../terminal.ts';
import { processesFor, processNames } from './processes.ts';
import { unknownConnection, withSharedStore } from './store.ts';
import { storeLocation, type StoreFlags } from './store-location.ts';

export interface PurgeFlags extends StoreFlags {
  readonly yes?: boolean;
}

/**
 * `spillway queue purge`: drops everything of a connection for good. Beside a running `work`, only of a connection that
 * it does not deliver for.
 */
export async function purge(id: string, flags: PurgeFlags, terminal: Terminal): Promise<number> {
  const { env, stdout, stderr } = terminal;
  const location = storeLocation(flags, env);
  return withSharedStore(location, { stderr, waitMs: flags.wait }, async (store) => {
    const status = await store.status();
    const { connections, deliveries } = status;
    const files = deliveries?.files.filter(({ connection }) => connection === id).length ?? 0;
    const backlog = connections.find(({ connection }) => connection === id);
    if (backlog === undefined && files === 0)
      throw unknownConnection(
        id,
        connections.map(({ connection }) => connection),
      );
    const working = processesFor(status, id);
    if (working.length > 0) {
      const who =
        location.kind === 'directory'
          ? 'the running spillway work delivers for it'
          : `spillway work delivers for it (${processNames(working)})`;
      throw new CliError(exitCode.config, `${id}: ${who}. Nothing was dropped`, [
        'remove it from the file of spillway work and restart that; to drop dead letters alone: spillway dead drop',
      ]);
    }
    const { waiting, dead, done } = backlog ?? { waiting: 0, dead: 0, done: 0 };
    const ofFiles = files === 0 ? '' : ` and the outcomes of ${files} ${files === 1 ? 'file' : 'files'}`;
    const what = `${id}: ${waiting} waiting events, ${dead} dead letters and ${done} events kept for replay${ofFiles}`;
    if (flags.yes !== true) {
      await print(stdout, `${what} would be dropped for good; confirm with --yes\n`);
      return exitCode.ok;
    }
    const dropped = await store.purge(id);
    await print(stdout, `${id}: ${dropped} dropped\n`);
    return exitCode.ok;
  });
}
