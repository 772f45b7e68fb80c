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
import type { BrokerRefused, BrokerRefusal, SharedDeliveryStore } from '../../../queue/jetstream/index.ts';
import type { Signal } from '../../../index.ts';
import { exitCode, CliError, usage } from '../exit-codes.ts';
import { print, type Output } from '../terminal.ts';
import { directoryAt, type StoreLocation } from './store-location.ts';

export interface StoreSettings {
  /** Creates the store where there is none; otherwise that is a usage error. */
  readonly create?: boolean;
  /** Bytes of records it may keep from now on. Default: as before. */
  readonly maxBytes?: number | undefined;
  /** How long to wait for a store that another process has, or that does not answer (ms). Default: 20 s. */
  readonly waitMs?: number | undefined;
  /** Without `waitMs`, waits for a broker for ever. */
  readonly waitsForBroker?: boolean;
  /** Told once, when it begins to wait for a broker. Default: says it on `stderr`. */
  readonly onWait?: (why: string) => void;
  /** Receives the defects of a store on a broker. */
  readonly onSignal?: (signal: Signal) => void;
  /** Where damaged records are reported. */
  readonly stderr?: Output;
}

/** A store as a command has it. `rateLimiter`: of one that other processes share. */
export type OpenStore = DeliveryStore & Partial<Pick<SharedDeliveryStore, 'rateLimiter'>>;

const defaultWaitMs = 20_000;

/** Opens the store for as long as `act` takes. Throws a CliError for one that is not there, in use, or damaged. */
export const withStore = <T>(
  location: StoreLocation,
  settings: StoreSettings,
  act: (store: OpenStore) => Promise<T>,
): Promise<T> =>
  location.kind === 'broker'
    ? withBroker(location, settings, act)
    : withDirectory(location.path, settings, (store) => act(store));

/** The same; where another process has the store, that one is asked instead. */
export const withSharedStore = <T>(
  location: StoreLocation,
  settings: StoreSettings,
  act: (store: OpenStore) => Promise<T>,
): Promise<T> =>
  location.kind === 'broker'
    ? withBroker(location, settings, act)
    : useDirectory(location.path, settings, (options) => openStore({ ...options, share: true }), act);

/** Opens the store of a directory as the one process that has it. */
export const withDirectory = <T>(
  directory: string,
  settings: StoreSettings,
  act: (store: EmbeddedStore) => Promise<T>,
): Promise<T> => useDirectory(directory, settings, openStore, act);

function useDirectory<T, S extends DeliveryStore>(
  directory: string,
  settings: StoreSettings,
  open: (options: Omit<StoreOptions, 'share'>) => Promise<S>,
  act: (store: S) => Promise<T>,
): Promise<T> {
  const { create = false, maxBytes, waitMs = defaultWaitMs } = settings;
  if (!create && !existsSync(directory)) throw usage(`there is no store at ${directory}; spillway enqueue creates one`);
  return use(directoryAt(directory), settings, () => open({ path: directory, maxBytes, waitMs }), act);
}

/** A broker is shared anyway. */
export function withBroker<T>(
  location: BrokerLocation,
  settings: StoreSettings,
  act: (store: SharedDeliveryStore) => Promise<T>,
): Promise<T> {
  const { create = false, maxBytes, waitsForBroker = false, stderr, onSignal } = settings;
  const waitMs = settings.waitMs ?? (waitsForBroker ? undefined : defaultWaitMs);
  const onWait = settings.onWait ?? ((why: string): void => void stderr?.write(`spillway: ${why}\n`));
  const { url } = location;
  const options = { url, create, maxBytes, waitMs, onWait, onSignal, ...location.settings };
  // Its clients are optional peers.
  const open = async (): Promise<SharedDeliveryStore> =>
    (await import('../../../queue/jetstream/index.ts')).openJetStreamStore(options);
  return use(location, settings, open, act);
}

type BrokerLocation = Extract<StoreLocation, { readonly kind: 'broker' }>;

async function use<T, S extends DeliveryStore>(
  location: StoreLocation,
  { stderr }: StoreSettings,
  open: () => Promise<S>,
  act: (store: S) => Promise<T>,
): Promise<T> {
  const store = await open().catch((error: unknown) => throwAsCliError(error, location));
  try {
    const { quarantined } = await store.status();
    const result = await act(store);
    // The command has succeeded: it must not fail because an owner can no longer be asked.
    const after = await store.status().catch(() => ({ quarantined }));
    const damaged = after.quarantined - quarantined;
    if (damaged > 0 && stderr !== undefined)
      await print(stderr, `spillway: ${damaged} damaged records were set aside; ${quarantineText(location)}\n`);
    return result;
  } catch (error) {
    return throwAsCliError(error, location);
  } finally {
    await store.close();
  }
}

export const quarantineText = (location: StoreLocation): string =>
  location.kind === 'directory'
    ? `what is left of them is in ${path.join(location.path, 'quarantine')}, one file each`
    : 'what is left of them is in the stream of dead letters (STREAM-dead), under the subjects STREAM.quarantine.*';

export const unknownConnection = (id: string, known: readonly string[]): CliError =>
  usage(
    `the store has no connection ${JSON.stringify(id)}; ${known.length === 0 ? 'it is empty' : `expected one of: ${known.join(', ')}`}`,
  );

export const howToMakeRoom = (location?: StoreLocation): string =>
  location?.kind === 'broker'
    ? 'spillway work makes room as it delivers, and spillway dead drop or requeue among the dead letters; spillway enqueue --max-bytes raises the limit, where the broker has the disk'
    : 'spillway work makes room as it delivers, sooner with a smaller --keep; spillway enqueue --max-bytes raises the limit';

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

const brokerCodes: Readonly<Record<BrokerRefusal, number>> = {
  unreachable: exitCode.later,
  unauthorized: exitCode.config,
  settings: exitCode.config,
  foreign: exitCode.config,
  missing: exitCode.usage,
  too_old: exitCode.storage,
  no_jetstream: exitCode.storage,
};

/** By their names: nothing of a broker is loaded beside a directory. */
function throwBrokerError(error: unknown): void {
  const { name, message } = error as Error;
  if (name === 'BrokerOverdue') throw new CliError(exitCode.later, message, [runAgain]);
  if (name === 'EventTooLarge') throw new CliError(exitCode.storage, message);
  // An optional peer that is missing.
  if (message.startsWith('spillway/jetstream needs ')) throw usage(message);
  if (name !== 'BrokerRefused') return;
  const { code } = error as BrokerRefused;
  throw new CliError(brokerCodes[code], message, code === 'unreachable' ? [howToWait] : []);
}

/** The store's errors say what to do; any other error is a defect. */
export function throwAsCliError(error: unknown, location?: StoreLocation): never {
  if (error instanceof OtherSettings) throw new CliError(exitCode.later, (error as Error).message, [runAgain]);
  if (error instanceof NotDrained) throw notDrained(error);
  if (error instanceof QueueFull) throw new CliError(exitCode.later, error.message, [howToMakeRoom(location)]);
  if (error instanceof OwnerGone) throw new CliError(exitCode.later, error.message, [runAgain]);
  if (isStoreLost(error)) throw new CliError(exitCode.storage, (error as Error).message);
  // By its name: it may come from the process that owns the store.
  if ((error as Error).name === 'FlushOverdue') throw new CliError(exitCode.later, (error as Error).message);
  throwBrokerError(error);
  if (!isRefusal(error)) throw error;
  throw new CliError(codes[error.code], error.message, error.owner === undefined ? [] : busyDetails[error.owner]);
}
