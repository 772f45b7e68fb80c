import type { JsonValue } from '../event.ts';
import { jsonValue } from './reply-readers.ts';
import { usualRefusal, type UsualRefusal } from './usual-refusal.ts';

/** What an answer says by itself, whatever was asked. */
interface KnownAnswer {
  /** As jsonValue() reads it; frozen. */
  readonly json: JsonValue | undefined;
  readonly refusal: UsualRefusal | undefined;
}

/** Characters of the longest answer that is remembered. */
const longestAnswer = 256;
/** So many answers are remembered. When one more comes, all are forgotten: most vendors have one or two. */
const mostAnswers = 64;
const answers = new Map<string, KnownAnswer>();

/**
 * Reads an answer. A vendor confirms nearly every request with the same few words, and reading them costs more than
 * writing the request, so short answers are read once. The same text always means the same, so all connections share
 * what is known.
 */
export function knownAnswer(body: string): KnownAnswer {
  if (body.length > longestAnswer) return read(body);
  let answer = answers.get(body);
  if (answer === undefined) {
    answer = read(body);
    if (answers.size >= mostAnswers) answers.clear();
    answers.set(body, answer);
  }
  return answer;
}

function read(body: string): KnownAnswer {
  const json = jsonValue(body);
  // Whatever its length: what a folder's test may do must not depend on it.
  freeze(json);
  return { json, refusal: usualRefusal(json) };
}

/** A folder's own test of an answer must not change what the next one reads. No recursion: an answer may be deep. */
function freeze(json: unknown): void {
  const todo = [json];
  for (let value = todo.pop(); value !== undefined; value = todo.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    Object.freeze(value);
    for (const member of Object.values(value)) if (typeof member === 'object') todo.push(member);
  }
}
