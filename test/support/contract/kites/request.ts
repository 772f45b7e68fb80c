import type { HttpRequest } from '../../../../core/api/index.ts';
import type { Config } from './config.ts';

export const request = (config: Config): HttpRequest => ({
  method: 'POST',
  url: 'https://api.kites.example.com/sales',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${config.apiKey}` },
});
