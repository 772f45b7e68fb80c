import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  isStoreLost,
  openQueue,
  QueueFull,
  StoreRefused,
  type DeliveryQueue,
  type RefusalCode,
} from '../../../queue/index.ts';
import { exitCode, CliError, usage } from '../exit-codes.ts';
import { print, type Output, type Terminal } from '../terminal.ts';
import { reachOwner, type RemoteQueue } from './remote-queue.ts';

export interface StoreFlags {
  readonly store?: string;
}

/** `--store`, else SPILLWAY_STORE. */
export function storeDirectory({ store }: StoreFlags, env: Terminal['env']): string {
  const named = store ?? env['SPILLWAY_STORE'] ?? '';
  if (named === '') throw usage('--store is missing: name the directory of the store, or set SPILLWAY_STORE');
  return path.resolve(named);
}

export interface StoreSettings {
  /** Creates the store where there is none; otherwise that is a usage error. */
  readonly create?: boolean;
  /** Bytes of records it may keep from now on. Default: as before. */
  readonly maxBytes?: number | undefined;
  /** Where damaged records are reported. */
  readonly stderr?: Output;
}

/** A store that this process opened, or one that another process owns and answers for. */
export type SharedQueue = Omit<RemoteQueue, RemoteOnly> &
  Partial<Pick<RemoteQueue, RemoteOnly> & Pick<DeliveryQueue, 'claim' | 'release'>>;
/** What only an owner process can answer. */
type RemoteOnly = Exclude<keyof RemoteQueue, keyof DeliveryQueue>;

/** Opens the store for as long as `act` takes. Throws a CliError for one that is not there, in use, or damaged. */
export async function withStore<T>(
  directory: string,
  settings: StoreSettings,
  act: (queue: DeliveryQueue) => Promise<T>,
): Promise<T> {
  const queue = await open(directory, settings).catch(throwAsCliError);
  return use(queue, directory, settings, act);
}

/** The same; where `spillway work` owns the store, it is asked instead. */
export async function withSharedStore<T>(
  directory: string,
  settings: StoreSettings,
  act: (queue: SharedQueue) => Promise<T>,
): Promise<T> {
  const queue = await open(directory, settings).catch(async (error: unknown) => {
    const remote = isBusy(error) ? await reachOwner(directory) : undefined;
    return remote ?? throwAsCliError(error);
  });
  return use(queue, directory, settings, act);
}

async function open(directory: string, { create = false, maxBytes }: StoreSettings): Promise<DeliveryQueue> {
  if (!create && !existsSync(directory)) throw usage(`there is no store at ${directory}; spillway enqueue creates one`);
  return openQueue({ path: directory, maxBytes });
}

async function use<T, Q extends SharedQueue>(
  queue: Q,
  directory: string,
  { maxBytes, stderr }: StoreSettings,
  act: (queue: Q) => Promise<T>,
): Promise<T> {
  const { quarantined, maxBytes: budget } = queue.status(Date.now());
  try {
    if (maxBytes !== undefined && maxBytes !== budget)
      throw new CliError(
        exitCode.later,
        'another process has the store, and was started with a different --max-bytes',
        [howToEndWork],
      );
    const result = await act(queue).catch(throwAsCliError);
    // The command has succeeded: it must not fail because the owner can no longer be asked for its status.
    await queue.look?.().catch(() => undefined);
    const damaged = queue.status(Date.now()).quarantined - quarantined;
    if (damaged > 0 && stderr !== undefined)
      await print(stderr, `spillway: ${damaged} damaged records were set aside; ${quarantineText(directory)}\n`);
    return result;
  } finally {
    await queue.close();
  }
}

const isBusy = (error: unknown): boolean => error instanceof StoreRefused && error.code === 'busy';

export const quarantineText = (directory: string): string =>
  `what is left of them is in ${path.join(directory, 'quarantine')}, one file each`;

export const unknownConnection = (id: string, known: readonly string[]): CliError =>
  usage(
    `the store has no connection ${JSON.stringify(id)}; ${known.length === 0 ? 'it is empty' : `expected one of: ${known.join(', ')}`}`,
  );

export const howToMakeRoom =
  'spillway work makes room as it delivers, sooner with a smaller --keep; spillway enqueue --max-bytes raises the limit';

const howToEndWork =
  'end spillway work with SIGTERM, or start it with --until-idle so that it ends by itself; then run this command again';

const codes: Readonly<Record<RefusalCode, number>> = {
  busy: exitCode.later,
  taken: exitCode.storage,
  damaged: exitCode.storage,
  unwritable: exitCode.storage,
  unread: exitCode.storage,
  foreign: exitCode.usage,
  newer: exitCode.usage,
  older: exitCode.config,
};

/** The store's errors say what to do; any other error is a defect. */
export function throwAsCliError(error: unknown): never {
  if (error instanceof QueueFull) throw new CliError(exitCode.later, error.message, [howToMakeRoom]);
  if (isStoreLost(error)) throw new CliError(exitCode.storage, (error as Error).message);
  // By its name: it may come from the process that owns the store.
  if ((error as Error).name === 'FlushOverdue') throw new CliError(exitCode.later, (error as Error).message);
  if (!(error instanceof StoreRefused)) throw error;
  throw new CliError(codes[error.code], error.message, error.code === 'busy' ? [howToEndWork] : []);
}
