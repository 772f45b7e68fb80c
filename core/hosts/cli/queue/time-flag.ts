import { parseTime } from '../../../index.ts';
import { usage } from '../exit-codes.ts';

/**
 * The value of a flag that is a time with a zone, or a day, which begins in UTC, as epoch ms. Read by the command that
 * has the flag: the parser of dates is a part of core, which --help and --version need not load.
 */
export function timeOf(flag: string, text: string): number {
  const at = parseTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00Z` : text);
  if (at === undefined)
    throw usage(
      `${flag}: expected a time with a zone, such as 2026-01-31T12:00:00Z, or a day, not ${JSON.stringify(text)}`,
    );
  return at;
}
