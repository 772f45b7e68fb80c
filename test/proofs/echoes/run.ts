import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRuntime, type AnyDestination, type CdpEvent, type Outcome, type Signal } from '../../../core/index.ts';
import { canonicalEvents } from '../../../core/testing/index.ts';

/** A vendor that repeats what it was sent, inside its own form of a no, and what must not be shown of that. */
interface Talkative {
  readonly slug: string;
  readonly config: object;
  readonly event: CdpEvent;
  readonly secrets: readonly string[];
  readonly personal: readonly string[];
  /** The vendor's no, with those words in it: JSON text. */
  readonly no: (words: string) => string;
}

const now = new Date().toISOString();
const times = { timestamp: now, originalTimestamp: now, sentAt: now, receivedAt: now };
const more = { customer: "Renée O'Hara-Müller", note: 'Hof 5/7, "hinten" & 50% links' };
const withMore = (event: CdpEvent): CdpEvent =>
  ({ ...event, ...times, properties: { ...('properties' in event ? event.properties : {}), ...more } }) as CdpEvent;
const basic = { username: 'shop-user@shop.example', password: 'pa$$/wörd "7x" 91' };
const apikey = 'Cl13nt-Id-77aa88bb';

export const talkative: readonly Talkative[] = [
  {
    slug: 'adjust',
    config: {
      appToken: 'app0exmpl123',
      environment: 'production',
      eventTokens: { 'Order Completed': 'purch1' },
      s2sToken: 'S2sT0ken/9f8e7d6c5b+4a==',
      callbackParams: ['customer', 'note'],
    },
    event: withMore(canonicalEvents['order-completed-ios']),
    secrets: ['S2sT0ken/9f8e7d6c5b+4a=='],
    personal: ['A1B2C3D4-E5F6-4789-8ABC-DEF012345678', '203.0.113.40', more.customer, more.note],
    no: (words) => `{"error":"Event request failed (Bad event state)","message":"${words} is wrong"}`,
  },
  {
    slug: 'adroll',
    config: {
      advertisableEid: 'ADV0EXAMPLE0000000000A',
      pixelEid: 'PIX0EXAMPLE0000000000B',
      serverAccessToken: 's3rver/Access+77~aZ=-0042',
      sendEmail: 'clear',
      externalData: ['customer', 'note'],
    },
    event: withMore(canonicalEvents['order-completed-web']),
    secrets: ['s3rver/Access+77~aZ=-0042'],
    personal: ['jane.doe@example.com', '203.0.113.25', more.customer, more.note],
    no: (words) => `{"code":2,"error":"${words} is wrong"}`,
  },
  {
    slug: 'rokt',
    config: {
      apiKey: 'r0kt-key/AAbbCC-11',
      apiSecret: 'r0kt secret "é+&" 22334455',
      pod: 'us1',
      environment: 'production',
      customAttributes: ['customer', 'note'],
    },
    event: withMore(canonicalEvents['order-completed-web']),
    secrets: ['r0kt-key/AAbbCC-11', 'r0kt secret "é+&" 22334455'],
    personal: ['jane.doe@example.com', '203.0.113.25', more.customer, more.note],
    no: (words) =>
      `{"errors":[{"code":2,"message":"Invalid value ${words}. Path '[0].events[0].data', line 1, position 9."}]}`,
  },
  {
    slug: 'adroll-email',
    config: {
      advertisableEid: 'ADVERTISABLE0000000001',
      auth: { kind: 'basic', ...basic, apikey },
      dailyRequestBudget: 1_000_000,
    },
    event: withMore(canonicalEvents['unsubscribed']),
    secrets: [basic.password, apikey],
    personal: ['jane.doe@example.com', basic.username],
    no: (words) => `[{"name":"unsubscribers","error":"${words} is wrong"}]`,
  },
];

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const eachUnit = (text: string, write: (code: string) => string): string =>
  Array.from({ length: text.length }, (_, i) => write(text.charCodeAt(i).toString(16).padStart(4, '0'))).join('');

/** How a text may come back, written as it stands inside a JSON text. `secrets`: only these come back so. */
export const echoSpellings: readonly {
  readonly name: string;
  readonly spell: (text: string) => string;
  readonly secrets?: true;
}[] = [
  { name: 'as it is', spell: inJson },
  { name: 'JSON with \\/', spell: (text) => inJson(text).replaceAll('/', '\\/') },
  { name: 'JSON with \\uXXXX', spell: (text) => eachUnit(text, (code) => `\\u${code}`) },
  { name: 'JSON in JSON', spell: (text) => inJson(inJson(text)) },
  { name: 'JSON in JSON in JSON', spell: (text) => inJson(inJson(inJson(text))) },
  { name: 'HTML, named', spell: (text) => inJson(named(text)) },
  { name: 'HTML, decimal', spell: (text) => eachUnit(text, (code) => `&#${Number.parseInt(code, 16)};`) },
  { name: 'HTML, hexadecimal', spell: (text) => eachUnit(text, (code) => `&#x${code};`) },
  { name: 'percent-encoded', spell: encodeURIComponent },
  { name: 'percent-encoded twice', spell: (text) => encodeURIComponent(encodeURIComponent(text)) },
  { name: 'form', spell: (text) => new URLSearchParams({ '': text }).toString().slice(1) },
  { name: 'NFD', spell: (text) => inJson(text.normalize('NFD')) },
  { name: 'capitals', spell: (text) => inJson(text.toUpperCase()) },
  { name: 'cut short', spell: (text) => `${inJson(text.slice(0, 12))}...` },
  { name: 'far into a long answer', spell: (text) => `${'x '.repeat(1_990)}${inJson(text)} ${'y'.repeat(400)}` },
  { name: 'first 8 characters', spell: (text) => inJson(text.slice(0, 8)), secrets: true },
  { name: 'Base64', spell: (text) => Buffer.from(text).toString('base64'), secrets: true },
  { name: 'Basic', spell: (text) => `Basic ${Buffer.from(`user:${text}`).toString('base64')}`, secrets: true },
];

