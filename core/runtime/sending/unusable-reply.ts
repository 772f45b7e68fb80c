import { decide, type RetryDecision } from '../../api/decision.ts';
import type { WireResult } from '../../api/destination.ts';
import type { HttpResponse, Unread } from '../../api/failure.ts';
import type { Signal } from '../signals.ts';

/** The decision for an answer whose body cannot be read, so that it proves no success; `undefined` if it can. */
export const unreadable = ({ status, unread }: HttpResponse): RetryDecision | undefined =>
  unread === undefined
    ? undefined
    : decide('ambiguous', 'reply_unreadable', `The vendor's ${status} cannot be read: ${unreadMeans[unread]}`, {
        status,
      });

/** The same for an answer that is longer than the limit. */
export const tooLarge = ({ status, cutAtBytes }: HttpResponse): RetryDecision | undefined =>
  cutAtBytes === undefined
    ? undefined
    : decide(
        'ambiguous',
        'reply_too_large',
        `The vendor's ${status} is longer than the ${cutAtBytes} bytes that are read`,
        { status },
      );

const unreadMeans: Readonly<Record<Unread, string>> = {
  coding: 'it has a content coding that nobody asked for and that is not known here',
  charset: 'its charset is not known here',
  broken: 'its content coding does not decode',
};

type Unusable = Omit<Extract<Signal, { kind: 'reply_unusable' }>, 'kind' | 'slug' | 'connection'>;

/** Describes an answer that could not be used, for a signal to the host. */
export function unusableReply(result: WireResult): Unusable | undefined {
  if (result.kind !== 'response')
    return result.kind === 'network' && result.code === 'interim_response' ? { code: 'interim_response' } : undefined;
  const { status, unread, cutAtBytes } = result.response;
  if (unread !== undefined) return { code: 'reply_unreadable', status };
  return cutAtBytes === undefined ? undefined : { code: 'reply_too_large', status, cutAtBytes };
}
