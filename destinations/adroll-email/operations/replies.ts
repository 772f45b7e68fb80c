import {
  decide,
  isObject,
  sha256,
  trimInvisible,
  usualRefusal,
  z,
  type CdpEvent,
  type RetryDecision,
} from '../../../core/api/index.ts';
import { utcSeconds } from './dates.ts';

const words = z.string().nullish();

/** ADEMAIL-09. */
export const success = z.looseObject({ success: z.union([z.boolean(), z.string(), z.number(), z.null()]) });

/** A refusal inside a 200, for every operation. */
export function refusalOf(reply: unknown): RetryDecision | undefined {
  const no = isObject(reply) ? usualRefusal(reply, 'top') : undefined;
  return no === undefined || no.status !== undefined ? undefined : notASuccess;
}

const notASuccess = decide('reject', 'vendor_rejected', 'AdRoll answered 200, but did not call it a success', {
  status: 200,
});

/** ADEMAIL-38: AdRoll does not say of what type it is. */
export const created = z.looseObject({ eid: z.union([z.string(), z.number()]).transform(String) });

/** ADEMAIL-42, ADEMAIL-44, ADEMAIL-45: whatever the type, and the date as it is. */
export const messages = z.looseObject({
  results: z.array(z.looseObject({ created_date: words, type: words, viewed: z.boolean().nullish() })),
});

/** ADEMAIL-51. */
export const settings = z.looseObject({
  country: words,
  footer_postal_address: words,
  sender_address: words,
  sender_name: words,
});

/** ADEMAIL-29: the reference writes a "T" between date and time, the examples a space. */
export const unsubscribed = z.looseObject({
  unsubscribers: z.array(
    z.looseObject({ date: z.string().transform((date) => utcSeconds(date) ?? date), email_address: z.string() }),
  ),
});

/** As events for this destination or another one. The id is the same whenever the list is read. */
export const unsubscribedEvents = ({ unsubscribers }: z.output<typeof unsubscribed>): readonly CdpEvent[] =>
  unsubscribers.map(({ date, email_address: email }) => ({
    type: 'track',
    event: 'Unsubscribed',
    messageId: `adroll-email-${sha256(`${trimInvisible(email).toLowerCase()} ${date}`).slice(0, 32)}`,
    ...(utcSeconds(date) === undefined ? {} : { timestamp: `${date}Z` }),
    properties: { email },
  }));

/** ADEMAIL-20, ADEMAIL-21. */
export const recorded = z.looseObject({ ignored: z.array(z.string()).nullish() });

/** ADEMAIL-57: in drip order. */
export const emails = z.looseObject({
  emails: z.array(
    z.looseObject({
      content: words,
      delay_hours: z.number().nullish(),
      eid: words,
      email_subject: words,
      preview_text: words,
      utm_campaign: words,
      utm_medium: words,
      utm_source: words,
    }),
  ),
});

/** ADEMAIL-62. */
export const activation = z.looseObject({ terms_accepted: z.boolean() });

export const refusalOfTerms = (reply: z.output<typeof activation>): RetryDecision | undefined =>
  reply.terms_accepted
    ? refusalOf(reply)
    : decide('suspend', 'misconfigured', 'The advertisable has not accepted the terms of AdRoll Email');
