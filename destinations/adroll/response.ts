import {
  acceptAll,
  all,
  classifyWith,
  decide,
  isObject,
  type Batch,
  type ErrorRule,
  type Exchange,
  type ResponseHandler,
  type RetryDecision,
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

export const response: ResponseHandler<AdRollEvent> = {
  classifyError: classifyWith(rules),
  readReply,
};

/** Only 200 is a yes, and only to "accepted", not to "processed" (ADROLL-14, ADROLL-68). Any other 2xx is not repeated (ADROLL-67). */
function readReply(
  { request, response: { status, body, cut } }: Exchange,
  batch: Batch<AdRollEvent>,
): readonly RetryDecision[] | undefined {
  if (status < 200 || status > 299) return undefined;
  if (status !== 200 || cut === true) return all(batch, unclear(status));
  if (body.trim() !== '') {
    const answer = parse(body);
    if (answer === undefined) return all(batch, unclear(status));
    if (saysError(answer.value)) return all(batch, batch.items.length === 1 ? refused : refusedTogether);
  }
  return isDryRun(request.url) ? all(batch, validatedOnly) : acceptAll(batch);
}

const unclear = (status: number): RetryDecision =>
  decide('ambiguous', 'ambiguous_delivery', `AdRoll answered ${status} in a way it does not document`, {
    status,
    resend: false,
  });

const errorInside = 'AdRoll answered 200, but with an error';
const refused = decide('reject', 'vendor_rejected', errorInside, { status: 200 });
const refusedTogether = decide('split', 'vendor_rejected', errorInside, { status: 200 });
const validatedOnly = decide('skip', 'validated_only', 'A dry run: AdRoll checked the event and did not count it', {
  status: 200,
});

/** A tolerant look: a non-empty `error` or `errors`, of the answer or of an entry when it is a list. */
const saysError = (answer: unknown): boolean =>
  (Array.isArray(answer) ? answer : [answer]).some(
    (part) => isObject(part) && (isFilled(part['error']) || isFilled(part['errors'])),
  );

function isFilled(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

const isDryRun = (url: string): boolean => new URL(url).searchParams.get('dry_run') === 'true';

function parse(body: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) as unknown };
  } catch {
    return undefined;
  }
}
