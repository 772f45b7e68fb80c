import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from '../../../index.ts';
import { errnoOf, exitCode, Refusal } from '../exit-codes.ts';
import { replaceFile } from './replace-file.ts';

const shape = z.strictObject({ maxBytes: z.number().int().min(1) });

const fileIn = (store: string): string => path.join(store, 'budget.json');

/** The most bytes a store may keep, as somebody said once; `undefined` where nobody did. */
export function budgetOf(store: string): number | undefined {
  const file = fileIn(store);
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8'))).maxBytes;
  } catch (error) {
    // What is no folder, or may not be entered, is refused by whoever opens it.
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    const what = error instanceof SyntaxError || error instanceof z.ZodError ? 'is damaged' : `(${errnoOf(error)})`;
    throw new Refusal(
      exitCode.storage,
      `${file} ${what}. It says how much the store may keep; remove it, and say so once more with enqueue --max-bytes`,
    );
  }
}

/** Keeps it with the store, for every command from now on. */
export function keepBudget(store: string, maxBytes: number): void {
  if (budgetOf(store) !== maxBytes) replaceFile(fileIn(store), { maxBytes } satisfies z.infer<typeof shape>);
}
