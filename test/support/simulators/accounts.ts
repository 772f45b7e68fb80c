import path from 'node:path';
import type { CdpEvent } from '../../../core/index.ts';
import {
  addressKey,
  addressOf,
  mixes,
  startAccount,
  type AdrollEmailSimulator,
  type Mix,
  type Simulator,
  type SimulatorOptions,
} from '../../../core/testing/simulators/index.ts';
import { loadDemo } from '../../../core/testing/kit/demo-format.ts';

/** A made-up customer at one vendor: the settings of the connection, and a simulator that knows the same account. */
export interface Account {
  readonly slug: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Events this vendor has a use for, and nothing odd. */
  readonly mix: Mix;
  /** Everything this vendor may meet, odd events included. Default: the generator's `everything`. */
  readonly everything?: Mix;
  /** The event's id in the vendor's ledger. Default: its messageId. */
  readonly keyOf?: (event: CdpEvent) => string;
  readonly start: (options: SimulatorOptions) => Promise<Simulator>;
  /** Ledger keys of what this vendor refused though the folder lets it pass: then it must come back rejected. */
  readonly refusedBy?: (vendor: Simulator) => ReadonlySet<string>;
}

export const ledgerKey = ({ keyOf }: Account, event: CdpEvent): string => keyOf?.(event) ?? event.messageId ?? '';

/** The customer's settings, and the vendor where they have their account. */
const customer = (slug: string): Pick<Account, 'slug' | 'config' | 'start'> => {
  const config = loadDemo(path.join('destinations', slug)).settings;
  return { slug, config, start: (options) => startAccount(slug, config, options) as Promise<Simulator> };
};

export const accounts: readonly Account[] = [
  { ...customer('adroll'), mix: mixes.webOrders },
  { ...customer('rokt'), mix: mixes.orders },
  { ...customer('adjust'), mix: mixes.adjust },
  {
    ...customer('adroll-email'),
    mix: mixes.unsubscribes,
    everything: mixes.mixedUnsubscribes,
    keyOf: (event) => addressKey(addressOf(event) ?? ''),
    refusedBy: (vendor) => (vendor as AdrollEmailSimulator).ignored(),
  },
];
