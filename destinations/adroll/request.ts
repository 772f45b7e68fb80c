import { jsonArray, type Frame, type HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';

/** The same for every batch: core joins the body. */
export function request({ advertisableEid, dryRun, serverAccessToken, gzip }: Config): HttpRequest {
  const query = new URLSearchParams({ advertisable: advertisableEid });
  // Only "true" is documented: a real run leaves the parameter out (ADROLL-03).
  if (dryRun) query.set('dry_run', 'true');
  return {
    method: 'POST',
    url: `https://srv.adroll.com/api?${query.toString()}`,
    headers: { authorization: `Token ${serverAccessToken}`, 'content-type': 'application/json' },
    ...(gzip ? { compress: 'gzip' } : {}),
  };
}

/** An array, even for one event (ADROLL-09). */
export const frame = (): Frame => jsonArray;
