import type { Batch, Frame, HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { RoktBatch } from './mapping.ts';

/** The same for every batch: core joins the body. Always the connection's own pod; there is no failover (ROKT-04). */
export const requestFor = ({ pod, bulk, apiKey, apiSecret }: Config): HttpRequest => ({
  method: 'POST',
  url: `https://s2s.${pod}.mparticle.com/v2/${bulk ? 'bulkevents' : 'events'}`,
  headers: {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Basic ${Buffer.from(`${apiKey}:${apiSecret}`, 'utf8').toString('base64')}`,
  },
});

export const request = (
  _batch: Batch<RoktBatch>,
  _config: Config,
  prepared: { readonly request: HttpRequest },
): HttpRequest => prepared.request;

/** `/v2/bulkevents` takes a list of batches, `/v2/events` one batch. */
export const frame = ({ bulk }: Config): Frame => (bulk ? list : bare);

export const limitsFor = ({ bulk }: Config): { maxItems?: number } => (bulk ? {} : { maxItems: 1 });

const list: Frame = { open: '[', separator: ',', close: ']' };
const bare: Frame = { open: '', separator: '', close: '' };
