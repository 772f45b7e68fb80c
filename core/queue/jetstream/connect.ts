import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkServerIdentity, type ConnectionOptions as TlsConnectOptions } from 'node:tls';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Kvm } from '@nats-io/kv';
import type { Authenticator, ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
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
  const isSaid = auth !== undefined && Object.values(auth).some((part) => part !== undefined);
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
    ...credentialsFor(transport, isSaid ? auth : url),
    // Without, the client goes by what the broker says.
    ...(url.tls || tls !== undefined ? { tls: { ...definedOf(tls), ...identityOf(url.servers) } } : {}),
  };
}

function credentialsFor(
  transport: Nats['transport'],
  { user, password, token, credentials, nkeySeed }: BrokerCredentials,
): Partial<ConnectionOptions> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  // Their last line has to end.
  const text = `${credentials?.trim()}\n`;
  if (credentials !== undefined)
    return usable('the credentials are no text of a .creds file', transport.credsAuthenticator(bytes(text)));
  if (nkeySeed !== undefined)
    return usable('the NKey is no seed of a user (SU...)', transport.nkeyAuthenticator(bytes(nkeySeed.trim())));
  if (token !== undefined) return { token };
  return user === undefined ? {} : { user, pass: password ?? '' };
}

/** The client parses what it is given when a broker asks, and would ask one broker after the other. */
function usable(complaint: string, authenticator: Authenticator): Partial<ConnectionOptions> {
  try {
    authenticator('nonce');
  } catch {
    // Its own error may have a part of the text.
    throw new BrokerRefused('settings', complaint);
  }
  return { authenticator };
}

const definedOf = ({ ca, cert, key }: BrokerTls = {}): NonNullable<ConnectionOptions['tls']> => ({
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key }),
});

/**
 * The client has Node compare a certificate with the host's name; of a host without one, with `localhost`. There it has
 * to be for an address of the URL.
 */
function identityOf(servers: readonly string[]): Required<Pick<TlsConnectOptions, 'checkServerIdentity'>> {
  const addresses = servers
    .map((at) => at.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'))
    .filter((host) => isIP(host));
  return {
    checkServerIdentity(host, certificate) {
      const hosts = host === 'localhost' && addresses.length > 0 ? addresses : [host];
      const faults = hosts.map((one) => checkServerIdentity(one, certificate));
      return faults.includes(undefined) ? undefined : faults[0];
    },
  };
}

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
      const why = whyOf(error, options);
      if (error instanceof transport.AuthorizationError || error instanceof transport.UserAuthenticationExpiredError)
        throw new BrokerRefused('unauthorized', `the broker at ${at} does not take these credentials`);
      if (isFaultOfTls(error)) throw new BrokerRefused('settings', `no TLS with the broker at ${at}: ${why}`);
      if (performance.now() >= end)
        throw new BrokerRefused('unreachable', `the broker at ${at} cannot be reached: ${why}`, { cause: error });
      if (isFirst) onWait?.(`waiting for the broker at ${at}: ${why}`);
      await sleep(Math.min(pauseMs, Math.max(0, end - performance.now())));
    }
  }
}

/** A broker that misses a certificate tells the socket, whose error the client drops. */
function whyOf(error: unknown, { tls }: ConnectionOptions): string {
  const { name, message } = error as Error;
  const mayLackCertificate = name === 'TimeoutError' && tls !== undefined && tls?.cert === undefined;
  return mayLackCertificate ? `${message}; it may ask for a certificate of this process` : message;
}

/** Certificates, keys and protocols: waiting mends none of them. */
function isFaultOfTls(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code = '', message, cause } = error as NodeJS.ErrnoException;
  if (/^(?:ERR_(?:TLS|SSL|OSSL)_|UNABLE_TO_)|CERT/.test(code)) return true;
  return /server does not support 'tls'/.test(message) || isFaultOfTls(cause);
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
