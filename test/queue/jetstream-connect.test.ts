// Tests core/queue/jetstream/connect.ts: which brokers a store is opened at, and which refuse it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { nkeys } from '@nats-io/transport-node';
import { toQueued } from '../../core/queue/index.ts';
import { openJetStreamStore, type BrokerRefused, type JetStreamOptions } from '../../core/queue/jetstream/index.ts';
import { makeAccounts } from '../support/jetstream/accounts.ts';
import { startBroker, type Broker, type BrokerOptions } from '../support/jetstream/broker.ts';
import { makeCertificates, type Certificates } from '../support/jetstream/certificates.ts';
import { describeWith } from '../support/needed-program.ts';
import { fakeConnection } from '../support/queue/store-connection.ts';

/** `open`, or why not. What is refused is refused at once, not when the wait is over. */
async function attempt(options: JetStreamOptions): Promise<string> {
  const waits: string[] = [];
  try {
    const store = await openJetStreamStore({ waitMs: 5_000, onWait: (why) => waits.push(why), ...options });
    await store.status();
    await store.close();
    return 'open';
  } catch (error) {
    const { name, code, message } = error as BrokerRefused;
    expect([name, waits]).toEqual(['BrokerRefused', []]);
    return `${code}: ${message}`;
  }
}

async function withBroker(options: BrokerOptions, act: (broker: Broker) => Promise<void>): Promise<void> {
  const broker = await startBroker(options);
  try {
    await act(broker);
  } finally {
    await broker.remove();
  }
}

const rejected = { kind: 'rejected', reason: { code: 'vendor_rejected', message: 'No.' } } as const;
const refused = (at: string): string => `unauthorized: the broker at ${at} does not take these credentials`;
const seedOf = (pair: ReturnType<typeof nkeys.createUser>): string => new TextDecoder().decode(pair.getSeed());

