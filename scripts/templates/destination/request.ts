import type {
  Batch,
  // <frame-import>
  Frame,
  // </frame-import>
  HttpRequest,
} from '../../../core/api/index.ts';
import type { Config } from './config.ts';
import type { VendorEvent } from './mapping.ts';

/** Everything except the body, which core joins from the payloads. */
export const request = (_batch: Batch<VendorEvent>, config: Config): HttpRequest => ({
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
export const frame = (): Frame => ({ open: '[', separator: ',', close: ']' });
// </framing>
