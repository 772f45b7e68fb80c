import { cutText } from '../api/fields/text-length.ts';
import { printQuoted } from './quoted-text.ts';

const plainName = /^[@\w-]{1,200}$/;

/**
 * Where something stands in a connection's options, for an issue: names and positions behind dots, any other name in
 * brackets and quotes, as in `options.mapping.set['properties.total']`.
 */
export const inConfig = (path: string, name: string | number): string =>
  plainName.test(String(name)) ? `${path}.${name}` : `${path}[${printQuoted(cutText(String(name), longestShown))}]`;

/** A longer name, which is no plain one, is cut. */
const longestShown = 200;
