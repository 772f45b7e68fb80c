import type { CredentialCheck } from '../../../../api/index.ts';
import type { Config } from './config.ts';
import type { Prepared } from './settings.ts';

/** If Template Vendor has a harmless request that proves the credentials: `{ request, proves, ok, refused }`. */
export const check: CredentialCheck<Config, Prepared> = {
  none: 'No request of this vendor is known that proves the credentials without doing something',
};
