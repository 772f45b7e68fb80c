import { hasStatus } from './house-table.ts';
import type { RetryDecision } from '../decision.ts';
import type { Batch } from '../delivery.ts';
import type { JsonValue } from '../event.ts';
import type { Exchange } from '../failure.ts';
import { isObject, keysOf, valueAt, type Path } from '../fields/mapping.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import { knownAnswer } from './known-answers.ts';
import type { AnswerCounts } from './verdicts.ts';

/** One form in which a vendor confirms a whole request. */
export interface SuccessForm<P = unknown> {
  /** The statuses of this form. Default 200. */
  readonly status?: number | readonly number[];
  /**
   * The body: `empty`, if the vendor documents that; a pattern for the whole text, trimmed; or a test of the parsed
   * JSON, which is not called for other bodies. It must not change what it gets, which is frozen: short
   * answers are read once for all that say the same. "Any 200" cannot be expressed.
   */
  readonly body: 'empty' | RegExp | ((answer: JsonValue, exchange: Exchange) => boolean);
  /**
   * Where the answer counts, if the vendor counts in its JSON: the paths of the counts. It confirms the request only if
   * they say that every item was taken; otherwise `verdictsByCount` decides.
   *
   * @example
   * // {"status":"ok","stored":2}
   * const success: SuccessForm[] = [
   *   { body: (answer) => isObject(answer) && answer['status'] === 'ok', counts: { accepted: 'stored' } },
   * ];
   */
  readonly counts?: { readonly [count in keyof AnswerCounts]?: Path };
  /** The decision for every item. Default: accept. Some vendors confirm a dry run, too. */
  readonly means?: (exchange: Exchange, batch: Batch<P>) => RetryDecision;
}

/** The default form: 200 with an empty body. */
export const emptySuccess: readonly SuccessForm[] = Object.freeze([{ body: 'empty' }]);

/**
 * The first form that matches the answer; `undefined` if none does or the body is truncated. Ignores forms of refusal.
 */
export function matchSuccess<P>(forms: readonly SuccessForm<P>[], exchange: Exchange): SuccessForm<P> | undefined {
  const { status, body, cut } = exchange.response;
  if (cut === true) return undefined;
  const written = body.trim();
  for (const form of forms)
    if (hasStatus(form.status ?? 200, status) && confirms(form.body, written, exchange)) return form;
  return undefined;
}

function confirms(body: SuccessForm['body'], text: string, exchange: Exchange): boolean {
  if (body === 'empty') return text === '';
  if (text === '') return false;
  if (typeof body !== 'function') return body.test(text);
  const answer = knownAnswer(text).json;
  return answer !== undefined && body(answer, exchange);
}

/** What an answer counts at these paths; a count that is not there makes the answer unreadable (`verdictsByCount`). */
export const countsIn = (
  answer: JsonValue | undefined,
  paths: NonNullable<SuccessForm['counts']>,
): { readonly [count in keyof AnswerCounts]: unknown } =>
  Object.fromEntries(
    Object.entries(paths).map(([count, path]) => [count, isObject(answer) ? valueAt(answer, keysOf(path)) : undefined]),
  );

const successMembers: MemberTable<SuccessForm<never>> = {
  status: 'optional',
  body: 'required',
  counts: 'optional',
  means: 'optional',
};

const countMembers: MemberTable<NonNullable<SuccessForm['counts']>> = {
  total: 'optional',
  accepted: 'optional',
  refused: 'optional',
};

/** Throws a TypeError for a count that no answer has. */
export const checkCounts = (where: string, counts: NonNullable<SuccessForm['counts']>): void =>
  checkMembers(where, counts, countMembers);

/** Throws a TypeError for a member that no form of success has. */
export function checkForms(where: string, forms: readonly SuccessForm<never>[] = []): void {
  for (const [index, form] of forms.entries()) {
    checkMembers(`${where}[${index}]`, form, successMembers);
    if (form.counts !== undefined) checkCounts(`${where}[${index}].counts`, form.counts);
  }
}
