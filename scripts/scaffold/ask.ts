import { afterSignal, CliError, usage } from '../../core/hosts/cli/exit-codes.ts';
import type { Terminal } from '../../core/hosts/cli/terminal.ts';
import { answers, authSchemes, bodyForms, wrongWith, type AuthScheme, type BodyForm, type Choice } from './choice.ts';

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

/** The complete choice, from flags and, at a terminal, from questions. Throws if a flag is wrong or missing. */
export async function chosen(slug: string, flags: Flags, terminal: Terminal): Promise<Choice> {
  const slugIsWrong = wrongWith('slug', slug);
  if (slugIsWrong !== undefined) throw usage(`the slug ${JSON.stringify(slug)} ${slugIsWrong}`);
  for (const question of Object.keys(flagOf) as Question[]) {
    const given = flags[question];
    const wrong = given === undefined ? undefined : wrongWith(question, given);
    if (wrong !== undefined) throw usage(`${flagOf[question]} ${JSON.stringify(given)} ${wrong}`);
  }
  if (flags.authHeader !== undefined && flags.auth !== undefined && flags.auth !== 'header') {
    throw usage(`--auth-header goes with --auth header, not with --auth ${flags.auth}`);
  }
  const complete = terminal.stdin.isTTY === true ? await asked(flags, terminal) : flags;
  const missing = (['name', 'host', 'auth', 'body'] as const).filter((question) => complete[question] === undefined);
  const needed = [
    ...missing,
    ...(complete.auth === 'header' && complete.authHeader === undefined ? (['authHeader'] as const) : []),
  ];
  if (needed.length > 0) {
    throw usage(`missing ${needed.map((question) => flagOf[question]).join(', ')} (there is no terminal to ask)`);
  }
  return {
    slug,
    name: answers.name.parse(complete.name),
    host: answers.host.parse(complete.host),
    auth: answers.auth.parse(complete.auth),
    authHeader: answers.authHeader.parse(complete.authHeader ?? 'x-api-key'),
    body: answers.body.parse(complete.body),
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

/** Asks for what the flags leave open. */
async function asked(flags: Flags, { stdin, stdout }: Terminal): Promise<Flags> {
  const { isCancel, select, text } = await import('@clack/prompts');
  const streams = { input: stdin, output: stdout };
  const answered = <A>(answer: A): Exclude<A, symbol> => {
    if (isCancel(answer)) throw new CliError(afterSignal('SIGINT'), 'stopped; nothing was written');
    return answer as Exclude<A, symbol>;
  };
  const line = async (question: 'name' | 'host' | 'authHeader', message: string, placeholder: string) =>
    flags[question] ??
    answered(await text({ ...streams, message, placeholder, validate: (answer) => wrongWith(question, answer ?? '') }));
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
