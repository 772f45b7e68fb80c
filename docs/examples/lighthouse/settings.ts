import { eventTable, sha256, type EventTable, type Pace, type Rate } from '../../../core/api/index.ts';
import type { Config } from './config.ts';
import { defaultNames, type Action } from './mapping.ts';

export interface Prepared {
  readonly actionOf: EventTable<Action | 'skip'>;
}

/** What depends on the settings alone, once per connection. The customer's names override the defaults. */
export const prepare = ({ eventNames }: Config): Prepared => ({
  actionOf: eventTable<Action | 'skip'>({ track: [defaultNames, eventNames] }),
});

export const paceFor = ({ plan }: Config): Partial<Pace> =>
  plan === 'free' ? { concurrency: 1, rate: tenPerSecond } : {};

/** Lighthouse counts the requests of an account, whatever the token. */
export const paceKey = ({ account }: Config): string => sha256(account);

const tenPerSecond: Rate = { permits: 10, perMs: 1_000, cost: 'request' };
