import type { CredentialCheck } from '../../../../api/index.ts';
import type { Config } from './config.ts';

/** If Template Vendor has a harmless request that proves the credentials: `{ request, proves, ok, refused }`. */
export const check: CredentialCheck<Config, undefined> = {
  none: 'No request of Template Vendor is known that proves the credentials without doing something',
};
