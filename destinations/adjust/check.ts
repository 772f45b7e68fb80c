import type { CredentialCheck } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Prepared } from './settings.ts';

/** Adjust documents no request that checks the tokens without counting anything. */
export const check: CredentialCheck<Config, Prepared> = {
  none: 'Adjust has no request that proves an app token without recording an event',
};
