import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { transformSync } from '@swc/wasm-typescript';
import { format } from 'prettier/standalone';
import * as babel from 'prettier/plugins/babel';
import * as estree from 'prettier/plugins/estree';

/**
 * Writes each code file of the template without its types to `to`: `spillway new` makes JavaScript of it where it is
 * installed, without a compiler and a formatter. Comments, and with them the marks of regions, stay.
 */
export async function stripTemplate(from: string, to: string): Promise<void> {
  for (const file of (await readdir(from)).filter((name) => name.endsWith('.ts'))) {
    const { code } = transformSync(await readFile(path.join(from, file), 'utf8'), { mode: 'strip-only' });
    // Where an import of types was, blanks are left.
    const joined = code.replace(/^\s*\n(?=import )/gm, '');
    const text = await format(joined, {
      parser: 'babel',
      plugins: [babel, estree],
      singleQuote: true,
      printWidth: 120,
    });
    await mkdir(to, { recursive: true });
    await writeFile(path.join(to, file.replace(/ts$/, 'js')), text);
  }
}
