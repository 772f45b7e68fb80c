import { decide, operation, z, type OperationBase } from '../../../../core/api/index.ts';
import type { Config } from '../config.ts';
import { authorizationOf, origin } from '../request.ts';

const base = (config: Config): OperationBase => ({
  origin,
  headers: authorizationOf(config),
  params: { account: config.account },
});

const list = {
  'close-campaign': operation({
    summary: 'Closes a campaign: it takes no more events.',
    method: 'POST',
    path: '/v1/accounts/{account}/campaigns/{campaign}/close',
    params: z.strictObject({ campaign: z.string().min(1).meta({ title: 'Campaign' }) }),
    reply: z.looseObject({ closed: z.literal(true) }),
    errors: [{ status: 404, means: decide('reject', 'vendor_rejected', 'Lighthouse does not know this campaign') }],
    idempotent: true,
    confirm: 'A closed campaign cannot be opened again.',
  }),
};

export const operations = { base, list };
