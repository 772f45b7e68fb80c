import type { CdpEvent } from '../../../core/index.ts';
import {
  addressKey,
  addressOf,
  appEventNames,
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

const adroll = { advertisableEid: 'ADVERTISABLE0000000001', pixelEid: 'PIXEL00000000000000001' };
const adrollToken = 'sat-simulated';
const adrollUser = { username: 'simulated-user', password: 'simulated-password' };
const apikey = 'simulated-client-id';
const rokt = { apiKey: 'simulated-key', apiSecret: 'simulated-secret' };
const appToken = 'app5imulated';
const eventTokens = Object.fromEntries(
  appEventNames.map((name, index) => [name, `tok${String(index).padStart(3, '0')}`]),
);

export const accounts: readonly Account[] = [
  {
    slug: 'adroll',
    config: { ...adroll, serverAccessToken: adrollToken },
    mix: mixes.webOrders,
    start: (options) => startAdroll({ ...adroll, token: adrollToken, ...options }),
  },
  {
    slug: 'rokt',
    config: { ...rokt, pod: 'us1', environment: 'development' },
    mix: mixes.orders,
    start: (options) => startRokt({ ...rokt, ...options }),
  },
  {
    slug: 'adjust',
    config: { appToken, environment: 'sandbox', eventTokens, callbackParams: ['message_id'] },
    mix: mixes.adjust,
    start: (options) => startAdjust({ appToken, eventTokens: Object.values(eventTokens), ...options }),
  },
  {
    slug: 'adroll-email',
    config: { advertisableEid: adroll.advertisableEid, auth: { kind: 'basic', ...adrollUser, apikey } },
    mix: mixes.unsubscribes,
    everything: mixes.mixedUnsubscribes,
    keyOf: (event) => addressKey(addressOf(event) ?? ''),
    start: (options) =>
      startAdrollEmail({ advertisableEid: adroll.advertisableEid, apikey, basic: adrollUser, ...options }),
    refusedBy: (vendor) => (vendor as AdrollEmailSimulator).ignored(),
  },
];
