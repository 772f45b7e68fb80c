import type { ContractReply } from './case-format.ts';
import type { Subject } from './subject.ts';

/** The answers that end a case in which something is delivered: what this vendor calls a yes. */
export const yesReplies = ({ cases }: Subject): readonly ContractReply[] =>
  cases
    .filter(({ outcomes }) => outcomes.some(({ kind }) => kind === 'delivered'))
    .flatMap(({ replies }) => replies.slice(-1));

/** Their statuses below 300. A yes by another status (Adjust's 400 "earlier unique event") hangs on its body: the bare status is none. */
export const yesStatuses = (subject: Subject): ReadonlySet<number> =>
  new Set(yesReplies(subject).flatMap((reply) => ('status' in reply && reply.status < 300 ? [reply.status] : [])));
