import { gunzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import {
  createRuntime,
  type AnyDestination,
  type BatchLimits,
  type CdpEvent,
  type Connection,
  type Outcome,
  type Signal,
} from '../../../core/index.ts';
import adjust from '../../../destinations/adjust/index.ts';
import adrollEmail from '../../../destinations/adroll-email/index.ts';
import adroll from '../../../destinations/adroll/index.ts';
import rokt from '../../../destinations/rokt/index.ts';
import { ledgerKey, type Account } from '../simulators/accounts.ts';
import { itemOf } from '../host/backlog.ts';
import { createLeapingClock, type LeapingClock } from '../host/clock.ts';
import { createReferenceHost } from '../host/reference-host.ts';
import { createHostLog, type HostLog } from '../host/host-log.ts';
import { inProcess } from '../host/in-process.ts';
import { deliverByStream } from '../host/by-deliver.ts';
import { openExchange } from '../../../core/testing/kit/exchange-control.ts';
import { generate, type Answer, type Simulator } from '../../../core/testing/simulators/index.ts';
import { createRandom } from '../../../core/testing/simulators/random.ts';

/** What stands before a vendor: its own answer to a request with this text, or `undefined` to let it pass. */
export type Firewall = (text: string) => Answer | undefined;

export const page: Answer = {
  status: 403,
  headers: { 'content-type': 'text/html' },
  body: '<html><head><title>403 Forbidden</title></head><body><h1>Request blocked</h1></body></html>',
};

/** Requests that hold one of these texts. */
export const holding =
  (words: Iterable<string>, answer = page): Firewall =>
  (text) => {
    for (const word of words) if (text.toLowerCase().includes(word.toLowerCase())) return answer;
    return undefined;
  };

export interface Street {
  readonly clock: LeapingClock;
  readonly connection: Connection;
  readonly vendor: Simulator;
  readonly signals: readonly Signal[];
  /** Requests that were sent, whoever answered them: those with events, and checks. */
  readonly sent: () => { readonly events: number; readonly checks: number };
  /** Whether the destination takes one event a request. */
  readonly one: boolean;
  firewall: Firewall;
  /** The vendor does not know the credentials any more, and says so in its own words. */
  revoked: boolean;
  deliver(events: readonly CdpEvent[]): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

const destinations: readonly AnyDestination[] = [adjust, adroll, adrollEmail, rokt];

const start = Date.parse('2026-01-15T12:00:00.000Z');
const latencyMs = 20;
/** A firewall answers faster than the vendor behind it. */
const firewallMs = 1;

/** A real folder and its vendor's simulator, with a firewall between them, on a clock that leaps. */
export async function openStreet(account: Account, limits: Partial<BatchLimits> = {}): Promise<Street> {
  const { slug } = account;
  const destination = destinations.find(({ manifest }) => manifest.slug === slug) as AnyDestination;
  const chance = createRandom(3);
  const clock = createLeapingClock({ start, random: () => chance.next() });
  const inside = inProcess(clock);
  const signals: Signal[] = [];
  const s2sToken = 'simulated-s2s-token';
  const vendor = await account.start({
    now: clock.now,
    transport: inside.transport,
    latencyMs,
    ...(slug === 'adjust' ? { s2sToken } : {}),
    altered: (whole) => ({
      ...whole,
      judge: ({ headers, ...request }, refuses) =>
        whole.judge(
          {
            ...request,
            headers: street.revoked ? { ...headers, authorization: `${headers.authorization}-revoked` } : headers,
          },
          refuses,
        ),
    }),
  });
  let events = 0;
  let checks = 0;
  const dispatcher = inside.dispatcher.compose((dispatch) => (options, handler) => {
    const text = textOf(options);
    if (isCheck(options, text)) checks += 1;
    else events += 1;
    const answer = street.firewall(text);
    if (answer === undefined) return dispatch(options, handler);
    const exchange = openExchange(handler);
    const body = Buffer.from(answer.body ?? '');
    setImmediate(() => {
      exchange.send(() => handler.onRequestStart?.(exchange.controller, {}));
      clock.after(firewallMs, () => {
        const headers = { ...answer.headers, 'content-length': String(body.length) };
        exchange.send(() => handler.onResponseStart?.(exchange.controller, answer.status, headers, ''));
        exchange.send(() => handler.onResponseData?.(exchange.controller, body));
        exchange.send(() => handler.onResponseEnd?.(exchange.controller, {}));
      });
    });
    return true;
  });
  const runtime = createRuntime({
    destinations: [destination],
    origins: { [slug]: vendor.origin },
    dispatcher,
    now: clock.now,
    sleep: clock.sleep,
    random: clock.random,
    onSignal(signal) {
      clock.stir();
      signals.push(signal);
    },
  });
  const own = slug === 'adjust' ? { s2sToken } : slug === 'adroll' ? { gzip: false } : {};
  const opened = runtime.open(slug, { ...account.config, ...own }, { limits });
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  const { connection } = opened;
  const street: Street = {
    clock,
    connection,
    vendor,
    signals,
    sent: () => ({ events, checks }),
    one: destination.manifest.limits.maxItems === 1,
    firewall: () => undefined,
    revoked: false,
    deliver: (given) => clock.run(connection.deliver(given)),
    async close() {
      await runtime.close();
      await vendor.close();
    },
  };
  return street;
}

/** Of these four vendors: a GET, or a request without an event in it. */
const isCheck = ({ method }: Dispatcher.DispatchOptions, text: string): boolean =>
  method === 'GET' || text === '[]' || text === '{}';

function textOf({ path, headers, body }: Dispatcher.DispatchOptions): string {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from((body as string | null | undefined) ?? '');
  const named = (headers ?? {}) as Readonly<Record<string, string>>;
  const text = (named['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  if (text === '') return new URL(path, 'http://vendor').searchParams.toString();
  return named['content-type']?.includes('urlencoded') === true ? decodeURIComponent(text) : text;
}

/** Events that this vendor has a use for; the same numbers, the same events. */
export const eventsFor = ({ mix }: Account, count: number, seed = 1): CdpEvent[] => [
  ...generate({ count, seed, mix, startTime: start - count * 20, people: Math.max(200, count), phones: 40 }),
];

export const keysOf = (account: Account, events: readonly CdpEvent[]): string[] =>
  events.map((event) => ledgerKey(account, event));

const newcomerMs = 5_000;

/**
 * All events through one long stream of a host that puts back what came back, until it has let every one go. `others` come one at a
 * time meanwhile, in calls of their own.
 */
export async function hostOver(
  { connection, clock, one }: Street,
  events: readonly CdpEvent[],
  others: readonly CdpEvent[] = [],
  onFinished: (count: number) => void = () => undefined,
): Promise<HostLog> {
  const hostLog = createHostLog(onFinished);
  function* input() {
    for (const [index, event] of events.entries()) {
      const route = connection.routeOf(event);
      yield itemOf(index, event, route.kind === 'payload' ? route.lanes?.[0] : undefined, clock.now());
    }
  }
  const host = createReferenceHost({ connection, clock, input: input(), hostLog, one });
  async function callOthers(): Promise<void> {
    for (const event of others) {
      await clock.sleep(newcomerMs);
      if (host.done()) return;
      await connection.deliver([event]);
    }
  }
  await clock.run(Promise.all([deliverByStream(connection, host, one, clock.stir), callOthers()]));
  return hostLog;
}
