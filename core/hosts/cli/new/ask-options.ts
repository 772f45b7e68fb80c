import { afterSignal, CliError, usage } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { authSchemes, bodyForms, type AuthScheme, type BodyForm } from './body-and-auth.ts';
import { optionSchemas, problemWith, type FolderOptions } from './folder-options.ts';

/** The flags of the command line; all are optional. */
export interface Flags {
  readonly name?: string;
  readonly host?: string;
  readonly auth?: string;
  readonly authHeader?: string;
  readonly body?: string;
}

type Question = 'name' | 'host' | 'auth' | 'authHeader' | 'body';

const flagOf: Readonly<Record<Question, string>> = {
  name: '--name',
  host: '--host',
  auth: '--auth',
  authHeader: '--auth-header',
  body: '--body',
};

/** All options, from flags and, at a terminal, from questions. Throws if a flag is wrong or missing. */
export async function optionsFrom(slug: string, flags: Flags, terminal: Terminal): Promise<FolderOptions> {
  const slugIsWrong = problemWith('slug', slug);
  if (slugIsWrong !== undefined) throw usage(`the slug ${JSON.stringify(slug)} ${slugIsWrong}`);
  for (const question of Object.keys(flagOf) as Question[]) {
    const value = flags[question];
    const wrong = value === undefined ? undefined : problemWith(question, value);
    if (wrong !== undefined) throw usage(`${flagOf[question]} ${JSON.stringify(value)} ${wrong}`);
  }
  if (flags.authHeader !== undefined && flags.auth !== undefined && flags.auth !== 'header') {
    throw usage(`--auth-header goes with --auth header, not with --auth ${flags.auth}`);
  }
  const complete = missingIn(flags).length > 0 && terminal.stdin.isTTY === true ? await askFor(flags, terminal) : flags;
  const missing = missingIn(complete);
  if (missing.length > 0) throw missingFlags(missing, 'there is no terminal to ask');
  return {
    slug,
    name: optionSchemas.name.parse(complete.name),
    host: optionSchemas.host.parse(complete.host),
    auth: optionSchemas.auth.parse(complete.auth),
    authHeader: optionSchemas.authHeader.parse(complete.authHeader ?? 'x-api-key'),
    body: optionSchemas.body.parse(complete.body),
  };
}

/** The labels of the choices. */
const authLabels: Readonly<Record<AuthScheme, string>> = {
  none: 'none',
  bearer: 'a token, as Authorization: Bearer',
  basic: 'user name and password, as HTTP Basic',
  header: 'a token in another header',
};
const bodyLabels: Readonly<Record<BodyForm, string>> = {
  json: 'a JSON object, one event per request',
  array: 'a JSON array of events',
  form: 'a form, one event per request',
};

const missingIn = (flags: Flags): readonly Question[] => [
  ...(['name', 'host', 'auth', 'body'] as const).filter((question) => flags[question] === undefined),
  ...(flags.auth === 'header' && flags.authHeader === undefined ? (['authHeader'] as const) : []),
];

const missingFlags = (missing: readonly Question[], why: string): CliError =>
  usage(`missing ${missing.map((question) => flagOf[question]).join(', ')} (${why})`);

/** Asks for what the flags leave open. */
async function askFor(flags: Flags, { stdin, stdout }: Terminal): Promise<Flags> {
  const { isCancel, select, text } = await loadPrompts(flags);
  const streams = { input: stdin, output: stdout };
  const answered = <A>(answer: A): Exclude<A, symbol> => {
    if (isCancel(answer)) throw new CliError(afterSignal('SIGINT'), 'stopped; nothing was written');
    return answer as Exclude<A, symbol>;
  };
  const line = async (question: 'name' | 'host' | 'authHeader', message: string, placeholder: string) =>
    flags[question] ??
    answered(
      await text({ ...streams, message, placeholder, validate: (answer) => problemWith(question, answer ?? '') }),
    );
  const name = await line('name', 'What is the vendor called?', 'Acme Ads');
  const host = await line('host', 'Which host takes the events?', 'api.example.com');
  const auth =
    flags.auth ??
    answered(
      await select({
        ...streams,
        message: 'How do requests authenticate?',
        options: authSchemes.map((value) => ({ value, label: authLabels[value] })),
      }),
    );
  const authHeader =
    auth === 'header' ? await line('authHeader', 'Which header has the token?', 'x-api-key') : undefined;
  const body =
    flags.body ??
    answered(
      await select({
        ...streams,
        message: 'What does a request body contain?',
        options: bodyForms.map((value) => ({ value, label: bodyLabels[value] })),
      }),
    );
  return { name, host, auth, body, ...(authHeader === undefined ? {} : { authHeader }) };
}

/** The library that asks is an optional peer: a person without it gives flags. */
async function loadPrompts(flags: Flags) {
  try {
    return await import('@clack/prompts');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw missingFlags(missingIn(flags), 'without @clack/prompts installed, nothing asks for them');
  }
}
