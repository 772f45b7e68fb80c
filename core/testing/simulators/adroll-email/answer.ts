import { bare, json, type Answer } from '../answer.ts';
import { checkFields, type Check, type Fields } from '../field-checks.ts';
import type { VendorVerdict } from '../service.ts';

/** What is wrong, and with which parameter (ADEMAIL-10). */
export interface Problem {
  readonly name: string;
  readonly error: string;
}

const done: Answer = json(200, { success: true });

/** An answer that refuses nothing; `remember` is run if the vendor really gets to do its work. */
export const said = (value: unknown, remember: () => void = () => {}): VendorVerdict => ({
  answer: json(200, value),
  acceptedIds: [],
  refused: [],
  remember,
});

/** ADEMAIL-09 */
export const success = (remember?: () => void): VendorVerdict => ({
  answer: done,
  acceptedIds: [],
  refused: [],
  ...(remember === undefined ? {} : { remember }),
});

const no = (answer: Answer, reason: string): VendorVerdict => ({
  answer,
  acceptedIds: [],
  refused: [{ reason }],
});

/** A refusal for which the document shows no body. */
export const silentNo = (status: number, reason: string): VendorVerdict => no(bare(status), reason);

/** ADEMAIL-10: the list of what is wrong. */
export const invalid = (status: number, ...problems: readonly Problem[]): VendorVerdict => ({
  answer: json(status, problems),
  acceptedIds: [],
  refused: problems.map(({ name, error }) => ({ reason: `${name} ${error}`.trim() })),
});

/** ADEMAIL-13: the proxy before the service has errors of its own. */
export const proxyNo = (status: number, code: 'apiproxy:3' | 'apiproxy:11', reason: string): VendorVerdict =>
  no(json(status, { errors: [{ code, message: reason }] }), reason);

/** ADEMAIL-11, ADEMAIL-12: only campaign creation shows a body for its 401. */
export const unauthorized = (showsBody: boolean, reason: string): VendorVerdict =>
  no(showsBody ? json(401, { name: 'authorization', error: reason }) : bare(401), reason);

/** Everything wrong with the fields of a body. */
export function problemsOf(
  fields: Fields,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[],
  at = '',
): Problem[] {
  const problems: Problem[] = [];
  checkFields(fields, checks, required, at, (name, error) => problems.push({ name, error }));
  return problems;
}
