import type { JsonValue } from '../../api/event.ts';
import { asAmount, plainDecimal } from '../../api/fields/casts.ts';
import { isBlank, isObject } from '../../api/fields/mapping.ts';
import { parsePath } from '../event-path.ts';
import { nothing, type MappingPlace } from '../mapping-place.ts';
import type { MappingRun, RightSide } from '../mapping-run.ts';
import type { Directive } from './directive.ts';
import { listAt } from './array-path.ts';
import { readingOf, stepsOf } from './path.ts';

const takes = '@sum takes numbers, or texts such as "12.50", and lists of objects';

/**
 * `@sum`: the sum of what stands at several paths, or in the lines of a list: `[listPath, field, times?]`, an order's
 * total out of price and quantity. A term of the sum may be such a list, or a directive, too. What is missing, null or
 * blank adds nothing, a line without `times` counts once, and where nothing is there, there is no sum. What is no
 * number spoils the whole sum: one without it would be wrong.
 */
export const sum: Directive = (argument, place) => {
  if (!Array.isArray(argument) || argument.length === 0)
    return place.issue('must be a list of paths, or of the path of a list, a field and perhaps its factor');
  const terms = argument as readonly JsonValue[];
  return summing(
    isLines(terms) ? [linesTerm(terms, place)] : terms.map((term, index) => termOf(term, place.at(index))),
  );
};

/** The sum so far. */
class Sum {
  private readonly run: MappingRun;
  private total = 0;
  private decimals = 0;
  private isAny = false;

  constructor(run: MappingRun) {
    this.run = run;
  }

  /**
   * Adds an amount, times another; false if one of them is no number. Blank amounts add nothing, blank factors count 1.
   */
  add(value: JsonValue | undefined, times: JsonValue | undefined): boolean {
    if (!this.isReadable(value) || !this.isReadable(times)) return false;
    if (isBlank(value)) return true;
    const amount = asAmount(value);
    const factor = isBlank(times) ? 1 : asAmount(times);
    if (amount === undefined || factor === undefined) return false;
    this.total += amount * factor;
    this.decimals = Math.max(this.decimals, decimalsOf(amount) + decimalsOf(factor));
    this.isAny = true;
    return true;
  }

  private isReadable(value: JsonValue | undefined): boolean {
    return typeof value !== 'string' || this.run.spend(value.length);
  }

  /** Rounded to as many decimals as the terms have: binary fractions are not exact, and 0.1 + 0.2 is 0.3. */
  result(): number | undefined {
    const { total, decimals, run } = this;
    if (!this.isAny) return undefined;
    if (!Number.isFinite(total)) return run.unfit(takes);
    const unit = 10 ** decimals;
    return (Math.abs(total) * unit < Number.MAX_SAFE_INTEGER ? Math.round(total * unit) / unit : total) + 0;
  }
}

/** How many decimals an amount has at most. */
function decimalsOf(amount: number): number {
  if (Number.isInteger(amount)) return 0;
  // Most amounts are prices, and their text takes longer than all the rest.
  if (Math.round(amount * 100) / 100 === amount) return 2;
  const text = plainDecimal(amount);
  return text.length - 1 - text.indexOf('.');
}

/** Adds a term of the event to the sum; false if it does not fit. */
type Term = (root: unknown, run: MappingRun, total: Sum) => boolean;

function summing(terms: readonly Term[]): RightSide {
  return (root, run) => {
    const total = new Sum(run);
    for (let index = 0; index < terms.length; index += 1)
      if (!(terms[index] as Term)(root, run, total)) return run.unfit(takes);
    return total.result();
  };
}

function termOf(term: JsonValue, place: MappingPlace): Term {
  if (Array.isArray(term)) return linesTerm(term as readonly JsonValue[], place);
  const steps = stepsOf(term, place);
  const side = steps === undefined ? valueTerm(term, place) : readingOf(steps, place);
  return (root, run, total) => total.add(side(root, run), undefined);
}

const valueTerm = (term: JsonValue, place: MappingPlace): RightSide =>
  isObject(term) ? place.compile(term) : place.issue('must be a path, a list of a path and fields, or a directive');

function linesTerm(parts: readonly JsonValue[], place: MappingPlace): Term {
  if (!hasLinesShape(parts)) {
    place.issue('must be the path of a list, a field of its elements, and perhaps its factor');
    return () => false;
  }
  const { list, elements } = listAt(parts[0] ?? null, place.at(0));
  const [field, times = nothing] = parts.slice(1).map((part, index) => {
    const within = place.at(index + 1).basedOn(elements);
    return readingOf(stepsOf(part, within) ?? [], within);
  });
  const addLine: Term = (line, run, total) =>
    isObject(line) && total.add((field as RightSide)(line, run), times(line, run));
  return (root, run, total) => {
    const lines = list(root, run) ?? null;
    if (lines === null) return true;
    if (!Array.isArray(lines)) return addLine(lines, run, total);
    if (!run.spendValues(lines.length)) return false;
    for (const line of lines as readonly JsonValue[]) if (line !== null && !addLine(line, run, total)) return false;
    return true;
  };
}

const hasLinesShape = (parts: readonly JsonValue[]): boolean =>
  (parts.length === 2 || parts.length === 3) && parts.every((part) => typeof part === 'string');

/** What paths to a number of an event begin with; a field of a line has another name. */
const eventMembers: ReadonlySet<unknown> = new Set(['properties', 'traits', 'context']);

/** Whether a list of texts is that of a list and its fields: these do not begin where paths of events do. */
function isLines(terms: readonly JsonValue[]): boolean {
  return hasLinesShape(terms) && !terms.slice(1).some((term) => beginsAtEvent(term as string));
}

function beginsAtEvent(text: string): boolean {
  const path = parsePath(text);
  return path.ok && eventMembers.has(path.steps[0]);
}
