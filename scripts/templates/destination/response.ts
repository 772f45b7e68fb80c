import { classifyWith, decide, type ErrorRule, type ResponseHandler } from '../../../core/api/index.ts';
import type { VendorEvent } from './mapping.ts';

/** What the vendor means where it differs from the house table of classifyWith(). */
const rules: readonly ErrorRule<VendorEvent>[] = [
  { status: 404, means: decide('suspend', 'misconfigured', 'Template Vendor does not know this account') },
];

/** 200 is the vendor's yes to all of a request. One that answers event by event needs readReply() in place of `success`. */
export const response: ResponseHandler<VendorEvent> = {
  classifyError: classifyWith(rules),
  success: [200],
};
