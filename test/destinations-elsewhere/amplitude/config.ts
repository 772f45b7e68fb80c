import { choice, secret, setting, text, z, type Rate } from 'spillway/api';

export const config = z.strictObject({
  apiKey: secret('API key', "Of the project, from Amplitude's Settings > Projects. Not its secret key."),
  region: setting(
    choice({ US: 'United States', EU: 'European Union' }).default('US'),
    'Data region',
    'Where the project stores its data.',
  ),
  plan: setting(
    choice({ starter: 'Starter', growth: 'Growth', enterprise: 'Enterprise' }).default('starter'),
    'Plan',
    'Amplitude asks a Starter project to send at most 1,000 events a second and ten in a request.',
  ),
  minIdLength: setting(
    z.int().min(1).max(100).default(5),
    'Minimum length of ids',
    'A shorter user or device id is not sent. Amplitude takes five characters or more unless a request says otherwise.',
  ),
  sendPages: setting(
    z.boolean().default(false),
    'Send pages',
    'Send page and screen calls, as "Viewed Pricing Page". Each counts against the event volume of the project.',
  ),
  groupType: text(
    'Group type',
    'What group calls describe, such as company. Without it they are not sent: groups need the Accounts add-on.',
  ).optional(),
});

export type Config = z.output<typeof config>;

export const limitsFor = ({ plan }: Config) => (plan === 'starter' ? { maxItems: 10 } : {});
export const paceFor = ({ plan }: Config) => (plan === 'starter' ? { rate: starterRate } : {});

const starterRate: Rate = { permits: 1_000, perMs: 1_000, cost: 'item' };
