import type { Config } from './config.ts';
import type { Platform } from './identity.ts';
import { parameterReader, type ParameterReader } from './passthrough.ts';

/** Computed once per connection, when it opens. */
export interface Prepared {
  /** By event name. A Map, because the names come from events: an object would also answer to "constructor". */
  readonly targets: ReadonlyMap<string, Target>;
  readonly callbackParams: ParameterReader;
  readonly partnerParams: ParameterReader;
  readonly maxAgeMs: number;
}

export interface Target {
  readonly token: string;
  /** The scopes that a suspension of this event may have (ADJUST-57, ADJUST-61). */
  readonly scopes: Readonly<Record<Platform, readonly string[]>>;
  /** Adjust's SDK records this event on its own (ADJUST-21, ADJUST-22). */
  readonly lifecycle: boolean;
}

export const prepare = (config: Config): Prepared => ({
  targets: new Map(
    Object.entries(config.eventTokens).map(([name, token]) => [
      name,
      { token, scopes: scopesOf(token), lifecycle: lifecycleNames.has(name.toLowerCase().replaceAll(/[\s_-]/g, '')) },
    ]),
  ),
  callbackParams: parameterReader('callback_params', config.callbackParams),
  partnerParams: parameterReader('partner_params', config.partnerParams),
  maxAgeMs: config.maxEventAgeDays * 86_400_000,
});

const scopesOf = (token: string): Target['scopes'] => ({
  ios: [`token:${token}`, 'platform:ios'],
  android: [`token:${token}`, 'platform:android'],
  other: [`token:${token}`, 'platform:other'],
});

/** Installs, reattributions, sessions and what resembles them, without case, spaces, underscores and hyphens. */
const lifecycleNames: ReadonlySet<string> = new Set([
  'applicationinstalled',
  'applicationopened',
  'applicationupdated',
  'applicationlaunched',
  'applicationforegrounded',
  'applicationbackgrounded',
  'applicationuninstalled',
  'appinstall',
  'appinstalled',
  'appopen',
  'appopened',
  'applaunch',
  'applaunched',
  'appstart',
  'appstarted',
  'appupdate',
  'appupdated',
  'firstopen',
  'install',
  'installattributed',
  'reattribution',
  'sessionstart',
  'sessionstarted',
]);
