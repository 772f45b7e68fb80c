import { checkDestination, type CheckOptions } from '../../../core/testing/index.ts';

/**
 * The titles of the checks that fail, with why. Throws if `only` selects no check: then the test would prove nothing.
 */
export async function failuresOf(folder: string, options: CheckOptions = {}): Promise<string> {
  const failed: string[] = [];
  let checks = -1; // Loading the folder is not selected by a title.
  for await (const { title, ok, why } of checkDestination(folder, options)) {
    checks += 1;
    if (!ok) failed.push(`${title} <- ${why}`);
  }
  if (checks < 1 && failed.length === 0) throw new Error(`no check of ${folder} matches ${String(options.only)}`);
  return failed.join('\n');
}
