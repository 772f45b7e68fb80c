import type { FailedPart } from '../../index.ts';
import { printable } from './printable.ts';

/** A line for each part of a query that is false: where it stands, what it says, and what was compared. */
export const failedLines = (failed: readonly FailedPart[]): readonly string[] =>
  failed.map(({ at, text, left, right, isAlike }) =>
    printable(
      `${at.line}:${at.column}  ${text}  does not hold (${left}, ${right}${isAlike === true ? alike : ''})`,
    ).replaceAll('\n', ' '),
  );

const alike = '; alike but for capitals, spaces or the form of accents';
