import type { Subject } from './subject.ts';

/**
 * The 2xx statuses that end a case in which something is delivered: what this vendor calls a yes. A yes by another status
 * (Adjust's 400 "earlier unique event") hangs on its body, so the bare status is none.
 */
export function yesStatuses({ cases }: Subject): ReadonlySet<number> {
  const statuses = cases
    .filter(({ outcomes }) => outcomes.some(({ kind }) => kind === 'delivered'))
    .flatMap(({ replies }) => replies.slice(-1))
    .flatMap((reply) => ('status' in reply ? [reply.status] : []));
  return new Set(statuses.filter((status) => status < 300));
}
