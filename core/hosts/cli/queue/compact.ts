import { exitCode } from '../exit-codes.ts';
import { print, type Terminal } from '../terminal.ts';
import { withSharedStore } from './store.ts';
import { directoryAt, storeDirectory, type StoreFlags } from './store-location.ts';

/** `spillway queue compact`: gives free space back to the disk. A running `work` does it itself, and goes on after. */
export async function compact(flags: StoreFlags, { env, stdout, stderr }: Terminal): Promise<number> {
  const directory = storeDirectory(flags, env, 'a broker gives space back by itself');
  return withSharedStore(directoryAt(directory), { stderr, waitMs: flags.wait }, async (store) => {
    const { before, after } = await store.compact();
    await print(stdout, `${before} bytes on disk before, ${after} bytes now\n`);
    return exitCode.ok;
  });
}