const entities: Readonly<Record<string, string>> = {
  '&': 'amp',
  '"': 'quot',
  "'": 'apos',
  '@': 'commat',
  '/': 'sol',
  '.': 'period',
  é: 'eacute',
  ö: 'ouml',
  ü: 'uuml',
  '+': 'plus',
};
const named = (text: string): string => text.replace(/[&"'@/.éöü+]/g, (sign) => `&${entities[sign]};`);

/** Where a text may be shown. */
export const channels = ['message', 'detail', 'notes', 'signals', 'stderr', '--json', 'outcomes'] as const;
export type Channel = (typeof channels)[number];

export interface EchoRow {
  readonly slug: string;
  readonly spelling: string;
  /** Texts that came back so: each one is looked for in every channel. */
  readonly echoes: number;
  /** Details that came of them: without one, nothing would be proved. */
  readonly details: number;
  readonly shown: readonly string[];
}

/** A command line: what it wrote. */
export type RunCli = (
  args: readonly string[],
  stdin: string,
) => Promise<{ readonly stdout: string; readonly stderr: string }>;

/** Each secret and each personal datum comes back from each vendor in each spelling, to a program and to the command line. */
export async function echoesOf(
  destinations: readonly AnyDestination[],
  cli: { readonly run: RunCli; readonly configFile: (slug: string, content: object) => string },
): Promise<readonly EchoRow[]> {
  const rows: EchoRow[] = [];
  const vendor = await startTalking();
  try {
    for (const one of talkative) {
      const file = cli.configFile(one.slug, { config: one.config, options: { limits: { maxItems: 1 } } });
      for (const { name: spelling, spell, secrets } of echoSpellings) {
        const texts = secrets === true ? one.secrets : [...one.secrets, ...one.personal];
        const told = await tellOf(
          one,
          destinations,
          vendor,
          texts.map((text) => one.no(spell(text))),
        );
        const events = texts.map((_, n) => JSON.stringify({ ...one.event, messageId: `m-${n}` })).join('\n');
        const args = ['deliver', one.slug, '--config', file, '--origin', vendor.origin];
        vendor.say(texts.map((text) => one.no(spell(text))));
        const plain = await cli.run([...args, '--outcomes', '-'], events);
        vendor.say(texts.map((text) => one.no(spell(text))));
        const json = await cli.run([...args, '--json'], events);
        const said: Readonly<Record<Channel, string>> = {
          ...told.channels,
          stderr: plain.stderr + json.stderr,
          '--json': json.stdout,
          outcomes: plain.stdout,
        };
        const shown = channels.flatMap((channel) =>
          texts.filter((text) => tells(said[channel], text, spell)).map((text) => `${channel}: ${text}`),
        );
        rows.push({ slug: one.slug, spelling, echoes: texts.length, details: told.details, shown });
      }
    }
  } finally {
    await vendor.close();
  }
  return rows;
}

async function tellOf(
  one: Talkative,
  destinations: readonly AnyDestination[],
  vendor: Vendor,
  answers: readonly string[],
) {
  const signals: Signal[] = [];
  const runtime = createRuntime({
    destinations: destinations.filter(({ manifest }) => manifest.slug === one.slug),
    origins: { [one.slug]: vendor.origin },
    onSignal: (signal) => signals.push(signal),
  });
  const opened = runtime.open(one.slug, one.config, { limits: { maxItems: 1 } });
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  const outcomes: Outcome[] = [];
  for (const [n, answer] of answers.entries()) {
    vendor.say([answer]);
    outcomes.push(...(await opened.connection.deliver([{ ...one.event, messageId: `m-${n}` }])));
  }
  await runtime.close();
  const reasons = outcomes.flatMap((outcome) => ('reason' in outcome ? [outcome.reason] : []));
  const notes = outcomes.flatMap((outcome) => (outcome.kind === 'delivered' ? [outcome.note, outcome.notes] : []));
  return {
    details: reasons.filter(({ detail }) => detail !== undefined).length,
    channels: {
      message: reasons.map(({ message, field }) => `${message} ${field ?? ''}`).join('\n'),
      detail: reasons.map(({ detail }) => detail ?? '').join('\n'),
      notes: JSON.stringify(notes),
      signals: JSON.stringify(signals),
    },
  };
}

/** Letters and digits alone, in small letters: what is left of a text in any spelling but Base64. */
const bare = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');

/** Seven letters and digits of it in a row, or the spelling itself. */
function tells(shown: string, text: string, spell: (text: string) => string): boolean {
  const told = bare(shown);
  const wanted = bare(text);
  for (let at = 0; at + 7 <= wanted.length; at++) if (told.includes(wanted.slice(at, at + 7))) return true;
  return shown.includes(text) || shown.includes(spell(text));
}

interface Vendor {
  readonly origin: string;
  /** The answers to come, in turn; the last one goes on. */
  say(answers: readonly string[]): void;
  close(): Promise<void>;
}

async function startTalking(): Promise<Vendor> {
  let answers: readonly string[] = [];
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const answer = answers[Math.min(asked++, answers.length - 1)];
      response.writeHead(400, { 'content-type': 'application/json' }).end(answer);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    say(next) {
      answers = next;
      asked = 0;
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
