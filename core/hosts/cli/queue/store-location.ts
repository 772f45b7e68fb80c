import path from 'node:path';
import { usage } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { assertNoBrokerFlags, brokerSettings, type BrokerFlags, type BrokerSettings } from './broker-flags.ts';

export interface StoreFlags extends BrokerFlags {
  readonly store?: string;
  /** Milliseconds. */
  readonly wait?: number;
}

/** Where a store is. `name`: what people see of it, without secrets. */
export type StoreLocation =
  | { readonly kind: 'directory'; readonly name: string; readonly path: string }
  | {
      readonly kind: 'broker';
      readonly name: string;
      /** With its secrets. */
      readonly url: string;
      readonly settings: BrokerSettings;
    };

/** `--store`, else SPILLWAY_STORE. */
export function storeLocation(flags: StoreFlags, env: Terminal['env']): StoreLocation {
  const location = optionalStoreLocation(flags, env);
  if (location !== undefined) return location;
  throw usage('--store is missing: name a directory or a broker (nats://HOST), or set SPILLWAY_STORE');
}

/** `undefined` where neither names one. */
export function optionalStoreLocation(flags: StoreFlags, env: Terminal['env']): StoreLocation | undefined {
  const named = flags.store ?? env['SPILLWAY_STORE'] ?? '';
  return named === '' ? undefined : locationOf(named, flags, env);
}

export function locationOf(named: string, flags: BrokerFlags, env: Terminal['env']): StoreLocation {
  if (isUrl(named)) {
    const name = withoutSecrets(named);
    if (!/^(?:nats|tls):/.test(named))
      throw usage(`--store ${name}: expected a directory, or nats://HOST or tls://HOST`);
    return { kind: 'broker', name, url: named, settings: brokerSettings(flags, env) };
  }
  assertNoBrokerFlags(flags);
  return directoryAt(named);
}

/** What `--from` and `--to` name. Both are reached by the same options; what a new store is like is for the second. */
export function locationsOf(
  { from, to, ...flags }: BrokerFlags & { readonly from: string; readonly to: string },
  env: Terminal['env'],
): { readonly from: StoreLocation; readonly to: StoreLocation } {
  const { natsLanes, natsReplicas, ...reach } = flags;
  const ofUrl = (named: string, one: BrokerFlags): StoreLocation =>
    isUrl(named) ? locationOf(named, one, env) : directoryAt(named);
  const ofMade = { ...(natsLanes && { natsLanes }), ...(natsReplicas && { natsReplicas }) };
  if (!isUrl(to)) assertNoBrokerFlags(isUrl(from) ? ofMade : flags);
  return { from: ofUrl(from, reach), to: ofUrl(to, flags) };
}

/** The same for a command that only a directory has a use for. `why`: for people, what a broker has instead. */
export function storeDirectory(flags: StoreFlags, env: Terminal['env'], why: string): string {
  const named = flags.store ?? env['SPILLWAY_STORE'] ?? '';
  if (named === '') throw usage('--store is missing: name the directory of the store, or set SPILLWAY_STORE');
  return directoryNamed(named, why);
}

/** Throws for a URL. */
export function directoryNamed(named: string, why: string): string {
  if (isUrl(named)) throw usage(`--store ${withoutSecrets(named)}: this command needs a directory; ${why}`);
  return path.resolve(named);
}

export function directoryAt(named: string): Extract<StoreLocation, { readonly kind: 'directory' }> {
  const resolved = path.resolve(named);
  return { kind: 'directory', name: resolved, path: resolved };
}

const isUrl = (named: string): boolean => /^[a-z][a-z\d+.-]*:\/\//i.test(named);

/** A password may hold any character, as it stands or by its code. */
const withoutSecrets = (url: string): string => url.replace(/^([^:]+:\/\/).*@/s, '$1');
