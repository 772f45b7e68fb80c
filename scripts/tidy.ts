import { format } from 'prettier/standalone';
import * as babel from 'prettier/plugins/babel';
import * as estree from 'prettier/plugins/estree';
import * as markdown from 'prettier/plugins/markdown';
import * as typescript from 'prettier/plugins/typescript';

/** Text as `npm run format` leaves it. */
export const tidy = (text: string, parser: 'babel' | 'json' | 'markdown' | 'typescript'): Promise<string> =>
  format(text, { parser, plugins: [babel, estree, markdown, typescript], singleQuote: true, printWidth: 120 });
