import {
  accept,
  classifyWith,
  decide,
  isObject,
  type ErrorRule,
  type Exchange,
  type ResponseHandler,
  type RetryDecision,
  type SuccessForm,
} from '../../core/api/index.ts';
import type { AdRollEvent } from './mapping.ts';

/** AdRoll documents no error answers; the rest is the house table (ADROLL-69 to ADROLL-76). */
const rules: readonly ErrorRule<AdRollEvent>[] = [
  {
    status: [401, 403],
    means: decide('suspend', 'unauthorized', 'AdRoll refused the Server Access Token for this advertisable'),
  },
  { status: [404, 405, 415], means: decide('suspend', 'misconfigured', 'AdRoll does not know this kind of request') },
];

const means = ({ request }: Exchange): RetryDecision => (isDryRun(request.url) ? validatedOnly : accept());

/** Success means "accepted", not "processed" (ADROLL-14, ADROLL-68). */
const success: readonly SuccessForm<AdRollEvent>[] = [
  { status: [200, 204], body: 'empty', means },
  { status: [200, 204], body: isObject, means },
];

export const response: ResponseHandler<AdRollEvent> = {
  classifyError: classifyWith(rules),
  success,
  /** ADROLL-67. */
  resendUnclear: false,
};

const validatedOnly = decide('skip', 'validated_only', 'A dry run: AdRoll checked the event and did not count it', {
  status: 200,
});

const isDryRun = (url: string): boolean => new URL(url).searchParams.get('dry_run') === 'true';
