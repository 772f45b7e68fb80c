import { retryLater, decide, type ErrorRule } from '../../../core/api/index.ts';
import { throttled } from '../response.ts';

/** ADEMAIL-12, ADEMAIL-13, ADEMAIL-63. */
export const common: readonly ErrorRule[] = [
  {
    status: 401,
    body: /apiproxy:3\b/,
    means: decide('suspend', 'unauthorized', 'AdRoll misses the API key, or does not know it'),
  },
  { status: 401, means: decide('suspend', 'unauthorized', 'AdRoll does not allow this user to do it') },
  { status: 429, means: throttled },
  { status: 501, means: (response) => retryLater(response) },
];

/** ADEMAIL-13: the proxy does not know the path, so no such call can work. */
export const wrongPath: ErrorRule = {
  status: 404,
  body: /apiproxy:11\b/,
  means: decide('suspend', 'misconfigured', 'AdRoll knows nothing at this path (apiproxy:11)'),
};

/** Of the operations that the newest reference still has. */
export const ofAdvertisable: readonly ErrorRule[] = [wrongPath, ...common];

/** ADEMAIL-40, ADEMAIL-61. */
export const forbidden: ErrorRule = {
  status: 403,
  means: decide('suspend', 'unauthorized', 'AdRoll does not allow this user to do it'),
};

/** ADEMAIL-39, ADEMAIL-48, ADEMAIL-56, ADEMAIL-61. */
export const invalid = (message: string): ErrorRule => ({
  status: 400,
  means: decide('reject', 'invalid_value', message),
});

/** Not about a part of an answer: the dates of the campaign are wrong (ADEMAIL-41, ADEMAIL-56). */
export const badDates: ErrorRule = {
  status: 416,
  means: decide('reject', 'invalid_value', 'AdRoll finds the start and end dates invalid'),
};

/** ADEMAIL-51, ADEMAIL-53. */
export const unknownAdvertisable: ErrorRule = {
  status: 404,
  means: decide('suspend', 'misconfigured', 'AdRoll Email does not know this advertisable'),
};

/** ADEMAIL-64: newer references lack these operations, which says nothing about the settings. */
export const withdrawn: ErrorRule = {
  status: 404,
  body: /apiproxy:11\b/,
  means: decide('reject', 'vendor_rejected', 'AdRoll has withdrawn this operation'),
};

/** ADEMAIL-61. */
export const unknownCampaign: ErrorRule = {
  status: 404,
  means: decide('reject', 'invalid_value', 'AdRoll does not know this campaign'),
};

/** ADEMAIL-59: there is nothing to split. */
export const tooManyEmails: ErrorRule = {
  status: 413,
  means: decide('reject', 'invalid_value', 'There are more emails in the body than in the campaign'),
};

/** ADEMAIL-61: only different content helps. */
export const notReady: ErrorRule = {
  status: 412,
  means: decide('reject', 'vendor_rejected', 'The campaign does not have what a launch requires'),
};
