import {
  decideAll,
  classifyWith,
  isObject,
  jsonBody,
  usualRefusal,
  type HttpResponse,
  type ResponseHandler,
} from '../../core/api/index.ts';
import { documented, judge, refused } from './verdicts.ts';
import type { AdjustEvent } from './mapping.ts';

const house = classifyWith<AdjustEvent>([]);

/**
 * Only a 200 without an error in its body is success: 202 is how Adjust refuses an S2S token (ADJUST-51, ADJUST-69).
 */
export const response: ResponseHandler<AdjustEvent> = {
  documented,
  /** A message that Adjust documents decides, also inside a 200; core reads any other refusal. */
  readReply({ response: answer }, batch) {
    if (answer.status !== 202 && !(answer.status === 200 && hasError(answer))) return undefined;
    const verdict = judge(answer, batch) ?? (answer.status === 200 ? refused(answer, batch) : undefined);
    return verdict && decideAll(batch, verdict);
  },

  success: [{ body: 'empty' }, { body: /^ok[.!]?$/i }, { body: isObject }],

  classifyError: (failure, batch) =>
    (failure.kind === 'http' ? judge(failure.response, batch) : undefined) ?? house(failure, batch),
};

/** A refusal with a message in `error` and without a transient status. */
function hasError({ body, cut }: HttpResponse): boolean {
  if (cut === true || !/"error"/i.test(body)) return false;
  const answer = jsonBody(body);
  const no = isObject(answer) ? usualRefusal(answer) : undefined;
  return no !== undefined && no.status === undefined;
}
