import { readFile } from 'node:fs/promises';
import type { ConfigIssue, ConnectionOptions } from '../../index.ts';
import { errnoOf, exitCode, CliError, usage } from './exit-codes.ts';
import { isDeeperThan, mostJsonLevels } from '../../json-text.ts';
import { fillReferences, keyFault, plainKey } from './references.ts';
import type { Terminal } from './terminal.ts';

/** What a config file says, with the environment's values in place; none of it checked against a destination yet. */
export interface ConfigFile {
  readonly config: unknown;
  readonly options: ConnectionOptions | undefined;
  /** References that could not be filled in, such as to a variable that is not set, each under its path. */
  readonly unfilled: readonly ConfigIssue[];
}

const topLevel = ['config', 'options'];
const unknownKey = 'unknown key; expected config or options';
const ofWorkFile = 'this is a work file: "spillway preview" takes it, with the id of one of its connections';

/**
 * Reads `{"config": {...}, "options": {...}}`. A file that cannot be opened is a usage error, one that is not that
 * shape exits 78.
 */
export const readConfigFile = async (file: string, env: Terminal['env']): Promise<ConfigFile> =>
  configIn(await readObject(file, configForm), file, env);

export const configForm = '{"config": {...}, "options": {...}}';

/** The same of what was read of the file. */
export function configIn(content: object, file: string, env: Terminal['env']): ConfigFile {
  const unknown = Object.keys(content).filter((key) => !topLevel.includes(key));
  if (unknown.length > 0) {
    throw invalidConfig(
      file,
      unknown.map((path) => ({ path, message: path === 'connections' ? ofWorkFile : unknownKey })),
    );
  }
  const { value, unfilled } = filledIn(content, env);
  const { config, options } = value as { readonly config?: unknown; readonly options?: ConnectionOptions };
  return { config, options, unfilled };
}

/** The JSON object in a file. A usage error when it cannot be opened, exit 78 when it holds anything else. */
export async function readObject(file: string, expected: string): Promise<object> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw usage(`cannot read the config file ${file} (${errnoOf(error)})`);
  });
  const parsed = parse(text.replace(/^\uFEFF/, ''), file);
  if (isDeeperThan(parsed, mostJsonLevels))
    throw new CliError(exitCode.config, `${file}: nested deeper than ${mostJsonLevels} levels`);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
    const misplaced = misplacedOrigins(parsed);
    if (misplaced.length > 0) throw invalidConfig(file, misplaced);
    return parsed;
  }
  throw new CliError(exitCode.config, `${file}: expected ${expected}`);
}

/** Where a file tries to allow origins: settings of customers come from it, so it may not. */
function misplacedOrigins(file: { readonly connections?: unknown }): readonly ConfigIssue[] {
  const entries: readonly (readonly [string, unknown])[] = [
    ['', file],
    ...(Array.isArray(file.connections) ? file.connections : []).map(
      (entry: unknown, index) => [`connections.${index}.`, entry] as const,
    ),
  ];
  return entries
    .filter(([, entry]) => typeof entry === 'object' && entry !== null && Object.hasOwn(entry, 'allowedOrigins'))
    .map(([at]) => ({
      path: `${at}allowedOrigins`,
      message: 'is not for a file of settings; allow origins with --allow-origin on the command line',
    }));
}

/** Fills in environment variables; `unfilled` says which references could not be. */
export function filledIn(value: unknown, env: Terminal['env']): { value: unknown; unfilled: readonly ConfigIssue[] } {
  const unfilled: ConfigIssue[] = [];
  return { value: fill(value, '', env, unfilled), unfilled };
}

/** A file that is JSON, and does not say what it has to. */
export class InvalidConfig extends CliError {
  readonly issues: readonly ConfigIssue[];
  constructor(file: string, issues: readonly ConfigIssue[]) {
    const lines = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    super(exitCode.config, `${file} is not valid:`, lines);
    this.issues = issues;
  }
}

export const invalidConfig = (file: string, issues: readonly ConfigIssue[]): InvalidConfig =>
  new InvalidConfig(file, issues);

/** V8 quotes the text around an error, which may be a credential: only the position is reported, where V8 gives one. */
function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const { message } = error as Error;
    const position = message === 'Unexpected end of JSON input' ? text.length : /at position (\d+)/.exec(message)?.[1];
    throw new CliError(
      exitCode.config,
      `${file}${position === undefined ? '' : place(text, Number(position))}: not valid JSON`,
    );
  }
}

function place(text: string, position: number): string {
  const before = text.slice(0, position).split('\n');
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

function fill(value: unknown, path: string, env: Terminal['env'], unfilled: ConfigIssue[]): unknown {
  if (typeof value === 'string') {
    const { text, faults } = fillReferences(value, env);
    unfilled.push(...faults.map((message) => ({ path, message })));
    return text;
  }
  if (typeof value !== 'object' || value === null) return value;
  const at = (key: string | number): string => (path === '' ? String(key) : `${path}.${key}`);
  if (Array.isArray(value)) return value.map((item: unknown, index) => fill(item, at(index), env, unfilled));
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      const { key, isReference } = plainKey(name);
      if (isReference) unfilled.push({ path: at(key), message: keyFault });
      return [key, fill(part, at(key), env, unfilled)];
    }),
  );
}
