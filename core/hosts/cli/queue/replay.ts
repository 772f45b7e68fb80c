import { keepLanes, lanesBy, registeredOf } from '../../../queue/index.ts';
import { exitCode, CliError, usage } from '../exit-codes.ts';
import { print, type Terminal } from '../terminal.ts';
import { readConnection } from './connections-file.ts';
import { withAllConnections } from './open-connections.ts';
import { assertDestination, assertSpanOfDestination } from './former-destination.ts';
import { ownerOf, workerOf } from './processes.ts';
import { withSharedStore } from './store.ts';
import { storeLocation, type StoreFlags } from './store-location.ts';
import { timeOf } from './time-flag.ts';

export interface ReplayFlags extends StoreFlags {
  readonly config: string;
  readonly destination?: string;
  readonly allowOrigin?: readonly string[];
  readonly destinations?: readonly string[];
  /** A time with a zone, or a day, as the flag says it. */
  readonly from: string;
  readonly to?: string;
  readonly force?: boolean;
}

/** `spillway replay`: puts what was delivered between two times into the queue once more. */
export async function replay(id: string, flags: ReplayFlags, terminal: Terminal): Promise<number> {
  const { env, stdout, stderr } = terminal;
  const location = storeLocation(flags, env);
  const from = timeOf('--from', flags.from);
  const to = flags.to === undefined ? Date.now() : timeOf('--to', flags.to);
  if (to < from) throw usage('--to is before --from');
  const entry = await readConnection(id, { file: flags.config, destination: flags.destination }, env);
  return withAllConnections([entry], flags, env, {}, ([opened]) =>
    withSharedStore(location, { stderr, waitMs: flags.wait }, async (store) => {
      const status = await store.status();
      const registered = registeredOf(status, id);
      if (registered === undefined) throw usage(`nothing was ever enqueued for the connection ${JSON.stringify(id)}`);
      await keepLanes(store, status, opened.connection, opened.configHash);
      assertDestination(id, registered, opened.destination.manifest.slug);
      assertSpanOfDestination(id, registered, from, to);
      const { displayName, replay: repeatPolicy } = opened.destination.manifest;
      const harms = [
        ...(repeatPolicy === 'harmful' ? [`${displayName} counts an event as often as it arrives`] : []),
        ...(registered.hasLanes
          ? ['its events must keep their order, and replayed ones would arrive after newer ones']
          : []),
      ];
      if (harms.length > 0 && flags.force !== true)
        throw new CliError(exitCode.usage, `${id} is not replayed: ${harms.join('; ')}. Use --force to replay anyway`);
      const owner = ownerOf(status);
      if (registered.hasLanes && owner !== undefined && (workerOf(status, id)?.destination ?? null) === null)
        throw new CliError(
          exitCode.later,
          `${id}: process ${owner.pid} has the store and does not deliver for it, so it cannot compute the lanes of its events`,
          ['name it in the file of spillway work and restart that, or run this command after that process has ended'],
        );
      const count = await store.replay(id, from, to, lanesBy(opened.connection));
      await print(stdout, `${count} requeued\n`);
      return exitCode.ok;
    }),
  );
}
