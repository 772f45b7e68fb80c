import type { HttpRequest } from 'spillway/api';
import type { Config } from './config.ts';

/** Without test mode, the parameter is left out (PINTEREST-02). */
export const request = ({ adAccountId, conversionToken, testMode }: Config): HttpRequest => ({
  method: 'POST',
  url: `https://api.pinterest.com/v5/ad_accounts/${adAccountId}/events${testMode ? '?test=true' : ''}`,
  headers: { authorization: `Bearer ${conversionToken}`, 'content-type': 'application/json' },
});
