import type { ReasonCode } from '../../../index.ts';
import type { HoldCause } from '../../../queue/index.ts';

/** For people: why a connection sends nothing. */
export function holdText(cause: HoldCause, code: ReasonCode): string {
  switch (cause) {
    case 'suspended':
      return code === 'unauthorized'
        ? 'the vendor refuses the credentials (unauthorized)'
        : `the vendor accepts nothing for this account until a person acts (${code})`;
    case 'paced':
      return 'its own pace lets nothing leave yet (rate_limited)';
    case 'throttled':
      return 'the vendor asked for a pause (rate_limited)';
    case 'disk':
      return 'the disk is full, and nothing is sent whose outcome cannot be recorded';
    case 'settings':
      return 'its settings are invalid, or do not fit the events in the queue (misconfigured)';
    case 'unreachable':
      return code === 'internal_error'
        ? 'a failure on this side (internal_error)'
        : `the vendor cannot be reached, or does not respond as documented (${code})`;
  }
}
