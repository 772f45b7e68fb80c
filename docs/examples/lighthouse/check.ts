import { isObject, type CredentialCheck } from '../../../core/api/index.ts';
import type { Config } from './config.ts';
import { accountUrl, authorizationOf } from './request.ts';
import type { Prepared } from './settings.ts';

/** Reads the account, and changes nothing. */
export const check: CredentialCheck<Config, Prepared> = {
  request: (config) => ({ method: 'GET', url: accountUrl(config), headers: authorizationOf(config) }),
  proves: 'The token is good for this account.',
  success: [{ body: (answer) => isObject(answer) && typeof answer['account'] === 'string' }],
  ok: [200],
  refused: [401, 403, 404],
};
