import type { ContractReply } from './case-format.ts';
import type { ContractFolder } from './contract-folder.ts';
import type { ScriptedReply } from './vendor-double.ts';

/** The last reply of every case in which something is delivered: this vendor's forms of success. */
export const successReplies = ({ cases }: ContractFolder): readonly ContractReply[] =>
  cases
    .filter(({ outcomes }) => outcomes.some(({ kind }) => kind === 'delivered'))
    .flatMap(({ replies }) => replies.slice(-1));

/**
 * Their statuses below 300. With another status (Adjust's 400 "earlier unique event") only the body makes it a success.
 */
export const successStatuses = (folder: ContractFolder): ReadonlySet<number> =>
  new Set(successReplies(folder).flatMap((reply) => ('status' in reply && reply.status < 300 ? [reply.status] : [])));

/** The recorded success, about the event with this id: some vendors name each event in their answer. */
export function successAbout({ event, successReply }: ContractFolder, eventId: string | undefined): ScriptedReply {
  const id = event.messageId;
  if (!id || eventId === undefined || !('body' in successReply)) return successReply;
  const named = JSON.stringify(successReply.body ?? null).replaceAll(JSON.stringify(id), JSON.stringify(eventId));
  return { ...successReply, body: JSON.parse(named) as unknown };
}
