import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Option } from 'commander';
import { commandOf, runToExitCode } from '../../core/hosts/cli/command.ts';
import { errnoOf, exitCode, CliError, usage } from '../../core/hosts/cli/exit-codes.ts';
import { collect } from '../../core/hosts/cli/flag-parsers.ts';
import { print, type Terminal } from '../../core/hosts/cli/terminal.ts';
import { replyFormat } from '../../core/testing/index.ts';
import { tidy } from '../tidy.ts';
import { askVendor, type Question } from './ask-vendor.ts';
import { credentialsIn, credentialsInQuery, filledFrom, secretOf, textsOfBody } from './credentials.ts';
import { redactAnswer, type SafeAnswer } from './redact-answer.ts';

interface Flags {
  readonly url: string;
  readonly method: Question['method'];
  readonly source: 'sandbox' | 'production';
  readonly header?: readonly string[];
  readonly headersFile?: string;
  readonly bodyFile?: string;
  readonly secret?: readonly string[];
  readonly keep?: readonly string[];
  readonly force?: boolean;
}

/**
 * `npm run record-reply`: asks a vendor once and writes its answer, masked, to `<folder>/contract/replies/<name>.json`.
 * Resolves to the exit code: 0 written, 1 no answer came, 2 it was not even asked.
 */
export async function recordReply(args: readonly string[], terminal: Terminal): Promise<number> {
  const command = commandOf('record-reply', terminal)
    .description("Asks a vendor once and keeps its answer as a reply of the folder's contract.")
    .argument('<folder>', 'the destination folder, such as destinations/lighthouse')
    .argument('<name>', 'what the reply is called, in kebab-case')
    .requiredOption('--url <url>', 'https; ${NAME} in it is a secret from the environment')
    .addOption(new Option('--method <method>').choices(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'))
    .option('--header <line>', '"name: value", repeatable; ${NAME} in it is a secret from the environment', collect)
    .option('--headers-file <file>', 'the same as a JSON object')
    .option('--body-file <file>', 'what is sent, byte by byte')
    .option('--secret <NAME>', 'one more variable whose value must not be in the reply, repeatable', collect)
    .option(
      '--keep <header>',
      'a header of the answer to keep beside content-type and retry-after, repeatable',
      collect,
    )
    .addOption(new Option('--source <source>', 'who answers').choices(['sandbox', 'production']).default('sandbox'))
    .option('--force', 'overwrite a reply of that name')
    .action((folder: string, name: string, flags: Flags) => record(folder, name, flags, terminal));
  return runToExitCode(command, terminal, async () => {
    await command.parseAsync(args, { from: 'user' });
    return exitCode.ok;
  });
}

async function record(folder: string, name: string, flags: Flags, { env, stdout }: Terminal): Promise<void> {
  const at = (given: string): string => path.resolve(env['INIT_CWD'] ?? process.cwd(), given);
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) throw usage(`the name ${JSON.stringify(name)} must be kebab-case`);
  if (!existsSync(at(folder))) throw usage(`there is no folder ${folder}`);
  const file = path.join(at(folder), 'contract', 'replies', `${name}.json`);
  if (existsSync(file) && flags.force !== true) throw usage(`${file} is already there; --force overwrites it`);

  const secrets = (flags.secret ?? []).map((variable) => secretOf(env, variable, '--secret names a variable that'));
  const headers = Object.fromEntries(
    [...(await headersIn(flags.headersFile, at)), ...(flags.header ?? []).map(headerIn)].map(([header, written]) => {
      const value = filledFrom(env, secrets, written);
      secrets.push(...credentialsIn(header, value));
      return [header, value];
    }),
  );
  const body = flags.bodyFile === undefined ? undefined : await readAt(at(flags.bodyFile), flags.bodyFile);
  const url = filledFrom(env, secrets, flags.url);
  const answer = redactAnswer(
    await askVendor({ method: flags.method, url, headers, body }),
    [...secrets, ...credentialsInQuery(url), ...textsOfBody(body)].filter((secret) => secret !== ''),
    (flags.keep ?? []).map((header) => header.toLowerCase()),
  );
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, await written(answer, flags.source), { flag: flags.force === true ? 'w' : 'wx' });
  await print(stdout, `${answer.status} -> ${file}\n${masks(answer)}`);
}

/** The reply file, checked against what the contract kit will read. */
async function written({ status, headers, body }: SafeAnswer, source: Flags['source']): Promise<string> {
  const reply = {
    status,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
    source,
    recordedOn: new Date().toISOString().slice(0, 10),
  };
  if (!replyFormat.safeParse(reply).success) {
    throw new CliError(exitCode.undelivered, `an answer of status ${status} is no reply; nothing was written`);
  }
  return tidy(JSON.stringify(reply), 'json');
}

const masks = ({ masked }: SafeAnswer): string =>
  masked.length === 0 ? '' : `masked in ${masked.join(', ')}: put a harmless value where the case needs one\n`;

/** Not what stands behind the colon: it may be a credential. */
function headerIn(line: string): readonly [string, string] {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw usage('--header must be "name: value"');
  return [name.toLowerCase(), value];
}

async function headersIn(
  file: string | undefined,
  at: (file: string) => string,
): Promise<readonly (readonly [string, string])[]> {
  if (file === undefined) return [];
  const text = (await readAt(at(file), file)).toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw usage(`${file} is not JSON`);
  }
  const entries = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? Object.entries(parsed) : [];
  if (entries.length === 0 || entries.some(([, value]) => typeof value !== 'string')) {
    throw usage(`${file} must be a JSON object of header names and texts`);
  }
  return entries.map(([name, value]) => [name.toLowerCase(), value as string]);
}

const readAt = (file: string, given: string): Promise<Buffer> =>
  readFile(file).catch((error: unknown) => {
    throw usage(`cannot read ${given} (${errnoOf(error)})`);
  });
