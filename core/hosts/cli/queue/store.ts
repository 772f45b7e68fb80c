import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  isStoreLost,
  openQueue,
  OtherSettings,
  OwnerGone,
  QueueFull,
  reachOwner,
  StoreRefused,
  untilOwnerEnds,
  type DeliveryQueue,
  type OwnerActivity,
  type OwnerClient,
  type QueueStatus,
  type LmdbStore,
  type RefusalCode,
  type StoreHost,
} from '../../../queue/index.ts';
import { exitCode, CliError, usage } from '../exit-codes.ts';
import { print, type Output, type Terminal } from '../terminal.ts';
import { SharedQueue } from './shared-queue.ts';

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
  /** What it tells other processes, where this one delivers. */
  readonly host?: (() => StoreHost | undefined) | undefined;
  /** Where damaged records are reported. */
  readonly stderr?: Output;
}

const defaultWaitMs = 20_000;
/** An owner that starts, ends or is silent is asked again after such a time. */
const pauseMs = 100;

/** Opens the store for as long as `act` takes. Throws a CliError for one that is not there, in use, or damaged. */
export async function withStore<T>(
  directory: string,
  settings: StoreSettings,
  act: (queue: LmdbStore) => Promise<T>,
): Promise<T> {
  const queue = await whenFree(settings, () => open(directory, settings)).catch(throwAsCliError);
  return use(queue, () => queue.status(Date.now()), directory, settings, act);
}

/** The same; where another process owns the store, that one is asked instead. */
export async function withSharedStore<T>(
  directory: string,
  settings: StoreSettings,
  act: (queue: SharedQueue) => Promise<T>,
): Promise<T> {
  const reach = (): Promise<DeliveryQueue | OwnerClient> => whenFree(settings, () => openOrReach(directory, settings));
  const queue = new SharedQueue(await reach().catch(throwAsCliError), reach);
  return use(queue, () => queue.status(), directory, settings, act);
}

/** Tries until the store can be had, or the time to wait is over. */
async function whenFree<T>({ waitMs = defaultWaitMs }: StoreSettings, attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + waitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const left = end - performance.now();
      if (!isBusy(error) || left <= 0) throw error;
      if (error.owner === 'working') await untilOwnerEnds(error.path, left);
      // Processes that wait for one store do not ask in step.
      else await setTimeout(Math.min(left, pauseMs * (0.5 + Math.random())));
    }
  }
}

async function open(directory: string, { create = false, maxBytes, host }: StoreSettings): Promise<LmdbStore> {
  if (!create && !existsSync(directory)) throw usage(`there is no store at ${directory}; spillway enqueue creates one`);
  return openQueue({ path: directory, maxBytes, host });
}

async function openOrReach(directory: string, settings: StoreSettings): Promise<DeliveryQueue | OwnerClient> {
  try {
    return await open(directory, settings);
  } catch (error) {
    const owner = isBusy(error) && error.owner === 'working' ? await reachOwner(directory) : undefined;
    if (owner === undefined) throw error;
    const { maxBytes } = settings;
    if (maxBytes === undefined) return owner;
    const there = await owner.status();
    if (there.maxBytes === maxBytes) return owner;
    await owner.close();
    const why = `process ${there.owner.pid} has the queue store, and keeps the --max-bytes ${there.maxBytes} that it has`;
    throw new StoreRefused('busy', directory, why, { owner: 'working' });
  }
}

async function use<T, Q extends Pick<DeliveryQueue, 'close'>>(
  queue: Q,
  status: () => QueueStatus | Promise<QueueStatus>,
  directory: string,
  { stderr }: StoreSettings,
  act: (queue: Q) => Promise<T>,
): Promise<T> {
  try {
    const { quarantined } = await status();
    const result = await act(queue);
    // The command has succeeded: it must not fail because an owner can no longer be asked.
    const after = await Promise.resolve(status()).catch(() => ({ quarantined }));
    const damaged = after.quarantined - quarantined;
    if (damaged > 0 && stderr !== undefined)
      await print(stderr, `spillway: ${damaged} damaged records were set aside; ${quarantineText(directory)}\n`);
    return result;
  } catch (error) {
    return throwAsCliError(error);
  } finally {
    await queue.close();
  }
}

const isBusy = (error: unknown): error is StoreRefused => error instanceof StoreRefused && error.code === 'busy';

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
    'end spillway work with SIGTERM, or start it with --until-idle so that it ends by itself; then run this command again',
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

/** The store's errors say what to do; any other error is a defect. */
export function throwAsCliError(error: unknown): never {
  if (error instanceof OtherSettings) throw new CliError(exitCode.later, (error as Error).message, [runAgain]);
  if (error instanceof QueueFull) throw new CliError(exitCode.later, error.message, [howToMakeRoom]);
  if (error instanceof OwnerGone) throw new CliError(exitCode.later, error.message, [runAgain]);
  if (isStoreLost(error)) throw new CliError(exitCode.storage, (error as Error).message);
  // By its name: it may come from the process that owns the store.
  if ((error as Error).name === 'FlushOverdue') throw new CliError(exitCode.later, (error as Error).message);
  if (!(error instanceof StoreRefused)) throw error;
  throw new CliError(codes[error.code], error.message, error.owner === undefined ? [] : busyDetails[error.owner]);
}
