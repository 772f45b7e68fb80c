import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Kvm } from '@nats-io/kv';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { BrokerRefused } from './broker-errors.ts';
import type { BrokerUrl } from './broker-url.ts';
import type { BrokerCredentials, BrokerTls, ConnectOptions } from './connect-options.ts';
import { loadNats, type Nats } from './nats.ts';

/** A connection to a broker, and what is asked over it. */
export interface Broker {
  readonly nats: Nats;
  readonly connection: NatsConnection;
  readonly stream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly buckets: Kvm;
  /** Where it is, without secrets. */
  readonly at: string;
}

/** How long the broker may take for an answer. A publish that a dying broker swallowed is repeated after it. */
export const requestTimeoutMs = 2_000;
const connectTimeoutMs = 5_000;
const pauseMs = 500;
const leastVersion = [2, 9] as const;

/** Throws BrokerRefused. Once connected, it connects again by itself, for ever. */
export async function connectBroker(url: BrokerUrl, options: ConnectOptions): Promise<Broker> {
  const nats = loadNats();
  const at = url.servers.join(',');
  const connection = await connectInTime(nats, connectionOptions(nats, url, options), at, options);
  try {
    assertUsable(connection, at);
    const stream = nats.jetstream.jetstream(connection, { timeout: requestTimeoutMs });
    const manager = await stream.jetstreamManager(false);
    return { nats, connection, stream, manager, buckets: new nats.kv.Kvm(stream), at };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function connectionOptions({ transport }: Nats, url: BrokerUrl, { auth, tls }: ConnectOptions): ConnectionOptions {
  return {
    servers: [...url.servers],
    name: 'spillway',
    timeout: connectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: pauseMs,
    reconnectJitter: pauseMs,
    // Credentials may be on their way to the brokers: what was accepted once is tried again.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    // A stack for each request, in case it fails, takes a tenth of the CPU of a put.
    noAsyncTraces: true,
    ...credentialsFor(transport, auth ?? { user: url.user, password: url.password }),
    ...(url.tls || tls !== undefined ? { tls: definedOf(tls) } : {}),
  };
}

function credentialsFor(
  transport: Nats['transport'],
  { user, password, token, credentials, nkeySeed }: BrokerCredentials,
): Partial<ConnectionOptions> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text.trim());
  if (credentials !== undefined) return { authenticator: transport.credsAuthenticator(bytes(credentials)) };
  if (nkeySeed !== undefined) return { authenticator: transport.nkeyAuthenticator(bytes(nkeySeed)) };
  if (token !== undefined) return { token };
  return user === undefined ? {} : { user, pass: password ?? '' };
}

const definedOf = ({ ca, cert, key }: BrokerTls = {}): NonNullable<ConnectionOptions['tls']> => ({
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key }),
});

async function connectInTime(
  { transport }: Nats,
  options: ConnectionOptions,
  at: string,
  { waitMs = Number.POSITIVE_INFINITY, onWait }: ConnectOptions,
): Promise<NatsConnection> {
  const end = performance.now() + waitMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await transport.connect(options);
    } catch (error) {
      const why = (error as Error).message;
      if (error instanceof transport.AuthorizationError || error instanceof transport.UserAuthenticationExpiredError)
        throw new BrokerRefused('unauthorized', `the broker at ${at} does not take these credentials`);
      if (performance.now() >= end)
        throw new BrokerRefused('unreachable', `the broker at ${at} cannot be reached: ${why}`, { cause: error });
      if (isFirst) onWait?.(`waiting for the broker at ${at}: ${why}`);
      await sleep(Math.min(pauseMs, Math.max(0, end - performance.now())));
    }
  }
}

function assertUsable({ info }: NatsConnection, at: string): void {
  const version = info?.version ?? '0';
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [leastMajor, leastMinor] = leastVersion;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor))
    throw new BrokerRefused(
      'too_old',
      `the broker at ${at} is nats-server ${version}; this needs ${leastVersion.join('.')} or later: upgrade it`,
    );
  if (info?.jetstream !== true)
    throw new BrokerRefused('no_jetstream', `the broker at ${at} runs without JetStream: start nats-server with -js`);
}
