import {
  accept,
  acceptAll,
  all,
  classifyWith,
  isObject,
  jsonBody,
  ownValue,
  type JsonObject,
  type ResponseHandler,
} from '../../core/api/index.ts';
import { judge, refused } from './verdicts.ts';
import type { AdjustEvent } from './mapping.ts';

const house = classifyWith<AdjustEvent>([]);

/** Only 200 is a yes, and only without an error in its body: 202 is how Adjust refuses an S2S token (ADJUST-51, ADJUST-69). */
export const response: ResponseHandler<AdjustEvent> = {
  readReply({ response: answer }, batch) {
    if (answer.status === 202) {
      const verdict = judge(answer, batch);
      return verdict && all(batch, verdict);
    }
    if (answer.status !== 200 || answer.cut === true) return undefined;
    if (plainYes.test(answer.body)) return acceptAll(batch);
    const body = jsonBody(answer.body);
    if (!isObject(body)) return undefined;
    return all(batch, hasError(body) ? (judge(answer, batch) ?? refused(answer, batch)) : accept());
  },

  classifyError: (failure, batch) =>
    (failure.kind === 'http' ? judge(failure.response, batch) : undefined) ?? house(failure, batch),
};

/** "OK", or nothing at all. */
const plainYes = /^\s*(?:ok[.!]?)?\s*$/i;

function hasError(body: JsonObject): boolean {
  const error = ownValue(body, 'error');
  return error !== undefined && error !== null && error !== false && error !== '';
}
