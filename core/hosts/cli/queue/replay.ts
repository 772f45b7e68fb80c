import { exitCode, Refusal, usage } from '../exit-codes.ts';
import { print, type Terminal } from '../terminal.ts';
import { readConnection } from './connections-file.ts';
import { withConnections } from './open-connections.ts';
import { keepSlug, keepSpan } from './former.ts';
import { keepLanes, laneBy, openRoster } from './roster.ts';
import { storeOf, withSharedStore, type StoreFlags } from './store.ts';

export interface ReplayFlags extends StoreFlags {
  readonly config: string;
  readonly destination?: string;
  readonly destinations?: readonly string[];
  /** Epoch ms. */
  readonly from: number;
  readonly to?: number;
  readonly force?: boolean;
}

/** `spillway replay`: puts what was delivered between two times into the queue once more. */
export async function replay(id: string, flags: ReplayFlags, terminal: Terminal): Promise<number> {
  const { env, stdout, stderr } = terminal;
  const directory = storeOf(flags, env);
  const to = flags.to ?? Date.now();
  if (to < flags.from) throw usage('--to lies before --from');
  const entry = await readConnection(id, { file: flags.config, destination: flags.destination }, env);
  return withConnections([entry], flags, env, {}, ([opened]) =>
    withSharedStore(directory, { stderr }, async (queue) => {
      const roster = openRoster(directory);
      const enrolled = roster.of(id);
      if (enrolled === undefined) throw usage(`nothing was ever enqueued for the connection ${JSON.stringify(id)}`);
      keepLanes(queue, opened, enrolled);
      keepSlug(id, enrolled, opened.destination.manifest.slug);
      keepSpan(id, enrolled, flags.from, to);
      const { displayName, replay: again } = opened.destination.manifest;
      const harms = [
        ...(again === 'harmful' ? [`${displayName} counts an event as often as it arrives`] : []),
        ...(enrolled.lanes ? ['its events have an order to keep, and old ones would arrive behind newer ones'] : []),
      ];
      if (harms.length > 0 && flags.force !== true)
        throw new Refusal(exitCode.usage, `${id} is not replayed: ${harms.join('; ')}. --force does it all the same`);
      if (enrolled.lanes && (await queue.knows?.(id)) === false)
        throw new Refusal(exitCode.later, `${id}: the spillway work that has the store does not name it`, [
          'so it gives its events no lanes: name it in the file of that one, or run this once it has ended',
        ]);
      roster.forgetSettings(id);
      const count = await queue.replay(id, flags.from, to, laneBy(opened.connection));
      await print(stdout, `${count} put into the queue again\n`);
      return exitCode.ok;
    }),
  );
}
