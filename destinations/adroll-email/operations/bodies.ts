import {
  absoluteUrl,
  asCount,
  choice,
  normalizeEmail,
  trimInvisible,
  trimmedText,
  z,
  type InputIssue,
} from '../../../core/api/index.ts';
import { isDigest, whyNoAddress } from '../identity.ts';
import { dateTime } from './dates.ts';

/** How these operations identify the caller to AdRoll (ADEMAIL-37, ADEMAIL-47). */
const caller = 'spillway';

const words = (title: string) => z.string().meta({ title });
const line = (title: string) => trimmedText().min(1, 'must not be blank').meta({ title });
const address = (title: string) =>
  line(title)
    .refine((value) => whyNoAddress(value) === undefined, 'must be an e-mail address with ASCII before the @')
    .meta({ title });
const webAddress = (title: string) =>
  line(title)
    .refine((value) => absoluteUrl(value) !== undefined, 'must be a full http(s) URL')
    .meta({ title });

/** A whole number, also written as text, as a form or a table has it (ADEMAIL-33). */
const hours = z
  .preprocess((value) => (typeof value === 'string' ? (asCount(value) ?? value) : value), z.int().min(0))
  .meta({ title: 'Hours after the email before' });

/** ADEMAIL-32 to ADEMAIL-34. The picture must stay available for an hour: AdRoll fetches it after the request. */
const campaignEmail = z
  .strictObject({
    body: words('Text').optional(),
    cta_destination: webAddress('Link of the button').optional(),
    cta_label: words('Text of the button').optional(),
    delay_hours: hours.optional(),
    email_subject: words('Subject').optional(),
    headline: words('Headline').optional(),
    hero_image_url: webAddress('URL of the picture').optional(),
  })
  .meta({ title: 'Email' });

const sender = {
  footer_postal_address: line('Postal address of the sender').optional(),
  sender_address: address('E-mail address of the sender').optional(),
  sender_name: line('Name of the sender').optional(),
};
const dates = { start_date: dateTime('Start').optional(), end_date: dateTime('End').optional() };

const somethingIn = (body: object): boolean => Object.values(body).some((value) => value !== undefined);
const changesNothing = 'must change something';

/** ADEMAIL-31. */
export const newCampaign = z
  .strictObject({
    ...sender,
    ...dates,
    source: line('Service that creates the campaign').default(caller),
    emails: z.array(campaignEmail).meta({ title: 'Emails' }).optional(),
  })
  .meta({ title: 'Campaign' });

/** ADEMAIL-49: only what is changed. */
export const senderInfo = z.strictObject(sender).refine(somethingIn, changesNothing).meta({ title: 'Sender' });

/** ADEMAIL-52. ISO 3166; AdRoll does not say whether with two letters or three. */
export const accountSettings = z
  .strictObject({
    country: line('Country')
      .toUpperCase()
      .regex(/^[A-Z]{2,3}$/, 'must be an ISO 3166 country code')
      .meta({ title: 'Country' }),
  })
  .meta({ title: 'Settings' });

/** ADEMAIL-55. */
export const campaignChange = z
  .strictObject({ ...dates, name: line('Name').optional() })
  .refine(somethingIn, changesNothing)
  .meta({ title: 'Campaign' });

/** ADEMAIL-58: by position, in drip order. */
export const campaignEmails = z.array(campaignEmail).min(1, changesNothing).meta({ title: 'Emails' });

/** ADEMAIL-60. */
export const campaignStatus = z
  .strictObject({ status: choice({ paused: 'Paused', running: 'Running' }).meta({ title: 'Status' }) })
  .meta({ title: 'Status of the campaign' });

/** ADEMAIL-18: never an empty list. */
export const unsubscribers = z
  .array(z.string().meta({ title: 'E-mail address' }))
  .min(1, 'must hold an address')
  .meta({ title: 'Unsubscribed addresses' });

/** ADEMAIL-18, ADEMAIL-22, ADEMAIL-26: each address once, and the malformed and the hashed ones are left out. */
export function usableAddresses(addresses: readonly string[]) {
  const usable = new Map<string, string>();
  const issues: InputIssue[] = [];
  for (const [index, written] of addresses.entries()) {
    const address = trimInvisible(written);
    const wrong = isDigest(address)
      ? 'It is a digest, and AdRoll Email needs the address itself'
      : whyNoAddress(address);
    if (wrong !== undefined) issues.push({ path: `body.${index}`, message: wrong });
    else if (!usable.has(normalizeEmail(address))) usable.set(normalizeEmail(address), address);
  }
  return { body: usable.size === 0 ? undefined : [...usable.values()], issues };
}

export const agent = line('Service that opts out').default(caller);