describeWith('nats-server', 'a broker that asks who this is', () => {
  test('takes a user and a password, by option and in the URL, where signs of a URL are escaped', async () => {
    await withBroker({ lines: ['authorization { user: "u@x", password: "p/w:1" }'] }, async ({ at }) => {
      const auth = { user: 'u@x', password: 'p/w:1' };
      expect(await attempt({ url: `nats://${at}`, auth })).toBe('open');
      expect(await attempt({ url: `nats://u%40x:p%2Fw:1@${at}` })).toBe('open');
      expect(await attempt({ url: `nats://u%40x:p%2Fw:1@${at}`, auth: { user: undefined } })).toBe('open');
      expect(await attempt({ url: `nats://other:word@${at}`, auth })).toBe('open');
    });
  });

  test('refuses another password, or none, at once and without a word of it', async () => {
    await withBroker({ lines: ['authorization { user: u, password: p }'] }, async ({ at }) => {
      expect(await attempt({ url: `nats://u:s3cret@${at}` })).toBe(refused(at));
      expect(await attempt({ url: `nats://${at}`, auth: { user: 'u', password: 's3cret' } })).toBe(refused(at));
      expect(await attempt({ url: `nats://u:p@${at}`, auth: { user: 'u' } })).toBe(refused(at));
      expect(await attempt({ url: `nats://${at}` })).toBe(refused(at));
    });
  });

  test('takes a token, by option and as the one word of the URL', async () => {
    await withBroker({ lines: ['authorization { token: "t0ken" }'] }, async ({ at }) => {
      expect(await attempt({ url: `nats://${at}`, auth: { token: 't0ken' } })).toBe('open');
      expect(await attempt({ url: `nats://t0ken@${at}` })).toBe('open');
      expect(await attempt({ url: `nats://${at}`, auth: { token: 's3cret' } })).toBe(refused(at));
    });
  });

  test('takes an NKey, and refuses that of somebody else', async () => {
    const [ours, theirs] = [nkeys.createUser(), nkeys.createUser()];
    const lines = [`authorization { users: [{ nkey: ${ours.getPublicKey()} }] }`];
    await withBroker({ lines }, async ({ at }) => {
      const url = `nats://${at}`;
      expect(await attempt({ url, auth: { nkeySeed: `${seedOf(ours)}\n` } })).toBe('open');
      expect(await attempt({ url, auth: { nkeySeed: seedOf(theirs) } })).toBe(refused(at));
    });
  });

  test('takes the text of a .creds file, and refuses one that no account of its own signed', async () => {
    const { lines, credentials, strangers } = makeAccounts();
    await withBroker({ lines }, async ({ at }) => {
      const url = `nats://${at}`;
      expect(await attempt({ url, auth: { credentials } })).toBe('open');
      expect(await attempt({ url, auth: { credentials: `\n${credentials.trim()}` } })).toBe('open');
      expect(await attempt({ url, auth: { credentials: strangers } })).toBe(refused(at));
    });
  });

  test('names the right that a user lacks', async () => {
    const permissions = 'permissions: { publish: ["$JS.API.>"], subscribe: ["_INBOX.>"] }';
    const users = `{ user: none, password: p, permissions: { publish: [x], subscribe: [">"] } }, { user: some, password: p, ${permissions} }`;
    await withBroker({ lines: [`authorization { users: [${users}] }`] }, async ({ at }) => {
      const lacks = `unauthorized: these credentials may not do what a store does at ${at}: Permissions Violation for Publish to`;
      expect(await attempt({ url: `nats://none:p@${at}` })).toBe(`${lacks} "$JS.API.STREAM.INFO.spillway"`);
      expect(await attempt({ url: `nats://some:p@${at}` })).toBe(`${lacks} "$KV.spillway-conn.layout"`);
    });
  });

  test('needs to give no other rights than those that docs/cli.md names', async () => {
    const page = readFileSync('docs/cli.md', 'utf8');
    const [, publish = '', subscribe = ''] =
      /give that user the right .*: publish (.*), subscribe (`.*`)/.exec(page) ?? [];
    const listed = (rights: string): string =>
      JSON.stringify([...rights.matchAll(/`([^`]+)`/g)].map(([, right = '']) => right.replace('STREAM', 'shop')));
    const permissions = `{ publish: ${listed(publish)}, subscribe: ${listed(subscribe)} }`;
    const lines = [`authorization { users: [{ user: u, password: p, permissions: ${permissions} }] }`];
    await withBroker({ lines }, async ({ at }) => {
      const store = await openJetStreamStore({ url: `nats://u:p@${at}?stream=shop` });
      const connection = fakeConnection('shop');
      connection.answer = (id) => (id === 'm-2' ? rejected : undefined);
      const events = ['m-1', 'm-2', 'm-3'].map((id) =>
        toQueued(connection, { type: 'track', event: 'Seen', messageId: id, properties: { lanes: ['l'] } }, id),
      );
      await store.put([{ connection: 'shop', events }]);
      const worker = store.work(connection);
      await worker.idle();
      await worker.stop(1_000);
      expect(connection.delivered).toEqual(['m-1', 'm-3']);
      expect(await store.requeue('shop')).toBe(1);
      expect((await store.peek('shop', 10)).map(({ id }) => id)).toEqual(['m-2']);
      expect(await store.prune(Date.now())).toBeGreaterThan(0);
      await store.purge('shop');
      expect((await store.status()).connections).toEqual([]);
      await store.close();
    });
  });

  test('is not asked with what can be no seed and no credentials', async () => {
    const url = 'nats://127.0.0.1:1';
    const noSeed = 'settings: the NKey is no seed of a user (SU...)';
    const noCredentials = 'settings: the credentials are no text of a .creds file';
    expect(await attempt({ url, auth: { nkeySeed: 's3cret' } })).toBe(noSeed);
    expect(await attempt({ url, auth: { credentials: 's3cret' } })).toBe(noCredentials);
    expect(await attempt({ url, auth: { credentials: '' } })).toBe(noCredentials);
  });
});

