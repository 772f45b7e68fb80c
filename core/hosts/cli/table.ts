import { createColors } from 'picocolors';
import { printable } from './printable.ts';
import { colourful, type Terminal } from './terminal.ts';

/** Columns as wide as what stands in them, with a head. */
export function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { stdout, env }: Pick<Terminal, 'stdout' | 'env'>,
): string {
  const { bold } = createColors(colourful(stdout, env));
  const all = [head, ...rows.map((row) => row.map((cell) => printable(cell).replaceAll('\n', '\\n')))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line, index) => `${index === 0 ? bold(line) : line}\n`).join('');
}
