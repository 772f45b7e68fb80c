import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadContractKit } from '../contract-kit.ts';
import { errnoOf, exitCode, CliError, usage } from '../exit-codes.ts';
import { formatJson } from '../format-json.ts';
import { print, type Terminal } from '../terminal.ts';
import { sendRequest, type VendorRequest } from './send-request.ts';
import { credentialsIn, credentialsInQuery, filledFrom, secretOf, textsOfBody } from './secrets.ts';
import { maskResponse, type MaskedResponse } from './mask-response.ts';

export interface RecordFlags {
  readonly url: string;
  readonly method: VendorRequest['method'];
  readonly source: 'sandbox' | 'production';
  readonly header?: readonly string[];
  readonly headersFile?: string;
  readonly bodyFile?: string;
  readonly secret?: readonly string[];
  readonly keep?: readonly string[];
  readonly force?: boolean;
}

/**
 * `spillway record`: sends a vendor one request and writes its response, masked, to
 * `<folder>/contract/replies/<name>.json`. Throws with exit code 1 when no response came, 2 when nothing was sent.
 */
export async function recordReply(
  folder: string,
  name: string,
  flags: RecordFlags,
  { env, stdout }: Terminal,
): Promise<void> {
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) throw usage(`the name ${JSON.stringify(name)} must be kebab-case`);
  if (!existsSync(folder)) throw usage(`there is no folder ${folder}`);
  const file = path.join(folder, 'contract', 'replies', `${name}.json`);
  if (existsSync(file) && flags.force !== true) throw usage(`${file} is already there; --force overwrites it`);

  const secrets = (flags.secret ?? []).map((variable) => secretOf(env, variable, '--secret names a variable that'));
  const headers = Object.fromEntries(
    [...(await headersIn(flags.headersFile)), ...(flags.header ?? []).map(headerIn)].map(([header, template]) => {
      const value = filledFrom(env, secrets, template);
      secrets.push(...credentialsIn(header, value));
      return [header, value];
    }),
  );
  const body = flags.bodyFile === undefined ? undefined : await readNamed(flags.bodyFile);
  const url = filledFrom(env, secrets, flags.url);
  const answer = maskResponse(
    await sendRequest({ method: flags.method, url, headers, body }),
    [...secrets, ...credentialsInQuery(url), ...textsOfBody(body)].filter((secret) => secret !== ''),
    (flags.keep ?? []).map((header) => header.toLowerCase()),
  );
  await keep(file, await textOf(answer, flags.source), flags.force === true);
  await print(stdout, `${answer.status} -> ${file}\n${masks(answer)}`);
}

/** All of the text or none of it: a reply that is there stays as it is until the new one is whole. */
async function keep(file: string, text: string, overwrite: boolean): Promise<void> {
  const made = `${file}.${process.pid}.new`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(made, text, { flag: 'wx' });
    if (!overwrite && existsSync(file)) throw Object.assign(new Error('it is there by now'), { code: 'EEXIST' });
    await rename(made, file);
  } catch (error) {
    await rm(made, { force: true }).catch(() => undefined);
    throw new CliError(exitCode.undelivered, `the reply could not be written to ${file} (${errnoOf(error)})`);
  }
}

/** The reply file, checked against what the contract kit will read. */
async function textOf({ status, headers, body }: MaskedResponse, source: RecordFlags['source']): Promise<string> {
  const reply = {
    status,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
    source,
    recordedOn: new Date().toISOString().slice(0, 10),
  };
  const { replyFormat } = await loadContractKit('record');
  if (!replyFormat.safeParse(reply).success) {
    throw new CliError(exitCode.undelivered, `an answer of status ${status} is no reply; nothing was written`);
  }
  return formatJson(reply);
}

const masks = ({ masked }: MaskedResponse): string =>
  masked.length === 0 ? '' : `masked in ${masked.join(', ')}: put a harmless value where the case needs one\n`;

/** Not what stands behind the colon: it may be a credential. */
function headerIn(line: string): readonly [string, string] {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw usage('--header must be "name: value"');
  return [name.toLowerCase(), value];
}

async function headersIn(file: string | undefined): Promise<readonly (readonly [string, string])[]> {
  if (file === undefined) return [];
  const text = (await readNamed(file)).toString('utf8').replace(/^\uFEFF/, '');
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

const readNamed = (file: string): Promise<Buffer> =>
  readFile(file).catch((error: unknown) => {
    throw usage(`cannot read ${file} (${errnoOf(error)})`);
  });
