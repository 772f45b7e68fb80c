import type { PathSteps } from '../event-path.ts';

/** What stands where an answer of yes or no is wanted: a whole query, a side of `and`, what `!` negates. */
export type Condition = Junction | Negation | Comparison | Operand;

/** What stands on a side of a comparison, and in the parentheses of a function. */
export type Operand = PathOperand | Literal | Call;

export const isOperand = (part: Condition): part is Operand =>
  part.kind === 'path' || part.kind === 'literal' || part.kind === 'call';

interface Node {
  /** Where it begins: an index in the text of the query. */
  readonly at: number;
}

/** Two or more conditions in a row. One that is a junction itself stood in parentheses. */
export interface Junction extends Node {
  readonly kind: 'and' | 'or';
  readonly terms: readonly Condition[];
}

export interface Negation extends Node {
  readonly kind: 'not';
  readonly term: Condition;
}

export const comparisonSigns = ['=', '!=', '>', '>=', '<', '<=', 'in'] as const;
export type ComparisonSign = (typeof comparisonSigns)[number];

export interface Comparison extends Node {
  readonly kind: 'comparison';
  readonly sign: ComparisonSign;
  readonly sides: readonly [Operand, Operand];
}

export interface PathOperand extends Node {
  readonly kind: 'path';
  readonly steps: PathSteps;
}

/** What a query says itself: a text, a number, `true`, `false`, `null`, or a list of such. */
export type LiteralValue = string | number | boolean | null | readonly LiteralValue[];

export interface Literal extends Node {
  readonly kind: 'literal';
  readonly value: LiteralValue;
}

export interface Call extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly inputs: readonly Operand[];
}
