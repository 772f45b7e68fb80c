import type { CredentialCheck } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Prepared } from './prepare.ts';
import { requestFor } from './request.ts';

/** A dry run of no events: nothing is kept even where AdRoll looks at the token before the rest (ADROLL-04). */
export const check: CredentialCheck<Config, Prepared> = {
  request: (config) => ({ ...requestFor({ ...config, dryRun: true, gzip: false }), body: '[]' }),
  proves: 'The token is taken for this advertisable; not that the pixel belongs to it.',
  // Only a request whose token was taken is looked into and found wanting.
  ok: [200, 400, 422],
  refused: [401, 403],
};
