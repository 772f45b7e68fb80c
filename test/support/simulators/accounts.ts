import path from 'node:path';
import type { CdpEvent } from '../../../core/index.ts';
import {
  addressKey,
  addressOf,
  mixes,
  startAdjust,
  startAdroll,
  startAdrollEmail,
  startRokt,
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

/** The settings that the folder takes part in the demo with. */
const settingsOf = <S>(slug: string): S => loadDemo(path.join('destinations', slug)).settings as S;

const adroll = settingsOf<{ advertisableEid: string; pixelEid: string; serverAccessToken: string }>('adroll');
const rokt = settingsOf<{ apiKey: string; apiSecret: string }>('rokt');
const adjust = settingsOf<{ appToken: string; eventTokens: Record<string, string> }>('adjust');
const email = settingsOf<{
  advertisableEid: string;
  auth: { username: string; password: string; apikey: string };
}>('adroll-email');

export const accounts: readonly Account[] = [
  {
    slug: 'adroll',
    config: settingsOf('adroll'),
    mix: mixes.webOrders,
    start: (options) => {
      const { advertisableEid, pixelEid, serverAccessToken: token } = adroll;
      return startAdroll({ advertisableEid, pixelEid, token, ...options });
    },
  },
  {
    slug: 'rokt',
    config: settingsOf('rokt'),
    mix: mixes.orders,
    start: (options) => startRokt({ apiKey: rokt.apiKey, apiSecret: rokt.apiSecret, ...options }),
  },
  {
    slug: 'adjust',
    config: settingsOf('adjust'),
    mix: mixes.adjust,
    start: (options) =>
      startAdjust({ appToken: adjust.appToken, eventTokens: Object.values(adjust.eventTokens), ...options }),
  },
  {
    slug: 'adroll-email',
    config: settingsOf('adroll-email'),
    mix: mixes.unsubscribes,
    everything: mixes.mixedUnsubscribes,
    keyOf: (event) => addressKey(addressOf(event) ?? ''),
    start: (options) => {
      const { username, password, apikey } = email.auth;
      return startAdrollEmail({
        advertisableEid: email.advertisableEid,
        apikey,
        basic: { username, password },
        ...options,
      });
    },
    refusedBy: (vendor) => (vendor as AdrollEmailSimulator).ignored(),
  },
];
