import { classifyWith, decide, type ErrorRule, type ResponseHandler } from '../../../core/api/index.ts';
import type { VendorEvent } from './mapping.ts';

/** What the vendor means where it differs from the house table of classifyWith(). */
const rules: readonly ErrorRule<VendorEvent>[] = [
  { status: 404, means: decide('suspend', 'misconfigured', 'Template Vendor does not know this account') },
];

/**
 * What the vendor's yes to all of a request looks like: 200 with nothing in it, for now. Another body is named by a pattern of its
 * text, or by a test of its JSON: `{ body: (answer) => isObject(answer) && answer['status'] === 'ok' }`. Anything else is no
 * yes. A vendor that answers event by event needs readReply() besides.
 */
export const response: ResponseHandler<VendorEvent> = {
  classifyError: classifyWith(rules),
  success: [{ status: 200, body: 'empty' }],
};
