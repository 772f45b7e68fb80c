import { decide, type ErrorRow } from '../../../core/api/index.ts';
import { noAdvertisable, noApiKey, throttled } from '../response.ts';

const notAllowed = decide('suspend', 'unauthorized', 'AdRoll does not allow this user to do it');
const unknownPath = decide('suspend', 'misconfigured', 'AdRoll knows nothing at this path (apiproxy:11)');
const gone = decide('reject', 'vendor_rejected', 'AdRoll has withdrawn this operation');
const noCampaign = decide('reject', 'invalid_value', 'AdRoll does not know this campaign');
const invalidDates = decide('reject', 'invalid_value', 'AdRoll finds the start and end dates invalid');
const moreEmails = decide('reject', 'invalid_value', 'There are more emails in the body than in the campaign');
const incomplete = decide('reject', 'vendor_rejected', 'The campaign does not have what a launch requires');

/** ADEMAIL-12, ADEMAIL-13, ADEMAIL-63. */
export const common: readonly ErrorRow[] = [
  { status: 401, code: 'apiproxy:3', means: noApiKey },
  { status: 401, means: notAllowed },
  { status: 429, means: throttled },
];

/** ADEMAIL-13: the proxy does not know the path, so no such call can work. */
export const wrongPath: ErrorRow = { status: 404, code: 'apiproxy:11', means: unknownPath };

/** Of the operations that the newest reference still has. */
export const ofAdvertisable: readonly ErrorRow[] = [wrongPath, ...common];

/** ADEMAIL-40, ADEMAIL-61. */
export const forbidden: ErrorRow = { status: 403, means: notAllowed };

/** ADEMAIL-39, ADEMAIL-48, ADEMAIL-56, ADEMAIL-61. */
export const invalid = (message: string): ErrorRow => ({
  status: 400,
  means: decide('reject', 'invalid_value', message),
});

/** Not about a part of an answer: the dates of the campaign are wrong (ADEMAIL-41, ADEMAIL-56). */
export const badDates: ErrorRow = { status: 416, means: invalidDates };

/** ADEMAIL-51, ADEMAIL-53. */
export const unknownAdvertisable: ErrorRow = { status: 404, means: noAdvertisable };

/** ADEMAIL-64: newer references lack these operations, which says nothing about the settings. */
export const withdrawn: ErrorRow = { status: 404, code: 'apiproxy:11', means: gone };

/** ADEMAIL-61. */
export const unknownCampaign: ErrorRow = { status: 404, means: noCampaign };

/** ADEMAIL-59: there is nothing to split. */
export const tooManyEmails: ErrorRow = { status: 413, means: moreEmails };

/** ADEMAIL-61: only different content helps. */
export const notReady: ErrorRow = { status: 412, means: incomplete };
