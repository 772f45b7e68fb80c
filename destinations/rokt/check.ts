import type { CredentialCheck } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Prepared } from './settings.ts';
import { request } from './request.ts';

/** A batch without environment, person and event: a 400 proves that the key and secret were accepted (ROKT-53). */
export const check: CredentialCheck<Config, Prepared> = {
  request: (config) => ({ ...request({ ...config, bulk: false }), body: '{}' }),
  proves: 'The key and secret are taken in this pod; not that they may write to the environment.',
  ok: [202, 400],
  // A key of another pod gets 404.
  refused: [401, 403, 404],
};
