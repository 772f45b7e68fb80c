import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  isStoreLost,
  NotDrained,
  openStore,
  OtherSettings,
  OwnerGone,
  QueueFull,
  type DeliveryStore,
  type EmbeddedStore,
  type OwnerActivity,
  type RefusalCode,
  type StoreOptions,
  type StoreRefused,
} from '../../../queue/index.ts';
import { exitCode, CliError, usage } from '../exit-codes.ts';
import { print, type Output, type Terminal } from '../terminal.ts';

export interface StoreFlags {
  readonly store?: string;
  /** Milliseconds. */
  readonly wait?: number;
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
  /** How long to wait for a store that another process has (ms). Default: 20 s. */
  readonly waitMs?: number | undefined;
  /** Where damaged records are reported. */
  readonly stderr?: Output;
}

const defaultWaitMs = 20_000;
/** Opens the store for as long as `act` takes. Throws a CliError for one that is not there, in use, or damaged. */
export const withStore = <T>(
  directory: string,
  settings: StoreSettings,
  act: (store: EmbeddedStore) => Promise<T>,
): Promise<T> => use(directory, settings, openStore, act);

/** The same; where another process has the store, that one is asked instead. */
export const withSharedStore = <T>(
  directory: string,
  settings: StoreSettings,
  act: (store: DeliveryStore) => Promise<T>,
): Promise<T> => use(directory, settings, (options) => openStore({ ...options, share: true }), act);

async function use<T, S extends DeliveryStore>(
  directory: string,
  { create = false, maxBytes, waitMs = defaultWaitMs, stderr }: StoreSettings,
  open: (options: Omit<StoreOptions, 'share'>) => Promise<S>,
  act: (store: S) => Promise<T>,
): Promise<T> {
  if (!create && !existsSync(directory)) throw usage(`there is no store at ${directory}; spillway enqueue creates one`);
  const store = await open({ path: directory, maxBytes, waitMs }).catch(throwAsCliError);
  try {
    const { quarantined } = await store.status();
    const result = await act(store);
    // The command has succeeded: it must not fail because an owner can no longer be asked.
    const after = await store.status().catch(() => ({ quarantined }));
    const damaged = after.quarantined - quarantined;
    if (damaged > 0 && stderr !== undefined)
      await print(stderr, `spillway: ${damaged} damaged records were set aside; ${quarantineText(directory)}\n`);
    return result;
  } catch (error) {
    return throwAsCliError(error);
  } finally {
    await store.close();
  }
}

export const quarantineText = (directory: string): string =>
  `what is left of them is in ${path.join(directory, 'quarantine')}, one file each`;

export const unknownConnection = (id: string, known: readonly string[]): CliError =>
  usage(
    `the store has no connection ${JSON.stringify(id)}; ${known.length === 0 ? 'it is empty' : `expected one of: ${known.join(', ')}`}`,
  );

export const howToMakeRoom =
  'spillway work makes room as it delivers, sooner with a smaller --keep; spillway enqueue --max-bytes raises the limit';

const howToWait = 'to wait longer for it: --wait SECONDS';
const runAgain = 'run this command again; duplicates are ignored';
const busyDetails: Readonly<Record<OwnerActivity, readonly string[]>> = {
  starting: [howToWait],
  ending: [howToWait],
  working: [
    'end spillway work or serve with SIGTERM, or start work with --until-idle so that it ends by itself; then run this command again',
    howToWait,
  ],
  silent: [`then ${runAgain}`],
};

const codes: Readonly<Record<RefusalCode, number>> = {
  busy: exitCode.later,
  taken: exitCode.storage,
  damaged: exitCode.storage,
  unwritable: exitCode.storage,
  unread: exitCode.storage,
  foreign: exitCode.usage,
  path: exitCode.usage,
  newer: exitCode.usage,
  older: exitCode.config,
};

/** By its name: it may come from the process that owns the store. */
const isRefusal = (error: unknown): error is StoreRefused =>
  ['StoreRefused', 'StoreDamaged'].includes((error as Error).name);

export const notDrained = ({ message, why }: NotDrained): CliError =>
  new CliError(exitCode.config, message, [
    `deliver them first${why === 'destination' ? ' with the old settings' : ''} (spillway work --until-idle), or use another connection id for these settings`,
  ]);

/** The store's errors say what to do; any other error is a defect. */
export function throwAsCliError(error: unknown): never {
  if (error instanceof OtherSettings) throw new CliError(exitCode.later, (error as Error).message, [runAgain]);
  if (error instanceof NotDrained) throw notDrained(error);
  if (error instanceof QueueFull) throw new CliError(exitCode.later, error.message, [howToMakeRoom]);
  if (error instanceof OwnerGone) throw new CliError(exitCode.later, error.message, [runAgain]);
  if (isStoreLost(error)) throw new CliError(exitCode.storage, (error as Error).message);
  // By its name: it may come from the process that owns the store.
  if ((error as Error).name === 'FlushOverdue') throw new CliError(exitCode.later, (error as Error).message);
  if (!isRefusal(error)) throw error;
  throw new CliError(codes[error.code], error.message, error.owner === undefined ? [] : busyDetails[error.owner]);
}
