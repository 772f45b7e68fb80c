import { secret, setting, z } from '../../../../api/index.ts';

export const config = z.strictObject({
  account: setting(
    z.string().regex(/^[\w-]+$/, 'must be letters, digits, "_" and "-"'),
    'Account',
    'The account the events belong to.',
  ),
  // <credentials>
  token: secret('API token', 'From the account page; sent with every request.'),
  // </credentials>
  events: setting(
    z.array(z.string().min(1)).default(['Order Completed']),
    'Events',
    'Names of the track events that are sent.',
  ),
});

export type Config = z.output<typeof config>;
