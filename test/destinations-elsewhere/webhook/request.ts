import { framedBody, hmacSha256, type Batch, type HttpRequest } from 'spillway/api';
import type { Config } from './config.ts';
import type { Payload } from './mapping.ts';
import { frame } from './settings.ts';

/** The signature is that of the bytes that leave, as GitHub's webhooks have it. */
export function requestFor(batch: Batch<Payload>, config: Config): HttpRequest {
  const { method, url, headers, signature } = config;
  const body = framedBody(frame(config), batch);
  return {
    method,
    url,
    headers: {
      ...headers,
      'content-type': 'application/json',
      ...(signature && { [signature.header]: signature.prefix + hmacSha256(signature.key, body) }),
    },
    body,
  };
}
