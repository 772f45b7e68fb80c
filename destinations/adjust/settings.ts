import { eventTable, eventTimeWithin, plainName, type EventTable, type ValueSelector } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { deviceIds, type DeviceId, type Platform } from './mapping.ts';
import { parameterSelector } from './passthrough.ts';

/** Computed once per connection, when it opens. */
export interface Prepared {
  readonly targetOf: EventTable<Target>;
  /** Whose events are not sent; an event that tells no platform goes by its adid. */
  readonly isLeftOut: (platform: Platform) => boolean;
  /** What the lane of an identifier begins with, by its name. */
  readonly laneBeginnings: Readonly<Record<DeviceId, string>>;
  readonly callbackParams: ValueSelector | undefined;
  readonly partnerParams: ValueSelector | undefined;
  readonly timeOf: ReturnType<typeof eventTimeWithin>;
}

export interface Target {
  readonly token: string;
  /** The scopes that a suspension of this event may have (ADJUST-57, ADJUST-61). */
  readonly scopes: Readonly<Record<Platform, readonly string[]>>;
  /** Adjust's SDK records this event on its own (ADJUST-21, ADJUST-22). */
  readonly isLifecycle: boolean;
}

export const prepare = (config: Config): Prepared => ({
  targetOf: eventTable({
    track: [Object.entries(config.eventTokens).map(([name, token]) => [name, target(name, token)])],
  }),
  isLeftOut: (platform) => platform !== 'other' && !config.platforms.includes(platform),
  laneBeginnings: Object.fromEntries(
    deviceIds.map((name) => [name, `${config.appToken}:${name}:`]),
  ) as Prepared['laneBeginnings'],
  callbackParams: parameterSelector('callbackParams', config),
  partnerParams: parameterSelector('partnerParams', config),
  timeOf: eventTimeWithin({
    vendor: 'Adjust',
    pastMs: config.maxEventAgeDays * 86_400_000,
    futureMs: config.maxFutureHours * 3_600_000,
    notBefore: firstTime,
  }),
});

/** created_at_unix has 10 digits in seconds and 13 in milliseconds, so only 2001 to 2286 fit (ADJUST-27). */
const firstTime = 1_000_000_000_000;

const target = (name: string, token: string): Target => ({
  token,
  scopes: {
    ios: [`token:${token}`, 'platform:ios'],
    android: [`token:${token}`, 'platform:android'],
    other: [`token:${token}`, 'platform:other'],
  },
  isLifecycle: lifecycleNames.some((names) => names.test(plainName(name))),
});

/** Installs, reattributions, sessions and what resembles them, as plainName() spells them. */
const lifecycleNames = [
  /^application(?:(?:un)?installed|opened|updated|launched|foregrounded|backgrounded)$/,
  /^app(?:(?:install|open|launch|start)(?:ed)?|updated?)$/,
  /^(?:firstopen|install|installattributed|reattribution|sessionstart(?:ed)?)$/,
];
