import { jsonArray, jsonList, type Frame, type HttpRequest } from '../../../../api/index.ts';
import type { Config } from './config.ts';

/** Everything except the body, which core joins from the payloads. Made once, when a connection opens. */
export const request = (config: Config): HttpRequest => ({
  method: 'POST',
  url: `https://api.template-vendor.example/v1/accounts/${encodeURIComponent(config.account)}/events`,
  headers: {
    'content-type': 'application/json',
    // <bearer|basic|header>
    authorization: `Bearer ${config.token}`,
    // </bearer|basic|header>
  },
});
// <array>

/** An array, even for one event. */
export const frame$array = (): Frame => jsonArray;
// </array>
// <plainList>

/** `{"template_list":[...]}`, even for one event. */
export const frame$list = (): Frame => jsonList('template_list');
// </plainList>
// <keyedList>

/** `{"template_key":"...","template_list":[...]}`, even for one event. */
export function frame$keyed(config: Config): Frame {
  return jsonList('template_list', { template_key: config.apiKey });
}
// </keyedList>
