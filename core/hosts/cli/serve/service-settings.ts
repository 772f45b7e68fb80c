import type { ConfigIssue } from '../../../index.ts';
import type { ConnectionSetup, Token } from '../../../service/index.ts';
import { CliError } from '../exit-codes.ts';
import type { ConnectionEntry } from '../queue/connections-file.ts';
import type { Terminal } from '../terminal.ts';
import { readSettingsFile, type SourceEntry } from './settings-file.ts';
import { readTokenFile } from './token-file.ts';

export interface SettingsFiles {
  readonly config: string;
  readonly tokenFile?: string;
}

export interface ValidSettings {
  readonly kind: 'valid';
  readonly connections: readonly ConnectionSetup[];
  readonly sources: readonly SourceEntry[];
  /** `undefined` where there is no token file. */
  readonly tokens: readonly Token[] | undefined;
  readonly warnings: readonly string[];
}

/** What the files of a service say, each of which may change while it runs. They are good or bad together. */
export type ServiceSettingsRead =
  ValidSettings | { readonly kind: 'invalid'; readonly issues: readonly ConfigIssue[]; readonly error: CliError };

/** Reads both files. Never rejects because of them. `isAgain`: while the service runs. */
export async function readServiceSettings(
  { config, tokenFile }: SettingsFiles,
  env: Terminal['env'],
  isAgain = false,
): Promise<ServiceSettingsRead> {
  const [settings, access] = await Promise.all([
    readSettingsFile(config, env, isAgain),
    tokenFile === undefined ? undefined : readTokenFile(tokenFile),
  ]);
  if (settings.kind === 'invalid') {
    if (access?.kind !== 'invalid') return settings;
    const { message, details } = access.error;
    const error = new CliError(settings.error.exitCode, settings.error.message, [
      ...settings.error.details,
      message,
      ...details,
    ]);
    return { kind: 'invalid', issues: [...settings.issues, ...access.issues], error };
  }
  if (access?.kind === 'invalid') return access;
  return {
    kind: 'valid',
    connections: settings.entries.map(setupOf),
    sources: settings.sources,
    tokens: access?.tokens,
    warnings:
      access?.isOpenToOthers === true ? [`${tokenFile} may be read by others than its owner: chmod 600 it`] : [],
  };
}

/** By then every reference is filled in. */
const setupOf = ({ id, destination, config, options, at }: ConnectionEntry): ConnectionSetup => ({
  id,
  destination,
  config,
  options,
  at,
});
