import { inspect } from 'node:util';
import { catalogueEntry, createRuntime, type CdpEvent } from '../../../core/index.ts';
import { hostileEvents } from '../events.ts';
import { openProbe, withProbe, type Probe } from '../probe.ts';
import type { SeenRequest } from '../seen-request.ts';
import { secretSettings } from '../settings.ts';
import type { Subject } from '../subject.ts';
import { always, type ScriptedReply } from '../vendor-double.ts';
import { must, notRun, type Check } from './check.ts';

type Config = Readonly<Record<string, unknown>>;

/** What must stay between the connection and the vendor. */
export const secretChecks: readonly Check[] = [
  {
    title: 'secrets: planted ones show in no outcome, signal or preview, also when the vendor repeats them',
    async run(subject) {
      const { config, secrets } = planted(subject);
      if (secrets.length === 0) return notRun('this destination has no secret settings');
      for (const reply of talkativeReplies) {
        await withProbe(
          subject,
          (request) => reply(request),
          async (probe) => {
            const told = await everythingTold(probe, [subject.event, ...smallHostileEvents()]);
            const forms = [...secrets.flatMap(formsOf), ...probe.vendor.requests.flatMap(credentialsIn)];
            hides(told, forms, 'a secret');
            must(
              !probe.vendor.requests.some(({ url }) => secrets.some((secret) => url.includes(secret))),
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
    run(subject) {
      const { config, secrets } = planted(subject);
      if (secrets.length === 0) return notRun('this destination has no secret settings');
      const runtime = createRuntime({ destinations: [subject.definition] });
      for (const broken of brokenConfigs(subject, config)) {
        const opened = runtime.open(subject.definition.manifest.slug, broken);
        if (opened.kind === 'invalid') hides(JSON.stringify(opened.issues), secrets.flatMap(formsOf), 'a secret');
      }
    },
  },
  {
    title:
      'privacy: e-mail, phone and IP address of an event show in no outcome or signal, also when the vendor repeats them',
    async run(subject) {
      for (const reply of talkativeReplies) {
        await withProbe(
          subject,
          (request) => reply(request),
          async (probe) => {
            const outcomes = await probe.deliver([subject.event]);
            const told = JSON.stringify(outcomes) + shown(probe.signals) + shown(probe.connection.suspended());
            hides(told, personalIn(subject.event), 'personal data');
          },
          { options: { onAmbiguous: 'report' } },
        );
      }
    },
  },
];

/** Answers that quote the request: vendors do, proxies do. */
const talkativeReplies: readonly ((request: SeenRequest) => ScriptedReply)[] = [200, 202, 400, 401, 403, 422, 500].map(
  (status) => (request) => ({
    status,
    body: {
      error: `refused: ${JSON.stringify(request.headers)} ${request.text}`,
      errors: [{ message: shown(request) }],
    },
  }),
);

async function everythingTold(probe: Probe, events: readonly CdpEvent[]): Promise<string> {
  const outcomes = await probe.deliver(events);
  const previews = await Promise.all(events.map((event) => probe.connection.preview(event)));
  return (
    [outcomes, previews].map((part) => JSON.stringify(part)).join() +
    shown(probe.signals) +
    shown(probe.connection.suspended())
  );
}

const smallHostileEvents = (): readonly CdpEvent[] =>
  hostileEvents.filter(({ title }) => /named|key|time|surrogate/.test(title)).map(({ make }) => make());

const shown = (value: unknown): string => inspect(value, { depth: 8, maxStringLength: 100_000 });

function hides(told: string, values: readonly string[], what: string): void {
  for (const value of values) {
    const at = told.indexOf(value);
    must(at < 0, `${what} shows in ...${told.slice(Math.max(0, at - 80), at)}[here]`);
  }
}

/** As it is, as URLs, JSON and Basic credentials carry it. */
const formsOf = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
];

/** What stands behind the scheme word of an authorization header, however the vendor made it. */
const credentialsIn = ({ headers }: SeenRequest): readonly string[] => {
  const credentials = headers['authorization']?.split(' ').at(-1);
  return credentials === undefined || credentials.length < 6 ? [] : [credentials];
};

/** The configuration with a canary for each secret; where the schema refuses ours, the case's own value is the canary. */
function planted(subject: Subject): { readonly config: Config; readonly secrets: readonly string[] } {
  const secrets: string[] = [];
  let config: Config = structuredClone(subject.config);
  for (const [number, { path }] of secretSettings(catalogueEntry(subject.definition).configSchema).entries()) {
    const canary = `Canary${number}zQ7vX2mK9pL4wR8tY3bN6`;
    const changed = withSetting(config, path, canary);
    const own = path.reduce<unknown>((at, key) => (at as Config | undefined)?.[key], config);
    if (opens(subject, changed)) {
      config = changed;
      secrets.push(canary);
    } else if (typeof own === 'string' && own.length >= 8) secrets.push(own);
  }
  return { config, secrets };
}

function withSetting(config: Config, [name = '', ...rest]: readonly string[], value: unknown): Config {
  if (rest.length === 0) return { ...config, [name]: value };
  return { ...config, [name]: withSetting((config[name] ?? {}) as Config, rest, value) };
}

function opens(subject: Subject, config: Config): boolean {
  try {
    openProbe(subject, always({ status: 200 }), { config });
    return true;
  } catch {
    return false;
  }
}

/** Each setting wrong in turn, and each secret wrong in a way that still holds it. */
function brokenConfigs(subject: Subject, config: Config): readonly unknown[] {
  const secretPaths = secretSettings(catalogueEntry(subject.definition).configSchema).map(({ path }) => path);
  return [
    ...Object.keys(config).flatMap((name) => [42, {}, ''].map((wrong) => ({ ...config, [name]: wrong }))),
    ...secretPaths.flatMap((path) => {
      const value = String(path.reduce<unknown>((at, key) => (at as Config | undefined)?.[key], config));
      return [`${value}\n`, [value], { value }].map((wrong) => withSetting(config, path, wrong));
    }),
    { ...config, unknownSetting: JSON.stringify(config) },
  ];
}

/** What names the person in this event. */
function personalIn(event: CdpEvent): readonly string[] {
  const traits = event.context?.['traits'] as Config | undefined;
  return [traits?.['email'], traits?.['phone'], event.context?.['ip']].filter(
    (value): value is string => typeof value === 'string' && value.length > 5,
  );
}
