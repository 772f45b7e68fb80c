import type { Batch, Frame, HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { RoktBatch } from './mapping.ts';
import type { Plan } from './prepare.ts';

/** Always the connection's own pod; there is no failing over to another one (ROKT-04). Core joins the body. */
export const request = (_batch: Batch<RoktBatch>, _config: Config, { url, headers }: Plan): HttpRequest => ({
  method: 'POST',
  url,
  headers,
});

/** `/v2/bulkevents` takes a list of batches, `/v2/events` one batch. */
export const frame = ({ bulk }: Config): Frame => (bulk ? list : bare);

export const limitsFor = ({ bulk }: Config): { maxItems?: number } => (bulk ? {} : { maxItems: 1 });

const list: Frame = { open: '[', separator: ',', close: ']' };
const bare: Frame = { open: '', separator: '', close: '' };
