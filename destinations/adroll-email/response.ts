import {
  accept,
  decide,
  decideAll,
  errorTable,
  isObject,
  jsonValue,
  normalizeEmail,
  retryAfterMs,
  retryLater,
  usualRefusal,
  verdictsByKey,
  type Batch,
  type Exchange,
  type HttpResponse,
  type JsonObject,
  type ResponseHandler,
  type RetryDecision,
} from '../../core/api/index.ts';
import type { Unsubscriber } from './mapping.ts';

const badUrl = decide('suspend', 'misconfigured', 'AdRoll finds the advertisable or the API key wrong');
const badRequest = decide('split', 'vendor_rejected', 'AdRoll refused the request (400)');
export const noApiKey = decide('suspend', 'unauthorized', 'AdRoll misses the API key, or does not know it');
const badCredentials = decide('suspend', 'unauthorized', 'AdRoll refused the credentials for this advertisable');
const noAddress = decide('suspend', 'misconfigured', 'AdRoll no longer takes unsubscribers at this address');
export const noAdvertisable = decide('suspend', 'misconfigured', 'AdRoll Email does not know this advertisable');
const badMethod = decide('suspend', 'misconfigured', 'AdRoll does not take this kind of request');
const malformed = decide('reject', 'vendor_rejected', 'AdRoll ignored the address: it finds it malformed', {
  status: 200,
});
const someMalformed = decide('split', 'vendor_rejected', 'AdRoll ignored an address, and names none that was sent', {
  status: 200,
});
const refused = decide('reject', 'vendor_rejected', 'AdRoll answered 200, but did not call it a success', {
  status: 200,
});

/**
 * The quota is daily, and AdRoll does not say when it is renewed (ADEMAIL-15). By default the wait is shorter: the
 * retry policy cuts it to `retryAfterCapMs`, 5 minutes.
 */
const quotaPause = {
  afterMs: 3_600_000,
  message: 'AdRoll takes no more requests for now: it counts them by the day',
};

export const throttled = (answer: HttpResponse): RetryDecision =>
  retryLater(answer, undefined, retryAfterMs(answer) === undefined ? quotaPause : {});

/**
 * One decision per item from a 200 (ADEMAIL-23) that lists ignored addresses: those are refused, all others accepted
 * (ADEMAIL-20). An ignored address that we did not send is one of ours in another spelling: smaller requests show which
 * one, and do no harm (ADEMAIL-24). A request with one address cannot be made smaller, however many events name it.
 */
function readReply({ response: { status, body } }: Exchange, batch: Batch<Unsubscriber>) {
  const answer = status === 200 ? jsonValue(body) : undefined;
  if (!isObject(answer)) return undefined;
  const hasOneAddress = new Set(batch.items.map(({ key }) => key)).size === 1;
  const no = usualRefusal(answer);
  if (no !== undefined) return no.status === undefined && hasOneAddress ? decideAll(batch, refused) : undefined;
  const ignored = ignoredIn(answer);
  if (ignored === undefined || ignored.length === 0) return undefined;
  const refusals = ignored.map((address) => [normalizeEmail(address), malformed] as const);
  return verdictsByKey(batch, refusals, accept(), hasOneAddress ? malformed : someMalformed);
}

/** The ignored addresses of an answer; `undefined` if that member has another form. */
function ignoredIn(answer: JsonObject): readonly string[] | undefined {
  const ignored: unknown = answer['ignored'] ?? [];
  return Array.isArray(ignored) && ignored.every((entry) => typeof entry === 'string') ? ignored : undefined;
}

export const response: ResponseHandler<Unsubscriber> = {
  /** 413, other 4xx and other 5xx are as in the house table (ADEMAIL-19, ADEMAIL-23, ADEMAIL-63). */
  ...errorTable<Unsubscriber>({
    rows: [
      // Parameters of the URL: if they are wrong, every request is.
      { status: 400, about: ['advertisable_eid', 'apikey'], means: badUrl },
      { status: 400, means: badRequest },
      // Codes of the proxy in front of all NextRoll APIs (ADEMAIL-10 to ADEMAIL-13).
      { status: [401, 403], code: 'apiproxy:3', means: noApiKey },
      { status: [401, 403], means: badCredentials },
      { status: 404, code: 'apiproxy:11', means: noAddress },
      { status: 404, means: noAdvertisable },
      { status: [405, 415], means: badMethod },
      { status: 429, means: throttled },
    ],
  }),
  readReply,
  /** ADEMAIL-21. */
  success: [{ body: (answer) => isObject(answer) && ignoredIn(answer)?.length === 0 }],
};
