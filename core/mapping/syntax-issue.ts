/** Where something stands in a text that a customer wrote. Both count from 1, the column in characters. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * What is wrong with a query, a path or a pattern. The message says what is wrong and what should stand there instead,
 * and repeats no text that the customer put in quotes.
 */
export interface SyntaxIssue extends TextPosition {
  readonly message: string;
  /** The end of the message on its own: what should stand there. */
  readonly expected: string;
}

/**
 * What a parser throws at the first place where it cannot go on; `issuesIn` and `issueOf` make the issue of it. It
 * never leaves core/mapping.
 */
export class SyntaxFault extends Error {
  /** The index in the text. */
  readonly at: number;
  readonly problem: string;
  readonly expected: string;

  constructor(at: number, problem: string, expected: string) {
    super(problem);
    this.at = at;
    this.problem = problem;
    this.expected = expected;
  }
}

/** The position of an index of a text. A pair of surrogates is one character. */
export function positionOf(text: string, at: number): TextPosition {
  const before = text.slice(0, at).split(/\r\n|\r|\n/);
  const lastLine = before.at(-1) as string;
  return { line: before.length, column: Array.from(lastLine).length + 1 };
}

/** The issue that a fault is, in the text that it was found in. */
export const issueOf = (text: string, { at, problem, expected }: SyntaxFault): SyntaxIssue => ({
  ...positionOf(text, at),
  message: `${problem}; expected ${expected}`,
  expected,
});

/**
 * One line for people, such as `line 1, column 8: the query ends here; expected a path, ...`.
 *
 * @example
 * const query = compileQuery("type = 'track' and");
 * if (!query.ok) console.error(query.issues.map(issueText).join('\n'));
 */
export const issueText = ({ line, column, message }: SyntaxIssue): string =>
  `line ${line}, column ${column}: ${message}`;

/** What `parse` returns; or the fault that it throws, as an issue of the text. What else it throws is a defect. */
export function issuesIn<T extends object>(
  text: string,
  parse: () => T,
): T | { readonly ok: false; readonly issues: readonly SyntaxIssue[] } {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SyntaxFault) return { ok: false, issues: [issueOf(text, error)] };
    throw error;
  }
}
