import {
  errorTable,
  createRuntime,
  defineDestination,
  jsonArray,
  payload,
  propertiesOf,
  z,
  type AnyDestination,
  type CdpEvent,
  type Connection,
  type ConnectionOptions,
  type DefinedDestination,
  type DeliverOptions,
  type DestinationManifest,
  type JsonObject,
  type Outcome,
  type Runtime,
  type RuntimeOptions,
  type Settled,
  type Signal,
  type StreamOptions,
} from '../../../core/index.ts';
import { ManualClock } from '../../../core/testing/kit/manual-clock.ts';
import { ScriptedVendor, yes, type Script } from './scripted-vendor.ts';

export interface Item {
  readonly id: string;
  readonly pad?: string;
}
export type Settings = { readonly account: string };
export type TestDestination = DefinedDestination<Settings, Item>;

const manifest: DestinationManifest = {
  slug: 'acme',
  displayName: 'Acme Ads',
  aliases: ['Acme'],
  summary: 'A vendor made up for tests',
  stage: 'beta',
  reference: { url: 'https://vendor.example/docs', checkedOn: '2026-01-01' },
  accepts: ['track', 'identify', 'page'],
  hosts: ['api.vendor.example'],
  limits: { maxItems: 10, maxBytes: 10_000, maxAgeMs: 1_000 },
  pace: { concurrency: 4, timeoutMs: 10_000 },
  replay: 'tolerated',
};

/** Options of one track event, which the test vendor reads out of its properties. */
export interface TrackOptions {
  readonly group?: string;
  /** The only lane, or several. */
  readonly lane?: string;
  readonly lanes?: readonly string[];
  readonly at?: number;
  readonly scopes?: readonly string[];
  readonly pad?: string;
}

const plain = defineDestination<Settings, Item>({
  manifest,
  config: z.object({ account: z.string() }),
  transform(event) {
    const {
      group,
      lane,
      lanes = lane === undefined ? undefined : [lane],
      at,
      scopes,
      pad,
    } = propertiesOf(event) as TrackOptions;
    const item: Item = { id: event.messageId ?? '', ...(pad === undefined ? {} : { pad }) };
    return payload(item, { group, lanes, occurredAt: at, scopes });
  },
  frame: () => jsonArray,
  request: () => ({ method: 'POST', url: 'https://api.vendor.example/events', headers: {} }),
  response: { ...errorTable() },
});

/** The test vendor, with parts of it replaced. */
export const acme = (
  parts: Partial<TestDestination> = {},
  manifestParts: Partial<DestinationManifest> = {},
): TestDestination => {
  // A definition has one of request, requestFor and send.
  const { request, ...others } = plain;
  const isReplaced = parts.requestFor !== undefined || parts.send !== undefined;
  const whole = { ...others, ...(isReplaced ? {} : { request }), ...parts };
  return { ...whole, manifest: { ...manifest, ...manifestParts } } as TestDestination;
};

export interface TestConnection {
  readonly clock: ManualClock;
  readonly vendor: ScriptedVendor;
  readonly runtime: Runtime;
  readonly connection: Connection;
  readonly signals: Signal[];
  /** Delivers on the clock of the test. */
  readonly deliver: (events: readonly CdpEvent[], options?: DeliverOptions) => Promise<readonly Outcome[]>;
  /** Streams on the clock of the test and collects all outcomes. */
  readonly stream: (
    events: Iterable<CdpEvent> | AsyncIterable<CdpEvent>,
    options?: StreamOptions,
  ) => Promise<Settled[]>;
}

export interface TestConnectionOptions {
  readonly destination?: AnyDestination;
  readonly script?: Script;
  readonly connection?: ConnectionOptions;
  readonly runtime?: Partial<RuntimeOptions>;
  readonly random?: () => number;
}

/** A connection to a scripted vendor on a clock of its own. */
export function testConnection({
  destination = acme(),
  script = () => yes,
  connection: connectionOptions,
  runtime: more,
  random,
}: TestConnectionOptions = {}): TestConnection {
  const vendor = new ScriptedVendor(script);
  const signals: Signal[] = [];
  const clock = new ManualClock({ random, activity: () => 2 * vendor.total - vendor.open + signals.length });
  const runtime = createRuntime({
    destinations: [destination],
    dispatcher: () => vendor,
    now: clock.now,
    sleep: clock.sleep,
    random: clock.random,
    onSignal: (signal) => signals.push(signal),
    ...more,
  });
  const connection = open(runtime, connectionOptions);
  return {
    clock,
    vendor,
    runtime,
    connection,
    signals,
    deliver: (events, options) => clock.run(connection.deliver(events, options)),
    stream: (events, options) => clock.run(collect(connection.stream(events, options))),
  };
}

export function open(runtime: Runtime, options?: ConnectionOptions, account = 'a-1'): Connection {
  const opened = runtime.open('acme', { account }, options);
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  return opened.connection;
}

export async function collect(settled: AsyncIterable<Settled>): Promise<Settled[]> {
  const all: Settled[] = [];
  for await (const one of settled) all.push(one);
  return all;
}

export const track = (id: string, options: TrackOptions = {}): CdpEvent => ({
  type: 'track',
  event: 'Order Completed',
  messageId: id,
  properties: options as JsonObject,
});

export const tracks = (count: number, options: (n: number) => TrackOptions = () => ({})): CdpEvent[] =>
  Array.from({ length: count }, (_, n) => track(`e${n}`, options(n)));

export const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);

export const codes = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((outcome) => ('reason' in outcome ? `${outcome.kind}: ${outcome.reason.code}` : outcome.kind));

export const defects = (signals: readonly Signal[]): string[] =>
  signals.flatMap((signal) =>
    signal.kind === 'defect' ? [signal.where] : signal.kind === 'conservation_broken' ? [signal.kind] : [],
  );
