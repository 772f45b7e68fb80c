import { existsSync } from 'node:fs';
import path from 'node:path';
import { openQueue, StoreRefused, type DeliveryQueue, type RefusalCode } from '../../../queue/index.ts';
import { exitCode, Refusal, usage } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';

export interface StoreFlags {
  readonly store?: string;
}

/** `--store`, else SPILLWAY_STORE. */
export function storeOf({ store }: StoreFlags, env: Terminal['env']): string {
  const named = store ?? env['SPILLWAY_STORE'] ?? '';
  if (named === '') throw usage('--store is missing: the directory of the queue');
  return path.resolve(named);
}

export interface StoreSettings {
  /** Makes the store where there is none; without it, that is a usage error. */
  readonly create?: boolean;
  /** Bytes of records it may keep. */
  readonly maxBytes?: number | undefined;
}

/** Opens the store for as long as `act` takes. Throws a Refusal for one that is not there, in use, or damaged. */
export async function withStore<T>(
  directory: string,
  { create = false, maxBytes }: StoreSettings,
  act: (queue: DeliveryQueue) => Promise<T>,
): Promise<T> {
  if (!create && !existsSync(directory)) throw usage(`there is no store at ${directory}; spillway enqueue makes one`);
  const queue = await openQueue({ path: directory, maxBytes }).catch(refuse);
  try {
    return await act(queue).catch(refuse);
  } finally {
    await queue.close();
  }
}

const codes: Readonly<Record<RefusalCode, number>> = {
  busy: exitCode.later,
  taken: exitCode.storage,
  damaged: exitCode.storage,
  unwritable: exitCode.storage,
  unread: exitCode.storage,
  foreign: exitCode.usage,
  newer: exitCode.usage,
  lanes: exitCode.config,
};

/** The store's own words say what to do; anything else is a defect. */
export function refuse(error: unknown): never {
  throw error instanceof StoreRefused ? new Refusal(codes[error.code], error.message) : error;
}
