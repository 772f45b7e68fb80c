import { count, text, type Check } from '../field-checks.ts';

/** ADEMAIL-32, with the id the vendor gives it. */
export interface CampaignEmail {
  readonly eid: string;
  readonly body?: string;
  readonly cta_destination?: string;
  readonly cta_label?: string;
  readonly delay_hours?: number;
  readonly email_subject?: string;
  readonly headline?: string;
  readonly hero_image_url?: string;
}

const webAddress: Check = (value) =>
  typeof value === 'string' && /^https?:\/\/[^/?#\s]\S*$/.test(value) && URL.canParse(value)
    ? undefined
    : 'must be an absolute http(s) URL';

/** ADEMAIL-32 to ADEMAIL-34 */
export const emailChecks: Readonly<Record<string, Check>> = {
  body: text,
  cta_destination: webAddress,
  cta_label: text,
  delay_hours: count,
  email_subject: text,
  headline: text,
  hero_image_url: webAddress,
};

export const campaignEmail = (
  campaignEid: string,
  index: number,
  content: Omit<CampaignEmail, 'eid'>,
): CampaignEmail => ({
  ...content,
  eid: `EMAIL${String(index + 1).padStart(3, '0')}${campaignEid.slice(-14)}`,
});

/** ADEMAIL-57: an email as it is listed: what was given as fields comes back as a page. */
export const listed = (campaign: { readonly eid: string; readonly name?: string }, email: CampaignEmail) => ({
  content: page(email),
  delay_hours: email.delay_hours ?? 0,
  eid: email.eid,
  email_subject: email.email_subject ?? '',
  preview_text: (email.body ?? '').slice(0, 80),
  utm_campaign: campaign.name ?? campaign.eid,
  utm_medium: 'email',
  utm_source: 'adroll',
});

function page({
  headline,
  hero_image_url: image,
  body,
  cta_destination: link,
  cta_label: label,
}: CampaignEmail): string {
  const parts = [
    headline === undefined ? '' : `<h1>${escaped(headline)}</h1>`,
    image === undefined ? '' : `<img src="${escaped(image)}">`,
    body === undefined ? '' : `<p>${escaped(body)}</p>`,
    link === undefined ? '' : `<a href="${escaped(link)}">${escaped(label ?? link)}</a>`,
  ];
  return `<html><body>${parts.join('')}</body></html>`;
}

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
