import { operation, trimmedText, z, type OperationBase } from '../../../core/api/index.ts';
import { pathSegment, type Config } from '../config.ts';
import { checkDates, dateTime } from './dates.ts';
import * as body from './bodies.ts';
import * as errors from './errors.ts';
import * as reply from './replies.ts';
import { authorizationOf, origin, queryOf, root } from '../request.ts';

const advertisable = `${root}/advertisables/{advertisable_eid}`;
const campaign = `${root}/campaigns/{campaign_eid}`;

/** ADEMAIL-07. */
const params = z.strictObject({
  campaign_eid: trimmedText().regex(pathSegment, 'must be an EID').meta({ title: 'Campaign EID' }),
});

/** ADEMAIL-01 to ADEMAIL-03, ADEMAIL-06. */
const base = ({ advertisableEid, auth }: Config): OperationBase => ({
  origin,
  headers: { authorization: authorizationOf(auth) },
  query: queryOf(auth),
  params: { advertisable_eid: advertisableEid },
});

/** The fourteen operations of AdRoll's document, in its order (ADEMAIL-27 to ADEMAIL-64). No event reaches them. */
const list = {
  'create-campaign': operation({
    summary: 'Creates a campaign, paused.',
    method: 'POST',
    path: `${advertisable}/campaign`,
    body: body.newCampaign,
    check: ({ body: made }, { now }) => checkDates(made, now),
    reply: reply.created,
    refusal: reply.refusalOf,
    errors: [
      errors.invalid('AdRoll finds a parameter invalid'),
      errors.forbidden,
      errors.badDates,
      ...errors.ofAdvertisable,
    ],
    idempotent: false,
  }),
  'list-messages': operation({
    summary: 'The alerts that stand for the advertisable.',
    method: 'GET',
    path: `${advertisable}/messages`,
    reply: reply.messages,
    refusal: reply.refusalOf,
    errors: errors.ofAdvertisable,
    idempotent: true,
  }),
  // AdRoll documents neither a body nor the purpose, so it does not document that a repeat is harmless (ADEMAIL-43).
  'post-messages': operation({
    summary: 'The alerts that stand for the advertisable, by POST; no body is documented.',
    method: 'POST',
    path: `${advertisable}/messages`,
    reply: reply.messages,
    refusal: reply.refusalOf,
    errors: errors.ofAdvertisable,
    idempotent: false,
  }),
  'opt-out': operation({
    summary: 'Deactivates the advertisable: it leaves AdRoll Email and its terms.',
    method: 'POST',
    path: `${advertisable}/opt-out`,
    query: z.strictObject({ agent: body.agent }),
    reply: reply.success,
    refusal: reply.refusalOf,
    errors: [errors.invalid('AdRoll misses the agent'), ...errors.ofAdvertisable],
    idempotent: false,
    confirm: 'This deactivates the advertisable in AdRoll Email and withdraws its consent to the terms.',
  }),
  'update-sender-info': operation({
    summary: 'Changes who the mails come from.',
    method: 'PATCH',
    path: `${advertisable}/sender_info`,
    body: body.senderInfo,
    reply: reply.success,
    refusal: reply.refusalOf,
    errors: errors.ofAdvertisable,
    idempotent: true,
  }),
  'get-settings': operation({
    summary: 'Country and sender of the advertisable.',
    method: 'GET',
    path: `${advertisable}/settings`,
    reply: reply.settings,
    refusal: reply.refusalOf,
    errors: [errors.wrongPath, errors.unknownAdvertisable, ...errors.common],
    idempotent: true,
  }),
  'update-settings': operation({
    summary: 'Changes the country of the advertisable.',
    method: 'PATCH',
    path: `${advertisable}/settings`,
    body: body.accountSettings,
    reply: reply.success,
    refusal: reply.refusalOf,
    errors: [errors.wrongPath, errors.unknownAdvertisable, ...errors.common],
    idempotent: true,
  }),
  // One answer holds all of them: no paging is documented (ADEMAIL-29).
  'list-unsubscribers': operation({
    summary: 'Everybody who has unsubscribed, or those after a time.',
    method: 'GET',
    path: `${advertisable}/unsubscribers`,
    query: z.strictObject({ since: dateTime('Only those after').optional() }),
    reply: reply.unsubscribed,
    refusal: reply.refusalOf,
    events: reply.unsubscribedEvents,
    errors: [errors.wrongPath, errors.unknownAdvertisable, ...errors.common],
    idempotent: true,
    maxReplyBytes: 64 * 1024 * 1024,
    timeoutMs: 300_000,
  }),
  'record-unsubscribers': operation({
    summary: 'Records addresses as unsubscribed, as events do.',
    method: 'POST',
    path: `${advertisable}/unsubscribers`,
    body: body.unsubscribers,
    setAside: body.usableAddresses,
    write: (addresses, config) =>
      (config as Config).unsubscribersBody === 'array' ? addresses : { unsubscribers: addresses },
    reply: reply.recorded,
    refusal: reply.refusalOf,
    errors: [
      errors.invalid('AdRoll refused the list'),
      errors.forbidden,
      errors.wrongPath,
      errors.unknownAdvertisable,
      ...errors.common,
    ],
    idempotent: true,
  }),
  // The slash at the end is AdRoll's, here and nowhere else (ADEMAIL-54).
  'update-campaign': operation({
    summary: 'Changes name and dates of a campaign.',
    method: 'PATCH',
    path: `${campaign}/`,
    params,
    body: body.campaignChange,
    check: ({ body: change }, { now }) => checkDates(change, now),
    reply: reply.success,
    refusal: reply.refusalOf,
    errors: [
      errors.invalid('AdRoll finds the source of the campaign invalid'),
      errors.badDates,
      errors.withdrawn,
      ...errors.common,
    ],
    idempotent: true,
  }),
  'list-campaign-emails': operation({
    summary: 'The emails of a campaign, in drip order.',
    method: 'GET',
    path: `${campaign}/emails`,
    params,
    reply: reply.emails,
    refusal: reply.refusalOf,
    errors: [errors.withdrawn, ...errors.common],
    idempotent: true,
    maxReplyBytes: 4 * 1024 * 1024,
  }),
  'update-campaign-emails': operation({
    summary: 'Changes the emails of a campaign by position; reads them first.',
    method: 'PATCH',
    path: `${campaign}/emails`,
    params,
    body: body.campaignEmails,
    after: {
      operation: 'list-campaign-emails',
      check: (read, { body: changed }) =>
        changed.length > (read as z.output<typeof reply.emails>).emails.length
          ? [{ path: 'body', message: 'holds more emails than the campaign has' }]
          : [],
    },
    reply: reply.success,
    refusal: reply.refusalOf,
    errors: [errors.tooManyEmails, errors.withdrawn, ...errors.common],
    idempotent: true,
  }),
  'set-campaign-status': operation({
    summary: 'Pauses a campaign, or sets it running.',
    method: 'PUT',
    path: `${campaign}/status`,
    params,
    body: body.campaignStatus,
    reply: reply.success,
    refusal: reply.refusalOf,
    errors: [
      errors.invalid('AdRoll finds the status invalid'),
      errors.forbidden,
      errors.withdrawn,
      errors.unknownCampaign,
      errors.notReady,
      ...errors.common,
    ],
    idempotent: true,
  }),
  // No `advertisables/` in its path (ADEMAIL-62).
  'get-activation-status': operation({
    summary: 'Whether the advertisable has accepted the terms.',
    method: 'GET',
    path: `${root}/{advertisable_eid}/activation_status`,
    reply: reply.activation,
    refusal: reply.refusalOfTerms,
    errors: [errors.withdrawn, ...errors.common],
    idempotent: true,
  }),
};

export const operations = { base, list };
