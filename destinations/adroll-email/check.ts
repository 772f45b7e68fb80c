import { isObject, type CredentialCheck, type JsonValue } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Prepared } from './settings.ts';
import { authorizationOf, addressOf } from './request.ts';

const isSettings = (answer: JsonValue): boolean =>
  isObject(answer) && ['country', 'sender_name', 'sender_address'].some((name) => Object.hasOwn(answer, name));

/** Reads the advertisable's settings: a wrong credential gets 401 or 403, an unknown advertisable 404 (ADEMAIL-51). */
export const check: CredentialCheck<Config, Prepared> = {
  request: (config) => ({
    method: 'GET',
    url: addressOf(config, 'settings'),
    headers: { authorization: authorizationOf(config.auth) },
  }),
  proves: 'The credentials may read the settings of this advertisable; not that they may record unsubscriptions.',
  success: [{ body: isSettings }],
  ok: [200],
  refused: [401, 403, 404],
};