describeWith('openssl', 'a broker behind TLS', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await makeCertificates();
  });
  afterAll(() => certificates.remove());

  test('is known by the one who signed its certificate, by its name and by its address', async () => {
    const tls = { ca: certificates.ca };
    await withBroker({ lines: certificates.lines(false) }, async ({ at, port }) => {
      expect(await attempt({ url: `tls://${at}`, tls })).toBe('open');
      expect(await attempt({ url: `tls://localhost:${port}`, tls })).toBe('open');
      expect(await attempt({ url: `nats://${at}`, tls })).toBe('open');
    });
  });

  test('is refused at once where nobody known signed, or for another name or address', async () => {
    const fault = (at: string, why: string): string => `settings: no TLS with the broker at ${at}: ${why}`;
    const unknown = 'unable to verify the first certificate';
    await withBroker({ lines: certificates.lines(false) }, async ({ at }) => {
      expect(await attempt({ url: `tls://${at}` })).toBe(fault(at, unknown));
      expect(await attempt({ url: `nats://${at}` })).toBe(fault(at, unknown));
      expect(await attempt({ url: `tls://${at}`, tls: { ca: 'no certificate' } })).toBe(fault(at, unknown));
      const tls = { ...certificates.client, key: 's3cret' };
      expect(await attempt({ url: `tls://${at}`, tls })).toMatch(/^settings: no TLS with [^]* routines::(?!.*s3cret)/);
    });
    await withBroker({ lines: certificates.lines(false), host: '127.0.0.2' }, async ({ at }) => {
      const why =
        "Hostname/IP does not match certificate's altnames: IP: 127.0.0.2 is not in the cert's list: 127.0.0.1";
      expect(await attempt({ url: `tls://${at}`, tls: { ca: certificates.ca } })).toBe(fault(at, why));
    });
  });

  test('takes the certificate of a process, where it asks for one', async () => {
    await withBroker({ lines: certificates.lines(true) }, async ({ at }) => {
      expect(await attempt({ url: `tls://${at}`, tls: certificates.client })).toBe('open');
      const without = openJetStreamStore({ url: `tls://${at}`, tls: { ca: certificates.ca }, waitMs: 0 });
      await expect(without).rejects.toMatchObject({
        code: 'unreachable',
        message: `the broker at ${at} cannot be reached: timeout; it may ask for a certificate of this process`,
      });
    });
  });

  test('is not taken for one without TLS', async () => {
    await withBroker({}, async ({ at }) => {
      const why = `settings: no TLS with the broker at ${at}: server does not support 'tls'`;
      expect(await attempt({ url: `tls://${at}` })).toBe(why);
    });
  });
});

describeWith('nats-server', 'a broker', () => {
  test('that is away is waited for, which is told once', async () => {
    const broker = await startBroker();
    await broker.kill();
    const waits: string[] = [];
    const opening = openJetStreamStore({ url: `nats://u:s3cret@${broker.at}`, onWait: (why) => waits.push(why) });
    await sleep(1_200);
    expect(waits).toEqual([`waiting for the broker at ${broker.at}: connection refused`]);
    await broker.start();
    const store = await opening;
    expect((await store.status()).connections).toEqual([]);
    expect(waits).toHaveLength(1);
    await store.close();
    await broker.remove();
  });

  test('that is away is waited for no longer than asked', async () => {
    const options = { url: 'nats://u:s3cret@127.0.0.1:1', waitMs: 300 };
    const began = performance.now();
    await expect(openJetStreamStore(options)).rejects.toMatchObject({
      code: 'unreachable',
      message: 'the broker at 127.0.0.1:1 cannot be reached: connection refused',
    });
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  test('is found among several, of which one is away', async () => {
    await withBroker({}, async ({ at }) => {
      expect(await attempt({ url: `nats://127.0.0.1:1,${at}` })).toBe('open');
    });
  });

  test('without JetStream is refused, as is an account without', async () => {
    await withBroker({ jetStream: false }, async ({ at }) => {
      const why = `no_jetstream: the broker at ${at} runs without JetStream: start nats-server with -js`;
      expect(await attempt({ url: `nats://${at}` })).toBe(why);
    });
    const users = (name: string): string => `users: [{ user: ${name}, password: p }]`;
    const lines = [`accounts { A { ${users('a')} }, B { jetstream: enabled, ${users('b')} } }`];
    await withBroker({ lines }, async ({ at }) => {
      const why = `no_jetstream: the account of these credentials at ${at} has no JetStream: enable it`;
      expect(await attempt({ url: `nats://a:p@${at}` })).toBe(why);
      expect(await attempt({ url: `nats://b:p@${at}` })).toBe('open');
    });
  });

  test('that is too old is refused', async () => {
    const info = { server_id: 'N', version: '2.8.4', proto: 1, headers: true, jetstream: true, max_payload: 1_048_576 };
    const server = createServer((socket) => {
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        if (data.includes('PING')) socket.write('PONG\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await attempt({ url: `nats://${at}` })).toBe(
      `too_old: the broker at ${at} is nats-server 2.8.4; this needs 2.9 or later: upgrade it`,
    );
    server.close();
  });
});
