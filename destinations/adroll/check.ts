import type { CredentialCheck } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Prepared } from './settings.ts';
import { request } from './request.ts';

/** A dry run without events: nothing is stored, even if AdRoll checks only the token first (ADROLL-04). */
export const check: CredentialCheck<Config, Prepared> = {
  request: (config) => ({ ...request({ ...config, dryRun: true, gzip: false }), body: '[]' }),
  proves: 'The token is taken for this advertisable; not that the pixel belongs to it.',
  // AdRoll validates the body only after it has accepted the token.
  ok: [200, 400, 422],
  refused: [401, 403],
};
