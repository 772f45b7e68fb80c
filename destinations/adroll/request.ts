import type { Batch, Frame, HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { AdRollEvent } from './mapping.ts';

/** Where events go, and as whom. */
export interface Endpoint {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function endpointOf({ advertisableEid, dryRun, serverAccessToken }: Config): Endpoint {
  const query = new URLSearchParams({ advertisable: advertisableEid });
  // Only "true" is documented: a real run leaves the parameter out (ADROLL-03).
  if (dryRun) query.set('dry_run', 'true');
  return {
    url: `https://srv.adroll.com/api?${query.toString()}`,
    headers: { authorization: `Token ${serverAccessToken}`, 'content-type': 'application/json' },
  };
}

/** An array also for one event (ADROLL-09). */
export const frame = (): Frame => ({ open: '[', separator: ',', close: ']' });

export function request(_batch: Batch<AdRollEvent>, { gzip }: Config, { url, headers }: Endpoint): HttpRequest {
  return { method: 'POST', url, headers, ...(gzip ? { compress: 'gzip' as const } : {}) };
}
