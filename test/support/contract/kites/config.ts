import { secret, setting, text, z } from '../../../../core/api/index.ts';

export const config = z.strictObject({
  account: text('Account', 'The number of the account at Kites.'),
  apiKey: secret('API key', 'From the account page; sent with every request.'),
  events: setting(
    z.array(z.string().min(1).meta({ title: 'Event' })).default(['Order Completed']),
    'Events',
    'Names of the events that are purchases.',
  ),
});

export type Config = z.output<typeof config>;
