import { startAdjust } from './adjust/simulator.ts';
import { startAdrollEmail } from './adroll-email/simulator.ts';
import { startAdroll } from './adroll/simulator.ts';
import { startRokt } from './rokt/simulator.ts';
import type { Simulator, SimulatorOptions } from './server.ts';

/** Settings of a connection, as its folder's schema reads them. */
type Settings = Readonly<Record<string, unknown>>;

interface AdrollSettings {
  readonly advertisableEid: string;
  readonly pixelEid: string;
  readonly serverAccessToken: string;
  readonly identifierPolicy?: 'first_party_cookie' | 'first_party_cookie_or_adct' | 'any';
}

interface RoktSettings {
  readonly apiKey: string;
  readonly apiSecret: string;
}

interface AdjustSettings {
  readonly appToken: string;
  readonly eventTokens: Readonly<Record<string, string>>;
  readonly s2sToken?: string;
  readonly maxEventAgeDays?: number;
}

interface AdrollEmailSettings {
  readonly advertisableEid: string;
  readonly auth: {
    readonly username?: string;
    readonly password?: string;
    readonly apikey?: string;
    readonly token?: string;
    readonly accessToken?: string;
  };
  readonly unsubscribersBody?: 'array' | 'object';
}

/** What each vendor would know of the customer with these settings. */
const accounts: Readonly<Record<string, (settings: never, options: SimulatorOptions) => Promise<Simulator>>> = {
  adroll: ({ serverAccessToken: token, advertisableEid, pixelEid, identifierPolicy }: AdrollSettings, options) =>
    startAdroll({ advertisableEid, pixelEid, identifierPolicy, token, ...options }),
  rokt: ({ apiKey, apiSecret }: RoktSettings, options) => startRokt({ apiKey, apiSecret, ...options }),
  adjust: ({ appToken, eventTokens, s2sToken, maxEventAgeDays }: AdjustSettings, options) =>
    startAdjust({
      appToken,
      eventTokens: Object.values(eventTokens),
      ...(s2sToken === undefined ? {} : { s2sToken }),
      ...(maxEventAgeDays === undefined ? {} : { maxEventAgeDays }),
      ...options,
    }),
  'adroll-email': ({ advertisableEid, auth, unsubscribersBody }: AdrollEmailSettings, options) => {
    const { username, password, apikey, token, accessToken } = auth;
    return startAdrollEmail({
      advertisableEid,
      ...(apikey === undefined ? {} : { apikey }),
      ...(username === undefined || password === undefined ? {} : { basic: { username, password } }),
      ...(token === undefined ? {} : { personalAccessToken: token }),
      ...(accessToken === undefined ? {} : { accessToken }),
      ...(unsubscribersBody === undefined ? {} : { unsubscribersBody }),
      ...options,
    });
  },
};

/**
 * The vendor of a destination on loopback, where the customer with these settings has an account; `undefined` where
 * there is no simulator of it.
 */
export function startAccount(
  slug: string,
  settings: Settings,
  options: SimulatorOptions,
): Promise<Simulator> | undefined {
  return Object.hasOwn(accounts, slug) ? accounts[slug]?.(settings as never, options) : undefined;
}
