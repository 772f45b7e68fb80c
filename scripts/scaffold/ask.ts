import { afterSignal, CliError, usage } from '../../core/hosts/cli/exit-codes.ts';
import type { Terminal } from '../../core/hosts/cli/terminal.ts';
import { answers, authSchemes, bodyForms, wrongWith, type AuthScheme, type BodyForm, type Choice } from './choice.ts';

/** What the command line said; each may be missing. */
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

/** The complete choice: from flags, and from a person for what they leave open. Throws what is wrong, or which flags are missing. */
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
  const said = terminal.stdin.isTTY === true ? await asked(flags, terminal) : flags;
  const missing = (['name', 'host', 'auth', 'body'] as const).filter((question) => said[question] === undefined);
  const needed = [
    ...missing,
    ...(said.auth === 'header' && said.authHeader === undefined ? (['authHeader'] as const) : []),
  ];
  if (needed.length > 0) {
    throw usage(`missing ${needed.map((question) => flagOf[question]).join(', ')} (there is no terminal to ask)`);
  }
  return {
    slug,
    name: answers.name.parse(said.name),
    host: answers.host.parse(said.host),
    auth: answers.auth.parse(said.auth),
    authHeader: answers.authHeader.parse(said.authHeader ?? 'x-api-key'),
    body: answers.body.parse(said.body),
  };
}

/** What stands for each scheme and form in the list to choose from. */
const authLabels: Readonly<Record<AuthScheme, string>> = {
  none: 'none',
  bearer: 'a token, as Authorization: Bearer',
  basic: 'user name and password, as HTTP Basic',
  header: 'a token in a header of its own',
};
const bodyLabels: Readonly<Record<BodyForm, string>> = {
  json: 'a JSON object, one event a request',
  array: 'a JSON array of events',
  form: 'a form, one event a request',
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
        message: 'How does it know who sends?',
        options: authSchemes.map((value) => ({ value, label: authLabels[value] })),
      }),
    );
  const authHeader = auth === 'header' ? await line('authHeader', 'In which header?', 'x-api-key') : undefined;
  const body =
    flags.body ??
    answered(
      await select({
        ...streams,
        message: 'What is the body of a request?',
        options: bodyForms.map((value) => ({ value, label: bodyLabels[value] })),
      }),
    );
  return { name, host, auth, body, ...(authHeader === undefined ? {} : { authHeader }) };
}
