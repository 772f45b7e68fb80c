import { escapeForm, escapeFormJson, memoizeText } from '../../core/api/index.ts';
import type { AdjustEvent, Parameters } from './mapping.ts';

/**
 * The whole application/x-www-form-urlencoded body, every value escaped once (ADJUST-05), always in this order.
 * Written by hand because it is on the hot path. Ids, digits and codes need no escape: mapping.ts admits nothing else.
 */
export const encode = (event: AdjustEvent): string =>
  appPart(event.app_token) +
  tokenPart(event.event_token) +
  event.environment +
  field('&created_at_unix=', event.created_at_unix) +
  (event.created_at === undefined ? '' : `&created_at=${escapeForm(event.created_at)}`) +
  field('&idfa=', event.idfa) +
  field('&idfv=', event.idfv) +
  field('&gps_adid=', event.gps_adid) +
  field('&fire_adid=', event.fire_adid) +
  field('&oaid=', event.oaid) +
  field('&android_id=', event.android_id) +
  field('&adid=', event.adid) +
  field('&ip_address=', event.ip_address) +
  (event.user_agent === undefined ? '' : `&user_agent=${escapedAgent(event.user_agent)}`) +
  field('&att_status=', event.att_status) +
  field('&tracking_enabled=', event.tracking_enabled) +
  field('&revenue=', event.revenue) +
  field('&currency=', event.currency) +
  json('&callback_params=', event.callback_params) +
  json('&partner_params=', event.partner_params);

const field = (lead: string, value: string | undefined): string => (value === undefined ? '' : lead + value);

const json = (lead: string, parameters: Parameters | undefined): string =>
  parameters === undefined ? '' : lead + escapeFormJson(parameters);

const appPart = memoizeText((token) => `s2s=1&app_token=${escapeForm(token)}&event_token=`);
const tokenPart = memoizeText((token) => `${escapeForm(token)}&environment=`);
const escapedAgent = memoizeText(escapeForm);
