import { describe, expect, it } from '@jest/globals';
import {
  ambiguousCodes,
  eventFaultCodes,
  reasonCodes,
  throttledCodes,
  uncountedCodes,
  vendorFailureCodes,
} from '../../core/api/reason-codes.ts';

describe('reason codes', () => {
  it.each([
    ['ambiguous', ambiguousCodes, 'ambiguous_delivery reply_too_large reply_unreadable interim_response'],
    ['throttled', throttledCodes, 'rate_limited'],
    ['of no attempt', uncountedCodes, 'rate_limited held_back'],
    [
      'failures of the vendor',
      vendorFailureCodes,
      'vendor_unavailable rate_limited timeout network ambiguous_delivery reply_too_large reply_unreadable interim_response',
    ],
    [
      'faults of the event',
      eventFaultCodes,
      'unsupported_event unmapped_event missing_identifier missing_field invalid_value stale_event payload_too_large',
    ],
  ])('that are %s', (_, codes, wanted) => {
    expect(codes).toEqual(new Set(wanted.split(' ')));
  });

  it('that may have arrived count against the vendor, as a lost answer does', () => {
    expect([...ambiguousCodes].filter((code) => !vendorFailureCodes.has(code))).toEqual([]);
  });

  it('have a name once', () => {
    expect(new Set(reasonCodes).size).toBe(reasonCodes.length);
  });
});
