import type { JsonObject } from '../../api/event.ts';
import type { MappingPlace } from '../mapping-place.ts';
import type { MappingRun } from '../mapping-run.ts';
import { PlainPattern } from '../plain-pattern.ts';
import { nothing } from '../mapping-place.ts';
import { converted, scalarText, type Directive } from './directive.ts';

/** Longer patterns are tables, and tables are for `@map`. */
const longestPattern = 256;

/**
 * `@replace`: a text with one plain text in place of another, everywhere (`global`) or once; then the same with the
 * second pair. Takes time in proportion to the texts, whatever the pattern.
 */
export const replace: Directive = (argument, place) => {
  const options = place.options(
    argument,
    ['value', 'pattern'],
    ['replacement', 'pattern2', 'replacement2', 'ignorecase', 'global'],
  );
  if (options === undefined) return nothing;
  if (options['pattern2'] === undefined && options['replacement2'] !== undefined)
    place.at('replacement2').issue('has no "pattern2" to replace');
  const isAnyCase = place.flag(options, 'ignorecase', false);
  const isGlobal = place.flag(options, 'global', true);
  const first = pairOf(options, '', isAnyCase, place);
  const second = options['pattern2'] === undefined ? undefined : pairOf(options, '2', isAnyCase, place);
  return converted(place.side(options, 'value'), '@replace takes a text, a number or a boolean', (value, run) => {
    const text = scalarText(value);
    if (text === undefined) return undefined;
    const once = replaced(text, first, isGlobal, run);
    return once === undefined || second === undefined ? once : replaced(once, second, isGlobal, run);
  });
};

interface Pair {
  readonly pattern: PlainPattern;
  readonly replacement: string;
}

function pairOf(options: JsonObject, suffix: '' | '2', isAnyCase: boolean, place: MappingPlace): Pair {
  const pattern = place.text(options, `pattern${suffix}`, ' ');
  if (pattern === '') place.at(`pattern${suffix}`).issue('must not be empty');
  if (pattern.length > longestPattern)
    place.at(`pattern${suffix}`).issue(`must not be longer than ${longestPattern} characters`);
  return {
    pattern: new PlainPattern(pattern, isAnyCase),
    replacement: place.text(options, `replacement${suffix}`, ''),
  };
}

function replaced(
  text: string,
  { pattern, replacement }: Pair,
  isGlobal: boolean,
  run: MappingRun,
): string | undefined {
  let result = '';
  let from = 0;
  for (let at = pattern.indexIn(text, 0); at >= 0; at = isGlobal ? pattern.indexIn(text, from) : -1) {
    result += text.slice(from, at) + replacement;
    from = at + pattern.length;
    if (result.length > run.remaining) return run.outOfWork();
  }
  if (from === 0) return text;
  result += text.slice(from);
  return run.spend(result.length) ? result : undefined;
}
