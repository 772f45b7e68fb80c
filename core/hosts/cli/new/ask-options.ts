import { afterSignal, CliError, usage } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { authMeanings, authSchemes, bodyForms, bodyMeanings, verdictForms, verdictMeanings } from './choices.ts';
import { optionSchemas, problemWith, type FolderOptions, type OptionName } from './folder-options.ts';

type Question = Exclude<OptionName, 'slug'>;

/** The flags of the command line; all are optional. */
export type Flags = { readonly [K in Question]?: string };

/** The library that asks: tests do without it, too. */
type ImportPrompts = () => Promise<typeof import('@clack/prompts')>;

const flagOf: Readonly<Record<Question, string>> = {
  name: '--name',
  host: '--host',
  auth: '--auth',
  authHeader: '--auth-header',
  authField: '--auth-field',
  body: '--body',
  listName: '--list-name',
  verdicts: '--verdicts',
};

/**
 * All options, from flags and, at a terminal, from questions. Throws if a flag is wrong or missing, and for flags that
 * do not go together.
 */
export async function optionsFrom(
  slug: string,
  flags: Flags,
  terminal: Terminal,
  importPrompts: ImportPrompts = () => import('@clack/prompts'),
): Promise<FolderOptions> {
  const slugProblem = problemWith('slug', slug);
  if (slugProblem !== undefined) throw usage(`the slug ${JSON.stringify(slug)} ${slugProblem}`);
  for (const question of Object.keys(flagOf) as Question[]) {
    const value = flags[question];
    const problem = value === undefined ? undefined : problemWith(question, value);
    if (problem !== undefined) throw usage(`${flagOf[question]} ${JSON.stringify(value)} ${problem}`);
  }
  mustFit(flags);
  const isAsking = missingIn(flags).length > 0 && terminal.stdin.isTTY === true;
  const complete = isAsking ? await askFor(flags, terminal, importPrompts) : flags;
  const missing = missingIn(complete);
  if (missing.length > 0) throw missingFlags(missing, 'there is no terminal to ask');
  mustFit(complete);
  return {
    slug,
    name: optionSchemas.name.parse(complete.name),
    host: optionSchemas.host.parse(complete.host),
    auth: optionSchemas.auth.parse(complete.auth),
    authHeader: optionSchemas.authHeader.parse(complete.authHeader ?? 'x-api-key'),
    authField: optionSchemas.authField.parse(complete.authField ?? 'api_key'),
    body: optionSchemas.body.parse(complete.body),
    listName: optionSchemas.listName.parse(complete.listName ?? 'data'),
    verdicts: optionSchemas.verdicts.parse(complete.verdicts ?? 'none'),
  };
}

const carriesSeveral = (body: string | undefined): boolean => body === 'array' || body === 'list';

/** Throws for combinations that make no sense. What is open yet fits everything. */
function mustFit({ auth, authHeader, authField, body, listName, verdicts }: Flags): void {
  if (authHeader !== undefined && auth !== undefined && auth !== 'header') {
    throw usage(`--auth-header goes with --auth header, not with --auth ${auth}`);
  }
  if (authField !== undefined && auth !== undefined && auth !== 'body') {
    throw usage(`--auth-field goes with --auth body, not with --auth ${auth}`);
  }
  if (auth === 'body' && body === 'array') {
    throw usage('--auth body needs a body with a place beside the events: --body list, json or form, not array');
  }
  if (listName !== undefined && body !== undefined && body !== 'list') {
    throw usage(`--list-name goes with --body list, not with --body ${body}`);
  }
  if (verdicts !== undefined && verdicts !== 'none' && body !== undefined && !carriesSeveral(body)) {
    throw usage(
      `--verdicts ${verdicts} goes with several events in a request: --body array or list; ` +
        `with --body ${body} the status of the answer is the verdict`,
    );
  }
  if (listName !== undefined && listName.split('.')[0] === authField) {
    throw usage(
      `--list-name ${JSON.stringify(listName)} and --auth-field ${JSON.stringify(authField)} take the same member`,
    );
  }
}

/** How requests authenticate, and what a body is, have no default; the rest has. */
const missingIn = (flags: Flags): readonly Question[] => [
  ...(['name', 'host', 'auth', 'body'] as const).filter((question) => flags[question] === undefined),
  ...(flags.auth === 'header' && flags.authHeader === undefined ? (['authHeader'] as const) : []),
];

const missingFlags = (missing: readonly Question[], why: string): CliError =>
  usage(`missing ${missing.map((question) => flagOf[question]).join(', ')} (${why})`);

/** Asks for what the flags leave open, and leaves out what fits no earlier answer. */
async function askFor(flags: Flags, { stdin, stdout }: Terminal, importPrompts: ImportPrompts): Promise<Flags> {
  const { isCancel, select, text } = await loadPrompts(flags, importPrompts);
  const streams = { input: stdin, output: stdout };
  const answered = <A>(answer: A): Exclude<A, symbol> => {
    if (isCancel(answer)) throw new CliError(afterSignal('SIGINT'), 'stopped; nothing was written');
    return answer as Exclude<A, symbol>;
  };
  const line = async (question: Question, message: string, placeholder: string) =>
    flags[question] ??
    answered(await text({ ...streams, message, placeholder, validate: (value) => problemWith(question, value ?? '') }));
  const choice = async <T extends string>(
    question: Question,
    message: string,
    labels: Readonly<Record<T, string>>,
    values: readonly T[],
  ) =>
    flags[question] ??
    answered(
      await select({
        ...streams,
        message,
        options: values.map((value) => ({ value: value as string, label: labels[value] })),
      }),
    );

  const name = await line('name', 'What is the vendor called?', 'Acme Ads');
  const host = await line('host', 'Which host takes the events?', 'api.example.com');
  const auth = await choice('auth', 'How do requests authenticate?', authMeanings, authSchemes);
  const authHeader =
    auth === 'header' ? await line('authHeader', 'Which header has the token?', 'x-api-key') : undefined;
  const authField = auth === 'body' ? await line('authField', 'Which field has the key?', 'api_key') : undefined;
  const bodies = auth === 'body' ? bodyForms.filter((form) => form !== 'array') : bodyForms;
  const body = await choice('body', 'What does a request body contain?', bodyMeanings, bodies);
  const listName =
    body === 'list' ? await line('listName', 'Which member has the list (data, or data.events)?', 'data') : undefined;
  const verdicts = carriesSeveral(body)
    ? await choice('verdicts', 'What does the answer say about single events?', verdictMeanings, verdictForms)
    : undefined;
  return Object.fromEntries(
    Object.entries({ name, host, auth, authHeader, authField, body, listName, verdicts }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

/** The library that asks is an optional peer: a person without it gives flags. */
async function loadPrompts(flags: Flags, importPrompts: ImportPrompts) {
  try {
    return await importPrompts();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw missingFlags(missingIn(flags), 'without @clack/prompts installed, nothing asks for them');
  }
}
