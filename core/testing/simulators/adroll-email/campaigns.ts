import { senderChecks, type AdvertisableAccount, type Call, type Operations } from './account.ts';
import { invalid, problemsOf, said, silentNo, success, type Problem } from './answer.ts';
import { campaignEmail, emailChecks, listed, type CampaignEmail } from './content.ts';
import { dateTime, readSeconds } from './dates.ts';
import { isFields, text, type Fields } from '../field-checks.ts';
import type { VendorVerdict } from '../service.ts';

/** A campaign as the vendor keeps it. */
export interface AdrollEmailCampaign {
  readonly eid: string;
  readonly status: 'paused' | 'running';
  /** In drip order. */
  readonly emails: readonly CampaignEmail[];
  readonly name?: string;
  readonly source?: string;
  readonly start_date?: string;
  readonly end_date?: string;
  readonly sender_address?: string;
  readonly sender_name?: string;
  readonly footer_postal_address?: string;
}

export type CampaignBook = Map<string, AdrollEmailCampaign>;

const dateChecks = { start_date: dateTime, end_date: dateTime } as const;
const listOnly = (value: unknown): string | undefined => (Array.isArray(value) ? undefined : 'must be an array');
/** ADEMAIL-31, ADEMAIL-37 */
const createChecks = { ...senderChecks, ...dateChecks, source: text, emails: listOnly } as const;
/** ADEMAIL-55 */
const updateChecks = { ...dateChecks, name: text } as const;

/** Everything about campaigns, from creation to status. Those of another advertisable are as good as unknown. */
export function campaignOperations(
  account: AdvertisableAccount,
  campaigns: CampaignBook,
  updatableSources: readonly string[] | undefined,
): Operations<'createCampaign' | 'updateCampaign' | 'listEmails' | 'updateEmails' | 'setStatus'> {
  /** The document has this 404 for the status alone; the others have nothing better to say. */
  const withCampaign =
    (operate: (campaign: AdrollEmailCampaign, call: Call) => VendorVerdict) =>
    (call: Call): VendorVerdict => {
      const campaign = campaigns.get(call.eid);
      return campaign === undefined ? silentNo(404, 'There is no such campaign') : operate(campaign, call);
    };
  const keep = (campaign: AdrollEmailCampaign, change: Partial<AdrollEmailCampaign>) => (): void =>
    void campaigns.set(campaign.eid, { ...campaign, ...change });

  return {
    createCampaign({ eid: advertisable, body, at }) {
      if (advertisable !== account.eid) return forbidden('advertisable_eid', 'is not one of this user');
      if (!account.termsAccepted) return forbidden('advertisable_eid', 'has not accepted the terms');
      const problems = isFields(body) ? problemsOfCampaign(body) : [{ name: 'body', error: 'must be an object' }];
      if (problems.length > 0) return invalid(400, ...problems);
      const fields = body as Partial<AdrollEmailCampaign>;
      const outOfRange = problemsOfDates(fields, fields, at);
      if (outOfRange.length > 0) return invalid(416, ...outOfRange);
      const eid = `CAMPAIGN${String(campaigns.size + 1).padStart(14, '0')}`;
      const emails = (fields.emails ?? []).map((email, index) => campaignEmail(eid, index, email));
      return said({ eid }, () => void campaigns.set(eid, { ...fields, eid, status: 'paused', emails }));
    },

    updateCampaign: withCampaign((campaign, { body, at }) => {
      if (!isFields(body)) return invalid(400, { name: 'body', error: 'must be an object' });
      if (Object.keys(body).length === 0) return invalid(400, { name: 'body', error: 'changes nothing' });
      const problems = problemsOf(body, updateChecks, []);
      if (updatableSources !== undefined && !updatableSources.includes(campaign.source ?? '')) {
        problems.push({ name: 'source', error: 'of the campaign admits no update' });
      }
      if (problems.length > 0) return invalid(400, ...problems);
      const outOfRange = problemsOfDates(body, { ...campaign, ...body }, at);
      return outOfRange.length > 0 ? invalid(416, ...outOfRange) : success(keep(campaign, body));
    }),

    listEmails: withCampaign((campaign) => said({ emails: campaign.emails.map((email) => listed(campaign, email)) })),

    updateEmails: withCampaign((campaign, { body }) => {
      if (!Array.isArray(body)) return invalid(400, { name: 'body', error: 'must be a bare array' });
      if (body.length === 0) return invalid(400, { name: 'body', error: 'changes nothing' });
      const had = campaign.emails.length;
      if (body.length > had) return silentNo(413, `${body.length} emails are more than the ${had} of the campaign`);
      const problems = problemsOfEmails(body, '');
      if (problems.length > 0) return invalid(400, ...problems);
      const emails = campaign.emails.map((email, index) => ({ ...email, ...(body[index] as Partial<CampaignEmail>) }));
      return success(keep(campaign, { emails }));
    }),

    setStatus: withCampaign((campaign, { body }) => {
      const fields = isFields(body) ? body : {};
      const problems = problemsOf(fields, { status: statusOnly }, ['status']);
      if (problems.length > 0) return invalid(400, ...problems);
      if (!account.termsAccepted) return forbidden('campaign_eid', 'belongs to an advertisable without terms');
      const status = fields['status'] === 'running' ? 'running' : 'paused';
      const missing = status === 'running' ? missingForLaunch(campaign, account) : [];
      return missing.length > 0 ? invalid(412, ...missing) : success(keep(campaign, { status }));
    }),
  };
}

/** ADEMAIL-40, ADEMAIL-61 */
const forbidden = (name: string, error: string): VendorVerdict => invalid(403, { name, error });

/** ADEMAIL-60 */
const statusOnly = (value: unknown): string | undefined =>
  value === 'paused' || value === 'running' ? undefined : 'must be paused or running';

function problemsOfCampaign(body: Fields): Problem[] {
  const { emails } = body;
  const own = problemsOf(body, createChecks, []);
  return Array.isArray(emails) ? [...own, ...problemsOfEmails(emails, 'emails')] : own;
}

/** ADEMAIL-32 */
const problemsOfEmails = (emails: readonly unknown[], at: string): Problem[] =>
  emails.flatMap((email, index) =>
    isFields(email)
      ? problemsOf(email, emailChecks, [], `${at}[${index}].`)
      : [{ name: `${at}[${index}]`, error: 'must be an object' }],
  );

/** ADEMAIL-35, ADEMAIL-36: `fields` is what the request says, `then` the campaign as it would be after it. */
function problemsOfDates(fields: Fields, then: Fields, now: number): Problem[] {
  const start = readSeconds(then['start_date']);
  const end = readSeconds(then['end_date']);
  const problems: Problem[] = [];
  if (fields['start_date'] !== undefined && start !== undefined && start < Math.floor(now / 1000) * 1000) {
    problems.push({ name: 'start_date', error: 'is in the past' });
  }
  if (start !== undefined && end !== undefined && start > end) {
    problems.push({
      name: fields['end_date'] === undefined ? 'start_date' : 'end_date',
      error: 'is on the wrong side of the other date',
    });
  }
  return problems;
}

/** ADEMAIL-61: what the document calls launch requirements without naming one. */
function missingForLaunch(campaign: AdrollEmailCampaign, { settings }: AdvertisableAccount): Problem[] {
  const names = ['sender_name', 'sender_address', 'footer_postal_address'] as const;
  const missing: string[] = names.filter((name) => (campaign[name] ?? settings[name]) === '');
  if (campaign.emails.length === 0) missing.push('emails');
  return missing.map((name) => ({ name, error: 'is required to launch' }));
}
