import { checkEscapes, printQuoted, readQuoted } from './quoted-text.ts';
import { issuesIn, SyntaxFault, type SyntaxIssue } from './syntax-issue.ts';

/** A member of an object by its name, or an element of a list by its index. */
export type PathStep = string | number;

/** A path into an event, taken apart: `properties.products[0].sku` is `['properties', 'products', 0, 'sku']`. */
export type PathSteps = readonly PathStep[];

export type ParsedPath =
  { readonly ok: true; readonly steps: PathSteps } | { readonly ok: false; readonly issues: readonly SyntaxIssue[] };

/**
 * Takes a path apart. Queries, `@path` and the targets of a mapping share this grammar: names between dots, with
 * letters and digits of any script, `_` and `-`; any other sign of a name behind a backslash, or the whole name as
 * `['odd name']`; `[0]` for an element of a list. `$` is the event itself, `$.` in Segment's mappings, and a leading
 * `$.` may be omitted. Returns the steps, or one issue with its position.
 * So `$.properties.product\\ 1['net price']` has the steps `['properties', 'product 1', 'net price']`.
 */
export function parsePath(text: string): ParsedPath {
  return issuesIn(text, () => {
    if (text === '$.') return { ok: true as const, steps: [] };
    const { steps, end } = scanPath(text, 0);
    if (end < text.length) throw new SyntaxFault(end, 'no path goes on like this', afterStep);
    return { ok: true as const, steps };
  });
}

const afterStep = '"." and a name, "[" and an index or a name in quotes, a backslash before any other sign, or the end';

interface ScannedPath {
  readonly steps: PathSteps;
  /** The index behind the path. */
  readonly end: number;
}

/** Reads as much of the text as is a path, from `at` on. Throws a SyntaxFault where a step is missing or malformed. */
export function scanPath(text: string, at: number): ScannedPath {
  const steps: PathStep[] = [];
  let end = at;
  if (text[at] === '$') end = endOfRoot(text, at);
  else if (text[at] !== '[') end = scanName(text, at, steps);
  for (;;) {
    if (text[end] === '.') end = scanName(text, end + 1, steps);
    else if (text[end] === '[') end = scanBracket(text, end, steps);
    else return { steps, end };
  }
}

function endOfRoot(text: string, at: number): number {
  if (isInName(text, at + 1))
    throw new SyntaxFault(at, '"$" stands for the event, not for a part of a name', '$. before the name, or \\$ in it');
  return at + 1;
}

const nameForms = "letters, digits, _ or -, a backslash before any other sign, or ['odd name'] in place of the dot";

const nameSigns = /[\p{L}\p{M}\p{N}_-]+/uy;

const isInName = (text: string, at: number): boolean => endOfSigns(text, at) > at || text[at] === '\\';

function endOfSigns(text: string, at: number): number {
  nameSigns.lastIndex = at;
  return nameSigns.test(text) ? nameSigns.lastIndex : at;
}

/** Whether a path may begin here. In a query a "[" begins a list, and a digit a number. */
export const beginsPath = (text: string, at: number): boolean => text[at] === '$' || isInName(text, at);

function scanName(text: string, at: number, steps: PathStep[]): number {
  let name = '';
  let end = at;
  for (;;) {
    const behind = endOfSigns(text, end);
    name += text.slice(end, behind);
    if (text[behind] !== '\\') {
      end = behind;
      break;
    }
    const escaped = text.codePointAt(behind + 1);
    if (escaped === undefined)
      throw new SyntaxFault(behind, 'nothing follows the backslash', 'the sign that it escapes');
    name += String.fromCodePoint(escaped);
    end = behind + (escaped > 0xffff ? 3 : 2);
  }
  if (end === at) throw new SyntaxFault(at, 'a name is missing', nameForms);
  steps.push(name);
  return end;
}

const indexDigits = /(?:0|[1-9]\d*)(?=\])/y;

/** The last index that a list can have. */
const greatestIndex = 4_294_967_294;

function scanBracket(text: string, at: number, steps: PathStep[]): number {
  const sign = text[at + 1];
  if (sign === "'" || sign === '"') {
    const name = readQuoted(text, at + 1);
    checkEscapes(name);
    if (text[name.end] !== ']') throw new SyntaxFault(name.end, 'a bracket is open', '"]" after the name');
    steps.push(name.value);
    return name.end + 1;
  }
  indexDigits.lastIndex = at + 1;
  const [digits] = indexDigits.exec(text) ?? [];
  if (digits === undefined || Number(digits) > greatestIndex)
    throw new SyntaxFault(at, 'no element or name is in these brackets', "an index from 0, as [0], or ['odd name']");
  steps.push(Number(digits));
  return at + digits.length + 2;
}

const plainName = /^[\p{L}\p{M}\p{N}_-]+$/u;

/** A first name that a query would read as something else: a number, or one of its words. */
const startsOtherwise = /^(?:[\d-]|(?:and|or|in|true|false|null)$)/u;

/**
 * The path as text. `parsePath` takes it apart into the same steps, and a query reads it as the same path.
 * So `['properties', 'products', 0, 'net price']` is `properties.products[0]['net price']`.
 */
export function printPath(steps: PathSteps): string {
  const [first] = steps;
  if (typeof first !== 'string' || !plainName.test(first) || startsOtherwise.test(first))
    return `$${steps.map(printStep).join('')}`;
  return first + steps.slice(1).map(printStep).join('');
}

function printStep(step: PathStep): string {
  if (typeof step === 'number') return `[${step}]`;
  return plainName.test(step) ? `.${step}` : `[${printQuoted(step)}]`;
}
