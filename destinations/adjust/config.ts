import { currencyCode, secret, setting, text, z } from '../../core/api/index.ts';

const names = z.array(z.string().min(1)).refine((list) => new Set(list).size === list.length, 'names a property twice');

const renames = z
  .record(z.string().min(1), z.string().min(1))
  .refine((map) => new Set(Object.values(map)).size === Object.keys(map).length, 'gives two properties one parameter');

export const config = z.strictObject({
  appToken: text('App token', 'The token of the app in Adjust, for example 4w565xzmb54d.'),
  environment: setting(
    z.enum(['production', 'sandbox']),
    'Environment',
    'Sandbox events are kept apart in Adjust. Always sent, because Adjust takes a missing one for production.',
  ),
  eventTokens: setting(
    z.record(z.string().min(1), z.string().trim().min(1, 'must not be blank')),
    'Event tokens',
    'Which of your events go to Adjust: the name of the event and the token Adjust gave it, for example f0ob4r.',
  ),
  s2sToken: secret(
    'S2S token',
    'Needed once S2S Security is switched on for the app. One token per app; its scope must include Events.',
  )
    .regex(/^[\x21-\x7e]*$/, 'must be the bare token, without spaces or the word "Bearer"')
    .optional(),
  callbackParams: setting(
    z.union([z.literal('all'), names, renames], 'must be "all", names, or names with their parameter').default([]),
    'Callback parameters',
    'Properties for your own raw data export: "all", a list of names, or a map from property to parameter.',
  ),
  partnerParams: setting(
    z.union([names, renames], 'must be names, or names with their parameter').default([]),
    'Partner parameters',
    'Properties Adjust shares with your network partners: a list of names, or a map from property to parameter.',
  ),
  timeUnit: setting(
    z.enum(['seconds', 'milliseconds']).default('seconds'),
    'Time unit',
    'The unit of created_at_unix. Milliseconds keep the order of events within one second.',
  ),
  maxEventAgeDays: setting(
    z.number().positive().default(28),
    'Oldest event in days',
    'Older events are rejected unsent, as Adjust would. Its documents say 28 days, newer ones 58.',
  ),
  maxFutureHours: setting(
    z.number().min(0).max(87_600).default(24),
    'Latest event in hours ahead',
    'Events further ahead of the clock are rejected: once Adjust has one, it refuses all that the device sends before that time.',
  ),
  requireAdid: setting(
    z.boolean().default(false),
    'Require the Adjust device id',
    'Reject events that do not carry an adid. One sentence of the documents asks for it, the list of required fields does not.',
  ),
  defaultCurrency: currencyCode(
    'Default currency',
    'The currency of revenue that names none. Without it such revenue is unusable.',
  ).optional(),
  unusableRevenue: setting(
    z.enum(['drop', 'reject']).default('drop'),
    'Unusable revenue',
    'What to do with revenue that is negative, below 0.001, no number or without a currency: send the event without it, or reject the event.',
  ),
  unmappedEvents: setting(
    z.enum(['skip', 'reject']).default('skip'),
    'Events without a token',
    'Whether an event that has no token is left out on purpose, or rejected so that somebody notices.',
  ),
  allowLifecycleEvents: setting(
    z.boolean().default(false),
    'Allow lifecycle events',
    'Send installs, app opens and session starts that have a token. The Adjust SDK records them too, and nothing removes duplicates.',
  ),
});

export type Config = z.output<typeof config>;
