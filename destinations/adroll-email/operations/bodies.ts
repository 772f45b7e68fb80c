import { absoluteUrl, normalizeEmail, z } from '../../../core/api/index.ts';
import { isAddress, isDigest } from '../identity.ts';
import { dateTime } from './dates.ts';

/** How these operations identify the caller to AdRoll (ADEMAIL-37, ADEMAIL-47). */
const caller = 'spillway';

const line = z.string().trim().min(1, 'must not be blank');
const address = line.refine(isAddress, 'must be an e-mail address');
const webAddress = line.refine((value) => absoluteUrl(value) !== undefined, 'must be a full http(s) URL');

/** ADEMAIL-32 to ADEMAIL-34. The picture must stay available for an hour: AdRoll fetches it after the request. */
const campaignEmail = z.strictObject({
  body: z.string().optional(),
  cta_destination: webAddress.optional(),
  cta_label: z.string().optional(),
  delay_hours: z.int().min(0).optional(),
  email_subject: z.string().optional(),
  headline: z.string().optional(),
  hero_image_url: webAddress.optional(),
});

const sender = {
  footer_postal_address: line.optional(),
  sender_address: address.optional(),
  sender_name: line.optional(),
};
const dates = { start_date: dateTime.optional(), end_date: dateTime.optional() };

const somethingIn = (body: object): boolean => Object.values(body).some((value) => value !== undefined);
const changesNothing = 'must change something';

/** ADEMAIL-31. */
export const newCampaign = z.strictObject({
  ...sender,
  ...dates,
  source: line.default(caller),
  emails: z.array(campaignEmail).optional(),
});

/** ADEMAIL-49: only what is changed. */
export const senderInfo = z.strictObject(sender).refine(somethingIn, changesNothing);

/** ADEMAIL-52. ISO 3166; AdRoll does not say whether with two letters or three. */
export const accountSettings = z.strictObject({
  country: line.toUpperCase().regex(/^[A-Z]{2,3}$/, 'must be an ISO 3166 country code'),
});

/** ADEMAIL-55. */
export const campaignChange = z.strictObject({ ...dates, name: line.optional() }).refine(somethingIn, changesNothing);

/** ADEMAIL-58: by position, in drip order. */
export const campaignEmails = z.array(campaignEmail).min(1, changesNothing);

/** ADEMAIL-60. */
export const campaignStatus = z.strictObject({ status: z.enum(['paused', 'running']) });

/** ADEMAIL-18, ADEMAIL-22, ADEMAIL-26: each address once, none malformed, none hashed, never an empty list. */
export const unsubscribers = z
  .array(
    line
      .refine((value) => !isDigest(value), 'must be the address itself, not a digest of it')
      .refine((value) => isDigest(value) || isAddress(value), 'must be an e-mail address'),
  )
  .min(1, 'must hold an address')
  .transform((addresses) => {
    const first = new Map<string, string>();
    for (const one of addresses) if (!first.has(normalizeEmail(one))) first.set(normalizeEmail(one), one);
    return [...first.values()];
  });

export const agent = line.default(caller);
