import type { Batch, HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { AdjustEvent } from './mapping.ts';

/**
 * The same for every event: the form body has all that differs, so no identifier is in a URL (ADJUST-02, ADJUST-03).
 */
export const requestFor = ({ s2sToken }: Config): HttpRequest =>
  Object.freeze({
    method: 'POST',
    url: 'https://s2s.adjust.com/event',
    headers: Object.freeze({
      'content-type': 'application/x-www-form-urlencoded',
      ...(s2sToken === undefined ? {} : { authorization: `Bearer ${s2sToken}` }),
    }),
  });

export const request = (
  _batch: Batch<AdjustEvent>,
  _config: Config,
  prepared: { readonly request: HttpRequest },
): HttpRequest => prepared.request;
