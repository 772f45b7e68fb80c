import type { HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';

/**
 * The same for every event: the form body has all that differs, so no identifier is in a URL (ADJUST-02, ADJUST-03).
 */
export const request = ({ s2sToken }: Config): HttpRequest =>
  Object.freeze({
    method: 'POST',
    url: 'https://s2s.adjust.com/event',
    headers: Object.freeze({
      'content-type': 'application/x-www-form-urlencoded',
      ...(s2sToken === undefined ? {} : { authorization: `Bearer ${s2sToken}` }),
    }),
  });
