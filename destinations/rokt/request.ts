import { bare, basicAuth, jsonArray, type Frame, type HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';

/** The same for every batch: core joins the body. Always the connection's own pod; there is no failover (ROKT-04). */
export const request = ({ pod, bulk, apiKey, apiSecret }: Config): HttpRequest => ({
  method: 'POST',
  url: `https://s2s.${pod}.mparticle.com/v2/${bulk ? 'bulkevents' : 'events'}`,
  headers: {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: basicAuth(apiKey, apiSecret),
  },
});

/** `/v2/bulkevents` takes a list of batches, `/v2/events` one batch. */
export const frame = ({ bulk }: Config): Frame => (bulk ? jsonArray : bare);

export const limitsFor = ({ bulk }: Config): { maxItems?: number } => (bulk ? {} : { maxItems: 1 });

/** Three bulk requests a second are the whole rate. */
export const paceFor = ({ bulk }: Config): { concurrency?: number } => (bulk ? { concurrency: 8 } : {});
