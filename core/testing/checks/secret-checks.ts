import { inspect } from 'node:util';
import { catalogueEntry, createRuntime, type CdpEvent, type ConnectionOptions } from '../../index.ts';
import { allowedOriginsFor } from '../kit/allowed-origins.ts';
import { hostileEvents } from '../kit/events.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import { caseWithPerson, personalTexts } from '../kit/personal-data.ts';
import { plantedSecrets, settingAt, withSetting, type Config } from '../kit/planted-secrets.ts';
import type { SeenRequest } from '../kit/seen-request.ts';
import { secretSettings } from '../kit/settings.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { must, type Check } from './check.ts';

const noSecrets = (folder: ContractFolder): string | undefined =>
  plantedSecrets(folder, folder.config).secrets.length === 0 ? 'this destination has no secret settings' : undefined;

/** What nobody but the vendor may see. */
export const secretChecks: readonly Check[] = [
  {
    title: 'secrets: planted ones show in no outcome, signal or preview, also when the vendor repeats them',
    skipReason: noSecrets,
    async run(folder) {
      const { config, secrets } = plantedSecrets(folder, folder.config);
      for (const reply of talkativeReplies) {
        await withKitConnection(
          folder,
          (request) => reply(request),
          async (kit) => {
            const output = await everythingShown(kit, [folder.event, ...smallHostileEvents()]);
            const forms = [...secrets.flatMap(formsOf), ...kit.vendor.requests.flatMap(credentialsIn)];
            hides(output, forms, 'a secret');
            must(
              !kit.vendor.requests.some(({ url }) => secrets.some((secret) => url.includes(secret))),
              'a URL has a secret',
            );
          },
          { config, options: { onAmbiguous: 'report' } },
        );
      }
    },
  },
  {
    title: 'secrets: the problems of a refused configuration do not repeat them',
    skipReason: noSecrets,
    run(folder) {
      const { config, secrets } = plantedSecrets(folder, folder.config);
      const runtime = createRuntime({
        destinations: [folder.definition],
        allowedOrigins: allowedOriginsFor(folder.definition, config),
      });
      for (const broken of brokenConfigs(folder, config)) {
        const opened = runtime.open(folder.definition.manifest.slug, broken);
        if (opened.kind === 'invalid') hides(JSON.stringify(opened.issues), secrets.flatMap(formsOf), 'a secret');
      }
    },
  },
  {
    title: 'secrets: F-42 the key by which connections share their pace (paceKey) holds none of them',
    skipReason: (folder) =>
      folder.definition.paceKey === undefined ? 'this destination has no paceKey' : noSecrets(folder),
    run({ definition, ...folder }) {
      const planted = plantedSecrets({ definition, ...folder }, folder.config);
      const { success, data } = definition.config.safeParse(planted.config);
      const key = success ? String(definition.paceKey?.(data)) : '';
      must(
        !planted.secrets.flatMap(formsOf).some((form) => key.includes(form)),
        'paceKey() gives a secret of the settings: let it give a digest, such as sha256(apiKey)',
      );
    },
  },
  {
    title:
      'privacy: e-mail, phone and IP address of an event show in no outcome or signal, also when the vendor repeats them',
    lacks: (folder) =>
      caseWithPerson(folder) === undefined
        ? 'a case whose event is sent and has personal data: give one context.traits.email, context.traits.phone or context.ip'
        : undefined,
    async run(folder) {
      const loaded = caseWithPerson(folder);
      if (loaded === undefined) return;
      const { config, events, now, options } = loaded;
      for (const reply of talkativeReplies) {
        await withKitConnection(
          folder,
          (request) => reply(request),
          async (kit) => {
            const outcomes = await kit.deliver(events);
            const output = JSON.stringify(outcomes) + shown(kit.signals) + shown(kit.connection.suspended());
            hides(output, events.flatMap(personalTexts), 'personal data');
          },
          { config, now: Date.parse(now), options: { ...(options as ConnectionOptions), onAmbiguous: 'report' } },
        );
      }
    },
  },
];

/** Answers that quote the request, as vendors and proxies do. */
const talkativeReplies: readonly ((request: SeenRequest) => ScriptedReply)[] = [200, 202, 400, 401, 403, 422, 500].map(
  (status) => (request) => ({
    status,
    body: {
      error: `refused: ${JSON.stringify(request.headers)} ${request.text}`,
      errors: [{ message: shown(request) }],
    },
  }),
);

async function everythingShown(kit: KitConnection, events: readonly CdpEvent[]): Promise<string> {
  const outcomes = await kit.deliver(events);
  const previews = await Promise.all(events.map((event) => kit.connection.preview(event)));
  return (
    [outcomes, previews].map((part) => JSON.stringify(part)).join() +
    shown(kit.signals) +
    shown(kit.connection.suspended())
  );
}

const smallHostileEvents = (): readonly CdpEvent[] =>
  hostileEvents.filter(({ title }) => /named|key|time|surrogate/.test(title)).map(({ make }) => make());

const shown = (value: unknown): string => inspect(value, { depth: 8, maxStringLength: 100_000 });

function hides(output: string, values: readonly string[], what: string): void {
  for (const value of values) {
    const at = output.indexOf(value);
    must(at < 0, `${what} shows in ...${output.slice(Math.max(0, at - 80), at)}[here]`);
  }
}

/** The secret verbatim, as in a URL, and as in Basic credentials. */
const formsOf = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
];

/** The credentials of an authorization header, without the scheme. */
const credentialsIn = ({ headers }: SeenRequest): readonly string[] => {
  const credentials = headers['authorization']?.split(' ').at(-1);
  return credentials === undefined || credentials.length < 6 ? [] : [credentials];
};

/** Configurations with one wrong setting each, and with secrets that are malformed but still readable. */
function brokenConfigs(folder: ContractFolder, config: Config): readonly unknown[] {
  const secretPaths = secretSettings(catalogueEntry(folder.definition).configSchema).map(({ path }) => path);
  return [
    ...Object.keys(config).flatMap((name) => [42, {}, ''].map((wrong) => ({ ...config, [name]: wrong }))),
    ...secretPaths.flatMap((path) => {
      const value = String(settingAt(config, path));
      return [`${value}\n`, [value], { value }].map((wrong) => withSetting(config, path, wrong));
    }),
    { ...config, unknownSetting: JSON.stringify(config) },
  ];
}
