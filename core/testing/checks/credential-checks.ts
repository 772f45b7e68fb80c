import type { ConnectionOptions } from '../../index.ts';
import { callNames, loadCall, type LoadedCall } from '../kit/call-case.ts';
import type { LoadedCase } from '../kit/case.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { withKitConnection } from '../kit/kit-connection.ts';
import { plantedSecrets, settingAt, type Config } from '../kit/planted-secrets.ts';
import type { SeenRequest } from '../kit/seen-request.ts';
import { openTextSettings } from '../kit/settings.ts';
import { inOrder } from '../kit/vendor-double.ts';
import { must, type Check } from './check.ts';

/** What must be a secret: nothing masks a setting that is not declared as one, and every form shows it. */
export const credentialChecks: readonly Check[] = [
  {
    title: 'secrets: F-42 a setting that is named as a credential, or is one in a request, is declared secret()',
    async run(folder) {
      const settings = openTextSettings(folder.definition.config);
      const named = settings.filter((path) => credentialSetting.test(path.at(-1) ?? ''));
      must(named.length === 0, `${named.map(nameOf).join(', ')}: the name says a credential, declare it secret()`);
      for (const [config, source] of sourcesByConfig(folder)) {
        const own = await credentialsOf(folder, config, source);
        const planted = plantedSecrets(folder, config);
        const changed = new Map(
          (await credentialsOf(folder, planted.config, source)).map(({ where, text }) => [where, text]),
        );
        for (const { where, text } of own) {
          const secret = changed.get(where) !== text || planted.secrets.some((value) => text.includes(value));
          const open = settings.filter((path) => holds(text, settingAt(config, path)));
          must(
            secret || open.length === 0,
            `${where} is made of ${open.map(nameOf).join(', ')} and no secret: declare the credential secret()`,
          );
        }
      }
    },
  },
];

/** Names of settings. The token of an app or an event is no credential: it is in every app. */
const credentialSetting =
  /(?:secret|password|passphrase|credentials?|(?:api|access|auth|private|secret|server|signing)_?key|(?:^|access|api|auth|bearer|client|refresh|session)_?token)$/i;

const credentialHeader =
  /^(?:proxy-)?authorization$|(?:^|-)(?:(?:access|api|auth|secret|server)-?key|token|secret|password)$/i;

const credentialParameter =
  /^(?:(?:access|api|auth|secret|server)[_-]?)?(?:key|token)$|(?:^|[_-]|api|app|client)secret$|^password$/i;

const nameOf = (path: readonly string[]): string => path.join('.');

type Source = LoadedCase | LoadedCall;

/** The cases, one for each configuration, and the calls, which may go elsewhere with another credential. */
function sourcesByConfig({ directory, cases }: ContractFolder): readonly (readonly [Config, Source])[] {
  const seen = new Set<string>();
  const calls = callNames(directory).map((name) => loadCall(directory, name));
  return [...cases, ...calls].flatMap((source) => {
    const key = JSON.stringify([source.config, 'events' in source || (source.operation ?? '')]);
    if (seen.has(key)) return [];
    seen.add(key);
    return [[source.config as Config, source] as const];
  });
}

interface Credential {
  readonly where: string;
  readonly text: string;
}

/** The credentials of the requests that a case or a call makes with these settings; none if it goes wrong. */
function credentialsOf(folder: ContractFolder, config: Config, source: Source): Promise<readonly Credential[]> {
  return withKitConnection(
    folder,
    inOrder(...source.replies),
    async (kit) => {
      const { connection, vendor } = kit;
      if ('events' in source) await kit.deliver(source.events);
      else if (source.operation === undefined) await connection.check();
      else await connection.call(source.operation, source.input, { confirmed: source.confirmed === true });
      return vendor.requests.flatMap(credentialsIn);
    },
    {
      config,
      options: source.options as ConnectionOptions | undefined,
      now: Date.parse(source.now),
      unobserved: true,
    },
  ).catch(() => []);
}

/** Headers and parameters whose names say that they hold a credential; one of Basic as the texts that it encodes. */
function credentialsIn({ headers, url }: SeenRequest, position: number): readonly Credential[] {
  const inHeaders = Object.entries(headers)
    .filter(([name]) => credentialHeader.test(name))
    .map(([name, text]) => ({ where: `the header ${name} of request ${position}`, text: decoded(text) }));
  const inQuery = [...new URL(url).searchParams]
    .filter(([name]) => credentialParameter.test(name))
    .map(([name, text]) => ({ where: `the parameter ${name} of request ${position}`, text }));
  return [...inHeaders, ...inQuery];
}

function decoded(text: string): string {
  const encoded = /^Basic +(\S+)$/i.exec(text)?.[1];
  return encoded === undefined ? text : Buffer.from(encoded, 'base64').toString('utf8');
}

/** Whether the credential has the value: a short one as a whole part of it. */
const holds = (text: string, value: unknown): boolean =>
  typeof value === 'string' &&
  value !== '' &&
  (value.length >= 6 ? text.includes(value) : text.split(/[\s:,;="]+/).includes(value));
