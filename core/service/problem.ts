/** What can be wrong with a request, by the last part of its `type`: its status, and what it says to people. */
export const problemKinds = {
  'not-valid': { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'A token is needed' },
  forbidden: { status: 403, title: 'The request is not allowed' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'The address has no such method' },
  'too-slow': { status: 408, title: 'The body did not come' },
  conflict: { status: 409, title: 'This cannot be done now' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'The body has a form that is not taken' },
  'too-many-requests': { status: 429, title: 'More than can be taken now' },
  defect: { status: 500, title: 'A defect in this service' },
  unavailable: { status: 503, title: 'This cannot be answered now' },
} as const;

export type ProblemKind = keyof typeof problemKinds;

/** Where a request is wrong, and what is wrong there. Never holds a value of it. */
export interface ProblemIssue {
  /** A dotted path in the body or the query; '' is the whole. */
  readonly path: string;
  readonly message: string;
}

/** A problem document as it is sent (RFC 9457). */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** The first 50. */
  readonly errors?: readonly ProblemIssue[];
}

interface ProblemParts {
  readonly errors?: readonly ProblemIssue[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A body of ones has millions. */
const mostErrors = 50;
/** Characters: a message may list the keys that are unknown. */
const longestMessage = 1_000;

const typePrefix = 'urn:spillway:problem:';

/** Answers a request with a problem document. Its text goes to the client, so it holds no value of an event. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly #detail: string | undefined;
  readonly #errors: readonly ProblemIssue[] | undefined;

  constructor(kind: ProblemKind, detail?: string, { errors, headers = {} }: ProblemParts = {}) {
    super(detail ?? problemKinds[kind].title);
    this.kind = kind;
    this.status = problemKinds[kind].status;
    this.headers = headers;
    this.#detail = detail;
    this.#errors = errors?.slice(0, mostErrors).map(({ path, message }) => ({ path, message: inBounds(message) }));
  }

  document(): ProblemDocument {
    return {
      type: `${typePrefix}${this.kind}`,
      title: problemKinds[this.kind].title,
      status: this.status,
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
      ...(this.#errors === undefined ? {} : { errors: this.#errors }),
    };
  }

  response(): Response {
    const headers = { 'content-type': 'application/problem+json', ...this.headers };
    return new Response(JSON.stringify(this.document()), { status: this.status, headers });
  }
}

const inBounds = (text: string): string => (text.length > longestMessage ? `${text.slice(0, longestMessage)} …` : text);

/** Try again after so many seconds. */
export const retryAfter = (seconds: number): Readonly<Record<string, string>> => ({ 'retry-after': String(seconds) });
