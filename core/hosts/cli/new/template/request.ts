import { jsonArray, type Frame, type HttpRequest } from '../../../../api/index.ts';
import type { Config } from './config.ts';
import type { VendorEvent } from './mapping.ts';

/** Everything except the body, which core joins from the payloads. Made once, when a connection opens. */
export const request = (config: Config): HttpRequest => ({
  method: 'POST',
  url: `https://api.template-vendor.example/v1/accounts/${encodeURIComponent(config.account)}/events`,
  headers: {
    // <content-type>
    'content-type': 'application/json',
    // </content-type>
    // <authorization>
    authorization: `Bearer ${config.token}`,
    // </authorization>
  },
});
// <framing>

/** An array, even for one event. */
export const frame = (): Frame => jsonArray;
// </framing>
// <encoding>

/** The form of one event, every value escaped once. */
export const encode = (event: VendorEvent): string =>
  new URLSearchParams(Object.entries(event).map(([name, value]): [string, string] => [name, String(value)])).toString();
// </encoding>
