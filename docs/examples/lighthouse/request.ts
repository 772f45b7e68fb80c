import { jsonList, type Frame, type HttpRequest } from '../../../core/api/index.ts';
import type { Config } from './config.ts';

export const origin = 'https://ingest.lighthouse.example';

export const accountUrl = ({ account }: Config): string => `${origin}/v1/accounts/${encodeURIComponent(account)}`;

export const authorizationOf = ({ token }: Config) => ({ authorization: `Bearer ${token}` });

/** Everything except the body. */
export const request = (config: Config): HttpRequest => ({
  method: 'POST',
  url: `${accountUrl(config)}/orders`,
  headers: { 'content-type': 'application/json', ...authorizationOf(config) },
});

/** `{"orders":[{...},{...}]}` */
export const frame = (): Frame => jsonList('orders');
