import type { RetryDecision } from '../decision.ts';
import type { Batch } from '../delivery.ts';
import type { Failure, HttpResponse } from '../failure.ts';
import { gatewayStatuses, hasStatus, houseDecision, retryLater, unproven, withStatus } from './house-table.ts';
import type { RetryAfterForm } from './retry-after.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import { errorMessage, vendorErrors, type VendorError } from './vendor-errors.ts';

/** One row of a vendor's error table: which answer, and the decision. The first row that matches wins. */
export interface ErrorRow<P = unknown> {
  readonly status: number | readonly number[];
  /**
   * If given, the vendor's message must match, too: what `messageOf` returns, else what `errorMessage()` finds. Vendors
   * often give one status several meanings.
   */
  readonly says?: RegExp;
  /** If given, the whole body must match, too. */
  readonly body?: RegExp;
  /** If given, one of the answer's errors must have this code (`vendorErrors`). */
  readonly code?: string | readonly string[];
  /** If given, one of the answer's errors must be about this parameter (`vendorErrors`). */
  readonly about?: string | readonly string[];
  /** `retry`: the answer is transient (`retryLater`). The status of the answer is added to the reason. */
  readonly means: RetryDecision | 'retry' | ((response: HttpResponse, batch: Batch<P>) => RetryDecision);
  /**
   * The beginning of one of the item's `scopes`, such as `token:`: a suspension or a wait is limited to that scope. If
   * the items of the request differ in it, a suspension splits the request first.
   */
  readonly scope?: string;
}

export interface ErrorTableOptions<P> {
  readonly rows?: readonly ErrorRow<P>[];
  /** The vendor's message. It becomes `vendorMessage` of a refusal, which core masks. */
  readonly messageOf?: (response: HttpResponse) => string | undefined;
  /** `body`: people see the whole body of a refusal instead of the message, because it explains more. */
  readonly detail?: 'message' | 'body';
  /** Which forms of Retry-After the vendor documents. */
  readonly retryAfter?: RetryAfterForm;
  /** Further messages that the vendor documents, besides the fixed texts of `says`; see `ResponseHandler`. */
  readonly documented?: readonly RegExp[];
}

/** The parts of a response handler that read refusals. */
export interface ErrorTable<P> {
  readonly classifyError: (failure: Failure, batch: Batch<P>) => RetryDecision;
  readonly readRefusal: (response: HttpResponse, batch: Batch<P>, usual: boolean) => RetryDecision | undefined;
  readonly documented: readonly RegExp[];
}

/**
 * Builds the parts of `response.ts` that read refusals: the vendor's own rows first, then the house table
 * (`houseDecision`).
 *
 * - A row for a gateway's status (499, 502, 504, 520 to 524) counts only with a `says`, `body`, `code` or `about` that
 *   matches: the status alone does not come from the vendor. A 403 without one is `unproven`.
 * - A row for a 2xx reads one that is a no, before the forms of success. It never accepts: throws for one that does.
 * - A 2xx in a usual form of refusal (`usualRefusal`) has the meaning of the first row that matches its words, whatever
 *   the status of the row.
 *
 * @example
 * const response = {
 *   ...errorTable({
 *     messageOf: errorMessage(),
 *     rows: [
 *       { status: 404, means: decide('suspend', 'misconfigured', 'Acme does not know this account') },
 *       { status: 400, says: /^duplicate/i, means: accept('Acme already had this event') },
 *     ],
 *   }),
 *   success: [{ status: 202, body: 'empty' as const }],
 * };
 */
export function errorTable<P = unknown>(options: ErrorTableOptions<P> = {}): ErrorTable<P> {
  const table = new Table(options);
  return {
    documented: table.documented,
    classifyError: (failure, batch) =>
      failure.kind === 'http' ? table.classify(failure.response, batch) : houseDecision(failure),
    readRefusal: (response, batch, usual) => table.readRefusal(response, batch, usual),
  };
}

class Table<P> {
  readonly documented: readonly RegExp[];
  readonly #options: ErrorTableOptions<P>;
  readonly #rows: readonly ErrorRow<P>[];
  /** The rows for a 2xx. */
  readonly #successRows: readonly ErrorRow<P>[];
  /** The rows with more than a status. */
  readonly #wordedRows: readonly ErrorRow<P>[];

