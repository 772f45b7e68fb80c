import { createWriteStream, openSync, rmSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { salvage, type QueueRecord } from '../../../queue/index.ts';
import { errnoOf, exitCode, CliError, usage } from '../exit-codes.ts';
import { jsonText } from '../printable.ts';
import { print, type Output, type Terminal } from '../terminal.ts';
import { throwAsCliError } from './store.ts';
import { storeDirectory, type StoreFlags } from './store-location.ts';
import { isoTime } from './format-time.ts';

export interface SalvageFlags extends StoreFlags {
  readonly out: string;
}

/** `spillway queue salvage`: the intact records of a store that is refused as damaged. Only reads it. */
export async function salvageStore(flags: SalvageFlags, { env, stdout, stderr }: Terminal): Promise<number> {
  const store = storeDirectory(flags, env, 'it reads the file of a damaged store, and a broker keeps its own');
  const out = flags.out === '-' ? stdout : create(flags.out);
  const kinds = { waiting: 0, done: 0, dead: 0 };
  const { older, broken } = await salvage({
    store,
    async onRecord(record) {
      if (!(await print(out, jsonText(readable(record)))))
        throw new CliError(exitCode.storage, `${flags.out} can no longer be written`);
      kinds[record.kind] += 1;
    },
  }).catch((error: unknown) => {
    // The same command, corrected, is to find its file not there yet.
    if (out !== stdout && kinds.waiting + kinds.done + kinds.dead === 0) rmSync(flags.out, { force: true });
    return throwAsCliError(error);
  });
  if (out !== stdout) await finished(out.end());
  const found = `found ${kinds.waiting} waiting events, ${kinds.done} settled events, ${kinds.dead} dead letters`;
  await print(stderr, `${found}; left out ${older} older states and ${broken} damaged places\n`);
  return exitCode.ok;
}

/** Never over something that is there. */
function create(file: string): Output {
  try {
    return createWriteStream('', { fd: openSync(file, 'wx', 0o600) }).on('error', () => {});
  } catch (error) {
    throw usage(`cannot create the file ${file} (${errnoOf(error)})`);
  }
}

/** Of the record's own form only what means something outside its store. */
function readable({ event, ...record }: QueueRecord) {
  const meaning = Object.entries(record).filter(([name]) => name !== 'stamp');
  const times = meaning.map(([name, value]) =>
    name.endsWith('At') ? [name, isoTime(value as number)] : [name, value],
  );
  return { ...(Object.fromEntries(times) as object), event };
}
