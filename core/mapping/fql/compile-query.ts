import { printPath } from '../event-path.ts';
import { pathReader } from '../path-reader.ts';
import { issueOf, issuesIn, type SyntaxIssue } from '../syntax-issue.ts';
import { checkQuery } from './check-query.ts';
import { compileCondition, type Test } from './compile-condition.ts';
import { explainQuery, pathsAsConditions, type FailedPart } from './explain-query.ts';
import { parseQuery } from './parse-query.ts';
import type { Condition, Operand } from './syntax-tree.ts';

/** A query that is ready to be asked about events. */
export interface Query {
  readonly ok: true;
  /** The paths that it reads, each once, as `printPath` writes them, in the order of the query. */
  readonly paths: readonly string[];
  /** Whether the query is true for the event. It neither throws nor changes anything. */
  readonly matches: (event: object) => boolean;
  /** The parts for which it is not; none if it is. */
  readonly explain: (event: object) => readonly FailedPart[];
}

export type CompiledQuery = Query | { readonly ok: false; readonly issues: readonly SyntaxIssue[] };

/**
 * Compiles a query in the filter query language that Segment has for destination filters, see docs/mapping.md. Returns
 * the query, or what is wrong with it: the first place where it is no query, or every part of it that can never be
 * true.
 *
 * @example
 * const query = compileQuery("type = 'track' and event in ['Order Completed', 'Checkout Done']");
 * if (query.ok) query.matches({ type: 'track', event: 'Order Completed' }); // true
 */
export function compileQuery(text: string): CompiledQuery {
  return issuesIn<CompiledQuery>(text, () => {
    const tree = parseQuery(text);
    const faults = checkQuery(text, tree);
    if (faults.length > 0) return { ok: false, issues: faults.map((fault) => issueOf(text, fault)) };
    return {
      ok: true,
      paths: [...new Set(pathsIn(tree))],
      matches: wholeTest(tree),
      explain: (event) => explainQuery(text, tree, event),
    };
  });
}

/**
 * What is no condition makes the whole query false, wherever it stands and whatever the other parts are. So it is
 * enough to look once the rest is true.
 */
function wholeTest(tree: Condition): Test {
  const test = compileCondition(tree);
  const readers = pathsAsConditions(tree).map(({ steps }) => pathReader(steps));
  if (readers.length === 0) return test;
  return (event) => {
    if (!test(event)) return false;
    for (const read of readers) if (typeof (read(event) ?? false) !== 'boolean') return false;
    return true;
  };
}

function pathsIn(part: Condition | Operand): readonly string[] {
  switch (part.kind) {
    case 'and':
    case 'or':
      return part.terms.flatMap(pathsIn);
    case 'not':
      return pathsIn(part.term);
    case 'comparison':
      return part.sides.flatMap(pathsIn);
    case 'call':
      return part.inputs.flatMap(pathsIn);
    case 'path':
      return [printPath(part.steps)];
    case 'literal':
      return [];
  }
}
