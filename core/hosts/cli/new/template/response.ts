import { decide, errorTable, type ErrorRow, type ResponseHandler } from '../../../../api/index.ts';
import type { VendorEvent } from './mapping.ts';

/** Where the vendor's answers differ from the house table of errorTable(). */
const rows: readonly ErrorRow<VendorEvent>[] = [
  { status: 404, means: decide('suspend', 'misconfigured', 'Template Vendor does not know this account') },
];

/**
 * `success` has the forms in which the vendor confirms a whole request: for now, 200 with an empty body. A body is
 * matched by a pattern for its text, or by a test of its JSON:
 * `{ body: (answer) => isObject(answer) && answer['status'] === 'ok' }`.
 * Anything else does not count as success. If the vendor answers event by event, add readReply().
 */
export const response: ResponseHandler<VendorEvent> = {
  ...errorTable({ rows }),
  success: [{ status: 200, body: 'empty' }],
};
