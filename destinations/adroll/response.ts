import {
  accept,
  decide,
  errorTable,
  isObject,
  type Exchange,
  type ResponseHandler,
  type RetryDecision,
} from '../../core/api/index.ts';
import type { AdRollEvent } from './mapping.ts';

const badToken = decide('suspend', 'unauthorized', 'AdRoll refused the Server Access Token for this advertisable');
const unknownRequest = decide('suspend', 'misconfigured', 'AdRoll does not know this kind of request');
const validatedOnly = decide('skip', 'validated_only', 'A dry run: AdRoll checked the event and did not count it', {
  status: 200,
});

const means = ({ request }: Exchange): RetryDecision => (isDryRun(request.url) ? validatedOnly : accept());
const isDryRun = (url: string): boolean => new URL(url).searchParams.get('dry_run') === 'true';

export const response: ResponseHandler<AdRollEvent> = {
  /** AdRoll documents no error answers; the rest is the house table (ADROLL-69 to ADROLL-76). */
  ...errorTable<AdRollEvent>({
    rows: [
      { status: [401, 403], means: badToken },
      { status: [404, 405, 415], means: unknownRequest },
    ],
  }),
  /** Success means "accepted", not "processed" (ADROLL-14, ADROLL-68). */
  success: [
    { status: [200, 204], body: 'empty', means },
    { status: [200, 204], body: isObject, means },
  ],
  /** ADROLL-67. */
  resendUnclear: false,
};
