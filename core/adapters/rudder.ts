/**
 * Our outcomes as RudderStack's error classes and stat tags, for hosts that use them. A separate module
 * (`spillway/rudder`), so that other hosts never load the library, nor install it: it is an optional peer.
 */
import type { BaseError } from '@rudderstack/integrations-lib/build/errors/index.js';
import type { Outcome, Reason } from '../api/outcome.ts';
import { eventFaultCodes, throttledCodes } from '../api/reason-codes.ts';
import { loadRudderLibrary } from './rudder-library.ts';

const { errors, tags, batches } = loadRudderLibrary();
const {
  AbortedError,
  ConfigurationError,
  InstrumentationError,
  NetworkError,
  PlatformError,
  RetryableError,
  ThrottledError,
  UnauthorizedError,
} = errors;
const { ERROR_CATEGORIES, ERROR_TYPES, FEATURES, IMPLEMENTATIONS, MODULES, TAG_NAMES } = tags;

/** Labels of RudderStack's delivery metrics, by its own tag names (`errorType`, `destType`, ...). */
export type StatTags = Readonly<Record<string, string>>;

/**
 * The outcome as RudderStack's error: rejected -> aborted (instrumentation if the event is at fault), deferred ->
 * retryable or throttled, suspended -> unauthorized or configuration, unknown -> aborted, because sending again would
 * do harm. `undefined` for delivered and skipped, which are not errors.
 */
export function toRudderError(outcome: Outcome): BaseError | undefined {
  switch (outcome.kind) {
    case 'delivered':
    case 'skipped':
      return undefined;
    case 'rejected':
      return rejected(outcome.reason);
    case 'deferred':
      return deferred(outcome.reason);
    case 'suspended':
      return suspended(outcome.reason);
    case 'unknown':
      return new AbortedError(outcome.reason.message, refusalStatus(outcome.reason.status), outcome.reason.detail);
  }
}

/**
 * The `statusCode` by which RudderStack's server judges an event: 200 for delivered; 298 (filtered) for skipped, such
 * as an event that the connection does not subscribe to; else that of toRudderError(). A filtered event is done:
 * neither sent again nor aborted, nor counted as delivered.
 */
export function toRudderStatus(outcome: Outcome): number {
  const error = toRudderError(outcome);
  if (error !== undefined) return error.status;
  return outcome.kind === 'skipped' ? filteredStatus : 200;
}

/** Not in RudderStack's library. */
const filteredStatus = 298;

function rejected({ code, message, status, detail }: Reason): BaseError {
  if (code === 'internal_error') return new PlatformError(message, 400);
  return eventFaultCodes.has(code)
    ? new InstrumentationError(message)
    : new AbortedError(message, refusalStatus(status), detail);
}

function deferred({ code, message, status, detail }: Reason): BaseError {
  if (throttledCodes.has(code)) return new ThrottledError(message, detail);
  if (status === undefined || status < 500) return new RetryableError(message, 500, detail);
  // Without the tag the library treats every NetworkError as aborted, even a 503.
  return new NetworkError(message, status, { [TAG_NAMES.ERROR_TYPE]: ERROR_TYPES.RETRYABLE }, detail);
}

/** RudderStack hosts act on the number: 2xx is success, 429 and 5xx are retried. A final refusal must be neither. */
const refusalStatus = (status = 400): number => (status >= 400 && status < 500 && status !== 429 ? status : 400);

const suspended = ({ code, message, status, detail }: Reason): BaseError =>
  code === 'unauthorized'
    ? new UnauthorizedError(message, refusalStatus(status ?? 401), detail)
    : new ConfigurationError(message);

/** RudderStack's stat tags for an outcome; for delivered and skipped only the tags that name the destination. */
export function statTags(outcome: Outcome, slug: string): StatTags {
  const error = toRudderError(outcome);
  return {
    [TAG_NAMES.DEST_TYPE]: slug.toUpperCase().replaceAll('-', '_'),
    [TAG_NAMES.MODULE]: MODULES.DESTINATION,
    [TAG_NAMES.IMPLEMENTATION]: IMPLEMENTATIONS.NATIVE,
    [TAG_NAMES.FEATURE]: FEATURES.DATA_DELIVERY,
    ...(error === undefined ? {} : { [TAG_NAMES.ERROR_CATEGORY]: ERROR_CATEGORIES.NETWORK, ...error.statTags }),
  };
}

/** toRudderError for many outcomes, same length and order; yields to the event loop on big arrays. */
export const toRudderErrors = (outcomes: readonly Outcome[]): Promise<(BaseError | undefined)[]> =>
  batches.mapInBatches([...outcomes], (outcome) => toRudderError(outcome), { batchSize: 500 });
