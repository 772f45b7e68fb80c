import {
  choice,
  currencyCode,
  eventPath,
  secret,
  setting,
  text,
  trimInvisible,
  trimmedText,
  z,
} from '../../core/api/index.ts';

const name = (title: string) =>
  z
    .string()
    .min(1, 'must not be blank')
    .refine((written) => trimInvisible(written) !== '', 'must not be blank')
    .meta({ title });
const property = name('Property');
const parameter = name('Parameter');
/** As the selectors compare names, which trim them. */
const differ = (written: readonly string[]): boolean => new Set(written.map(trimInvisible)).size === written.length;

const all = z.literal('all').meta({ title: 'All properties' });

const names = z.array(property).refine(differ, 'names a property twice').meta({ title: 'These properties' });

const renames = z
  .record(property, parameter)
  .refine((map) => differ(Object.values(map)), 'gives two properties one parameter')
  .meta({ title: 'Properties under other names' });

const valueSource = z.union(
  [
    z.strictObject({ from: eventPath('Path', 'Where the value stands, for example context.traits.plan.') }).meta({
      title: 'From the event',
    }),
    z.strictObject({ value: text('Value', 'The same for every event.') }).meta({ title: 'Constant' }),
  ],
  'must be {"from": "a path of the event"} or {"value": "a text"}',
);

/** By parameter, unlike the others: one place of the event may go to two parameters. */
const sources = z
  .record(parameter, valueSource.meta({ title: 'Source' }))
  .meta({ title: 'Parameters from anywhere in the event' });

export const config = z.strictObject({
  appToken: text('App token', 'The token of the app in Adjust, for example 4w565xzmb54d.'),
  environment: setting(
    choice({ production: 'Production', sandbox: 'Sandbox' }),
    'Environment',
    'Sandbox events are kept apart in Adjust. Always sent, because Adjust takes a missing one for production.',
  ),
  eventTokens: setting(
    z.record(
      z.string().min(1).meta({ title: 'Event name' }),
      trimmedText().min(1, 'must not be blank').meta({ title: 'Event token' }),
    ),
    'Event tokens',
    'Which of your events go to Adjust: the name of the event and the token Adjust gave it, for example f0ob4r.',
  ),
  s2sToken: secret(
    'S2S token',
    'Needed once S2S Security is switched on for the app. One token per app; its scope must include Events.',
  )
    .regex(/^[\x21-\x7e]*$/, 'must be the bare token, without spaces or the word "Bearer"')
    .optional(),
  platforms: setting(
    z
      .array(choice({ ios: 'iOS', android: 'Android, Fire OS included' }).meta({ title: 'Platform' }))
      .min(1, 'must name a platform')
      .default(['ios', 'android']),
    'Platforms',
    'Whose events are sent. An app token is often that of one platform; Adjust refuses the events of any other.',
  ),
  callbackParams: setting(
    z
      .union(
        [all, names, renames, sources],
        'must be "all", names, or names with their parameter; or parameters with their source',
      )
      .default([]),
    'Callback parameters',
    'For your own raw data export: "all" properties, a list of them, a map from property to parameter, or a map from parameter to a place in the event or a constant.',
  ),
  partnerParams: setting(
    z
      .union([names, renames, sources], 'must be names, or names with their parameter; or parameters with their source')
      .default([]),
    'Partner parameters',
    'What Adjust shares with your network partners: a list of properties, a map from property to parameter, or a map from parameter to a place in the event or a constant.',
  ),
  timeParameter: setting(
    choice({ created_at_unix: 'created_at_unix, in digits', created_at: 'created_at, a written time' }).default(
      'created_at_unix',
    ),
    'Time parameter',
    'How the time of an event is sent. Adjust recommends the digits.',
  ),
  timeUnit: setting(
    choice({ seconds: 'Seconds', milliseconds: 'Milliseconds' }).default('seconds'),
    'Time unit',
    'The unit of created_at_unix. Milliseconds keep the order of events within one second; created_at always has them.',
  ),
  maxEventAgeDays: setting(
    z.number().positive().default(28),
    'Oldest event in days',
    'Older events are rejected unsent, as Adjust would. Its documents say 28 days, newer ones 58.',
  ),
  maxFutureHours: setting(
    z.number().min(0).max(720).default(24),
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
    choice({ drop: 'Send the event without it', reject: 'Reject the event' }).default('drop'),
    'Unusable revenue',
    'What to do with revenue that is negative, below 0.001, no number or without a currency: send the event without it, or reject the event.',
  ),
  unmappedEvents: setting(
    choice({ skip: 'Skip', reject: 'Reject' }).default('skip'),
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
