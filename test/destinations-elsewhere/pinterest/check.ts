import { isObject, sha256, type CredentialCheck } from 'spillway/api';
import type { Config } from './config.ts';
import { request } from './request.ts';

const user_data = { em: [sha256('nobody@example.com')] };
const invented = { event_name: 'custom', action_source: 'web', event_id: 'credential-check', user_data };

/** One invented event in test mode, which Pinterest does not record (PINTEREST-02). */
export const check: CredentialCheck<Config, unknown> = {
  request: (config, _prepared, { now }) => ({
    ...request({ ...config, testMode: true }),
    body: JSON.stringify({ data: [{ ...invented, event_time: Math.floor(now / 1000) }] }),
  }),
  proves: 'The token may send conversions to this ad account.',
  success: [{ body: (answer) => isObject(answer) && answer['num_events_received'] === 1 }],
  ok: [200],
  refused: [401, 403],
};
