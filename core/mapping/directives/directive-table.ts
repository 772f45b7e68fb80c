import { arrayPath } from './array-path.ts';
import { letterCase } from './case.ts';
import { date } from './date.ts';
import type { Directive } from './directive.ts';
import { excludeWhenNull } from './exclude-when-null.ts';
import { flatten } from './flatten.ts';
import { hash } from './hash.ts';
import { ifDirective } from './if.ts';
import { json } from './json.ts';
import { literal } from './literal.ts';
import { map } from './map.ts';
import { merge } from './merge.ts';
import { number } from './number.ts';
import { pathDirective } from './path.ts';
import { replace } from './replace.ts';
import { sum } from './sum.ts';
import { template } from './template.ts';
import { transform } from './transform.ts';

/** All directives: first those that Segment's mappings have, then those beyond. Keyed by settings, hence a Map. */
export const directives: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ['@path', pathDirective],
  ['@template', template],
  ['@literal', literal],
  ['@if', ifDirective],
  ['@case', letterCase],
  ['@replace', replace],
  ['@arrayPath', arrayPath],
  ['@flatten', flatten],
  ['@json', json],
  ['@merge', merge],
  ['@transform', transform],
  ['@excludeWhenNull', excludeWhenNull],
  ['@map', map],
  ['@hash', hash],
  ['@date', date],
  ['@number', number],
  ['@sum', sum],
]);
