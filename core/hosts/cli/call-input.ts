import { readFile } from 'node:fs/promises';
import { text as readText } from 'node:stream/consumers';
import type { JsonSchema } from '../../index.ts';
import { errnoOf, exitCode, CliError, usage } from './exit-codes.ts';
import { isDeeperThan, mostJsonLevels } from '../../json-text.ts';
import { parseJson } from '../../parse-json.ts';
import { setAt } from './set-at.ts';
import type { Terminal } from './terminal.ts';

export interface CallInputFlags {
  /** `key=value`, each; a key of the body is written `body.key`. */
  readonly set?: readonly string[];
  readonly since?: string;
  /** A JSON file; - is standard input. */
  readonly body?: string;
}

/** The input of an operation, out of --body, --since and --set, which goes over both. */
export async function callInput(
  schema: JsonSchema,
  { set = [], since, body }: CallInputFlags,
  { stdin }: Pick<Terminal, 'stdin'>,
): Promise<Record<string, unknown>> {
  const input: Record<string, unknown> = body === undefined ? {} : { body: await readBody(body, stdin) };
  if (since !== undefined) input['since'] = since;
  for (const assignment of set) {
    const [, key, value] = /^([A-Za-z_][\w.]*)=(.*)$/s.exec(assignment) ?? [];
    if (key === undefined || value === undefined)
      throw usage('--set expects key=value, or body.key=value for a key of the body');
    const path = key.split('.');
    if (path.some((name) => name === '' || name in {}))
      throw usage(`--set: ${JSON.stringify(key)} is not a name that an input can have`);
    setAt(input, key, path, typed(value, schemaAt(schema, path)));
  }
  return input;
}

async function readBody(file: string, stdin: Terminal['stdin']): Promise<unknown> {
  const written = await (file === '-' ? readText(stdin) : readFile(file, 'utf8')).catch((error: unknown) => {
    throw usage(`cannot read the body ${file} (${errnoOf(error)})`);
  });
  const body = parseBody(written.replace(/^\uFEFF/, ''), file);
  if (isDeeperThan(body, mostJsonLevels))
    throw new CliError(exitCode.unreadable, `the body ${file} is nested deeper than ${mostJsonLevels} levels`);
  return body;
}

function parseBody(text: string, file: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new CliError(exitCode.unreadable, `the body ${file} is not valid JSON`);
  }
}

/** A number in a path is a place in a list. */
function schemaAt(schema: JsonSchema, path: readonly string[]): JsonSchema {
  return path.reduce<JsonSchema>((at, key) => {
    const items = /^\d+$/.test(key) ? (at['items'] as JsonSchema | undefined) : undefined;
    return items ?? ((at['properties'] ?? {}) as Record<string, JsonSchema>)[key] ?? {};
  }, schema);
}

/** Text, unless the schema wants a number or a yes or no; what is neither is left for the schema to refuse. */
function typed(value: string, { type }: JsonSchema): unknown {
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if ((type === 'integer' || type === 'number') && value.trim() !== '') {
    const number = Number(value);
    // Beyond 2^53 it would be another number: the schema refuses the text.
    return Number.isNaN(number) || (Number.isInteger(number) && !Number.isSafeInteger(number)) ? value : number;
  }
  return value;
}