  constructor(options: ErrorTableOptions<P>) {
    checkMembers('errorTable()', options, optionMembers);
    const { rows = [], documented = [] } = options;
    checkRows('errorTable(): rows', rows);
    this.#options = options;
    this.#rows = rows.map(withoutState);
    this.#successRows = this.#rows.filter(({ status }) => [status].flat().some(isSuccess));
    this.#wordedRows = this.#rows.filter(isWorded);
    this.documented = [...documented, ...this.#rows.flatMap(({ says }) => (says && isFixedText(says) ? says : []))];
    for (const { means } of this.#successRows) {
      if (typeof means === 'object' && means.kind === 'accept')
        throw new TypeError('errorTable(): a row for a 2xx accepts it; success is what `success` names');
    }
  }

  classify(response: HttpResponse, batch: Batch<P>): RetryDecision {
    const words = new Words(response, this.#options.messageOf);
    const ofGateway = gatewayStatuses.includes(response.status);
    const row = this.#rows.find(
      (candidate) =>
        hasStatus(candidate.status, response.status) && (isWorded(candidate) ? matches(candidate, words) : !ofGateway),
    );
    if (row !== undefined) return this.#decision(row, response, batch, words);
    return this.#explained(houseDecision({ kind: 'http', response }, this.#options.retryAfter), words);
  }

  readRefusal(response: HttpResponse, batch: Batch<P>, usual: boolean): RetryDecision | undefined {
    if (!usual && this.#successRows.length === 0) return undefined;
    const words = new Words(response, this.#options.messageOf);
    const own = this.#successRows.find((row) => hasStatus(row.status, response.status) && matches(row, words));
    const decision = own && this.#decision(own, response, batch, words);
    if (decision !== undefined && decision.kind !== 'accept') return decision;
    const row = usual ? this.#wordedRows.find((candidate) => matches(candidate, words)) : undefined;
    return row && this.#decision(row, response, batch, words);
  }

  #decision(row: ErrorRow<P>, response: HttpResponse, batch: Batch<P>, words: Words): RetryDecision {
    const { means, scope } = row;
    const { status } = response;
    const meant =
      means === 'retry'
        ? retryLater(response, this.#options.retryAfter)
        : typeof means === 'function'
          ? means(response, batch)
          : means;
    const complete = withStatus(scope === undefined ? meant : inScope(meant, scope, batch), status);
    return this.#explained(isWorded(row) ? complete : unproven(complete, status), words);
  }

  /** Hands the vendor's message to core, which masks it. Transient answers come in masses and need no explanation. */
  #explained(decision: RetryDecision, words: Words): RetryDecision {
    const { messageOf, detail = 'message' } = this.#options;
    if (messageOf === undefined || detail === 'body' || !refuses(decision)) return decision;
    if (decision.vendorMessage !== undefined || decision.reason.detail !== undefined) return decision;
    const { message } = words;
    return message === '' ? decision : { ...decision, vendorMessage: message };
  }
}

const optionMembers: MemberTable<ErrorTableOptions<never>> = {
  rows: 'optional',
  messageOf: 'optional',
  detail: 'optional',
  retryAfter: 'optional',
  documented: 'optional',
};

const rowMembers: MemberTable<ErrorRow<never>> = {
  status: 'required',
  says: 'optional',
  body: 'optional',
  code: 'optional',
  about: 'optional',
  means: 'required',
  scope: 'optional',
};

/** Of a folder's error rows: of a table, or of an operation. */
export function checkRows(where: string, rows: readonly ErrorRow<never>[]): void {
  for (const [index, row] of rows.entries()) checkMembers(`${where}[${index}]`, row, rowMembers);
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

const isWorded = ({ says, body, code, about }: ErrorRow<never>): boolean =>
  says !== undefined || body !== undefined || code !== undefined || about !== undefined;

/** Of one answer, read when a row asks for it. */
class Words {
  readonly body: string;
  readonly #response: HttpResponse;
  readonly #messageOf: (response: HttpResponse) => string | undefined;
  #message: string | undefined;
  #errors: readonly VendorError[] | undefined;

  constructor(response: HttpResponse, messageOf: ErrorTableOptions<never>['messageOf']) {
    this.body = response.body;
    this.#response = response;
    this.#messageOf = messageOf ?? usualMessage;
  }

  /** '' if there is none. */
  get message(): string {
    return (this.#message ??= this.#messageOf(this.#response)?.trim() ?? '');
  }

  get errors(): readonly VendorError[] {
    return (this.#errors ??= vendorErrors(this.body));
  }
}

const usualMessage = errorMessage();

function matches({ says, body, code, about }: ErrorRow<never>, words: Words): boolean {
  if (says !== undefined && !says.test(words.message)) return false;
  if (body !== undefined && !body.test(words.body)) return false;
  if (code !== undefined && !words.errors.some((error) => isOneOf(code, error.code))) return false;
  return about === undefined || words.errors.some((error) => isOneOf(about, error.about));
}

const isOneOf = (wanted: string | readonly string[], text: string | undefined): boolean =>
  text !== undefined && (typeof wanted === 'string' ? wanted === text : wanted.includes(text));

/** The row with patterns that remember nothing: with the flag g, every other test would fail. */
const withoutState = <P>(row: ErrorRow<P>): ErrorRow<P> => ({
  ...row,
  ...(row.says === undefined ? {} : { says: stateless(row.says) }),
  ...(row.body === undefined ? {} : { body: stateless(row.body) }),
});

const stateless = (pattern: RegExp): RegExp =>
  pattern.global || pattern.sticky ? new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, '')) : pattern;

/** Whether a pattern matches nothing but words of its own: one with a wildcard may match a value of the event. */
const isFixedText = ({ source }: RegExp): boolean => !/\\[wWdDsSpPk]|(?<!\\)(?:[.*+{]|\[\^)/.test(source);

const refusing: ReadonlySet<RetryDecision['kind']> = new Set(['reject', 'skip', 'suspend', 'split', 'isolate']);

const refuses = (decision: RetryDecision): decision is Exclude<RetryDecision, { kind: 'accept' }> =>
  refusing.has(decision.kind);

/** Limits a suspension or a wait to the scope that the items share. */
function inScope<P>(decision: RetryDecision, prefix: string, { items }: Batch<P>): RetryDecision {
  if (decision.kind !== 'suspend' && decision.kind !== 'retry' && decision.kind !== 'defer') return decision;
  if (decision.scope !== undefined) return decision;
  const shared = new Set(items.map(({ scopes }) => scopes?.find((name) => name.startsWith(prefix))));
  const [scope] = shared;
  if (shared.size === 1) return scope === undefined ? decision : { ...decision, scope };
  return decision.kind === 'suspend' ? { kind: 'split', reason: decision.reason } : decision;
}
