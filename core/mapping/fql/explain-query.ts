import type { JsonValue } from '../../api/event.ts';
import { positionOf, type TextPosition } from '../syntax-issue.ts';
import { compileCondition, compileOperand } from './compile-condition.ts';
import { printQuery } from './print-query.ts';
import type { Call, Comparison, Condition, Operand, PathOperand } from './syntax-tree.ts';
import { typeOf, type ValueType } from './value-type.ts';

/** The type of one side of a part; `missing` where the event has nothing at that path. */
export type SideType = ValueType | 'missing';

/** A part of a query that keeps an event from matching. It shows types, never values of the event. */
export interface FailedPart {
  /** Where the part begins in the text of the query. */
  readonly at: TextPosition;
  /** What does not hold: the part as the query has it, behind a "!" where the query wants it to be false. */
  readonly text: string;
  readonly left: SideType;
  /** Of a path or a function in the place of a condition, unless the function has a second input: `bool`. */
  readonly right: SideType;
  /** Whether the two sides are texts that differ in capitals, spaces or the Unicode form of accents alone. */
  readonly isAlike?: true;
}

/** The paths in the place of a condition: each has to be a boolean or null, lest the whole query be false. */
export function pathsAsConditions(part: Condition): readonly PathOperand[] {
  if (part.kind === 'path') return [part];
  if (part.kind === 'not') return pathsAsConditions(part.term);
  return 'terms' in part ? part.terms.flatMap(pathsAsConditions) : [];
}

/**
 * The parts that keep an event from matching, in the order of the query: each false side of an `and`, all sides of an
 * `or`, what holds behind a `!`, and each path that is no condition; the first hundred. It compiles every part anew, so
 * it is for people.
 */
export function explainQuery(query: string, tree: Condition, event: object): readonly FailedPart[] {
  /** By part, whether the query wants it to be true. */
  const failed = new Map<Leaf, boolean>();
  const collect = (part: Condition, wanted: boolean): void => {
    if (compileCondition(part)(event) === wanted) return;
    if (part.kind === 'not') collect(part.term, !wanted);
    else if ('terms' in part) for (const term of part.terms) collect(term, wanted);
    else failed.set(part, wanted);
  };
  collect(tree, true);
  for (const path of pathsAsConditions(tree)) {
    const [type] = sidesOf(path, event);
    if (type !== 'bool' && type !== 'null' && type !== 'missing') failed.set(path, true);
  }
  return [...failed]
    .sort(([a], [b]) => a.at - b.at)
    .slice(0, mostParts)
    .map(([part, wanted]) => {
      const [left, right] = sidesOf(part, event);
      const text = printQuery(wanted ? part : { kind: 'not', at: part.at, term: part });
      const alike = wanted && isAlike(part, event) ? { isAlike: true as const } : {};
      return { at: positionOf(query, part.at), text, left, right, ...alike };
    });
}

/** More than people read, and for each the query is gone through up to there. */
const mostParts = 100;

type Leaf = Comparison | Operand;

function sidesOf(part: Leaf, event: object): readonly [SideType, SideType] {
  const [first, second] = part.kind === 'comparison' ? part.sides : part.kind === 'call' ? inputsOf(part) : [part];
  return [sideType(first, event), second === undefined ? 'bool' : sideType(second, event)];
}

function isAlike(part: Leaf, event: object): boolean {
  if (part.kind !== 'comparison' || (part.sign !== '=' && part.sign !== 'in')) return false;
  const [left, right] = part.sides.map((side) => compileOperand(side)(event)) as [JsonValue, JsonValue];
  const name = folded(left);
  const others: readonly JsonValue[] = Array.isArray(right) ? (right as readonly JsonValue[]) : [right];
  return name !== undefined && others.some((other) => folded(other) === name);
}

/** Longer texts are no names. */
const longestName = 200;

const folded = (value: JsonValue): string | undefined =>
  typeof value === 'string' && value.length <= longestName
    ? value.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase()
    : undefined;

const inputsOf = ({ inputs }: Call): readonly [Operand, Operand?] => inputs as readonly [Operand, Operand?];

function sideType(operand: Operand, event: object): SideType {
  const value = compileOperand(operand)(event);
  return value === undefined && operand.kind === 'path' ? 'missing' : typeOf(value);
}
