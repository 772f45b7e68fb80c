import { printQuoted } from './quoted-text.ts';

const plainName = /^[@\w-]+$/;

/**
 * Where something stands in a connection's options, for an issue: names and positions behind dots, any other name in
 * brackets and quotes.
 *
 * @example
 * inConfig('options.mapping.set', 'properties.total'); // options.mapping.set['properties.total']
 */
export const inConfig = (path: string, name: string | number): string =>
  plainName.test(String(name)) ? `${path}.${name}` : `${path}[${printQuoted(String(name))}]`;
