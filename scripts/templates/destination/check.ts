import type { CredentialCheck } from '../../../core/api/index.ts';
import type { Config } from './config.ts';

/** A request that proves the credentials and harms nothing, where Template Vendor has one: `{ request, proves, ok, refused }`. */
export const check: CredentialCheck<Config, undefined> = {
  none: 'No request of Template Vendor is known that proves the credentials without doing something',
};
