// Tests core/hosts/cli/queue/store-location.ts and broker-flags.ts: what --store names, and who is at a broker.
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { storeLocation, type StoreFlags } from '../../core/hosts/cli/queue/store-location.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { createWorkspace, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const password = workspace.write('password', 'secret-password-1\n');
const token = workspace.write('token', 'secret-token-1');
const config = workspace.write('work.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});

const broker = (flags: StoreFlags, env: Readonly<Record<string, string>> = {}) =>
  storeLocation({ store: 'nats://host', ...flags }, env);
const why = (flags: StoreFlags, env: Readonly<Record<string, string>> = {}): string => {
  try {
    broker(flags, env);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('What --store names', () => {
  test.each([
    ['queue', 'directory', `${process.cwd()}/queue`],
    ['nats://host', 'broker', 'nats://host'],
    ['tls://a:4222,b:4222?stream=shop', 'broker', 'tls://a:4222,b:4222?stream=shop'],
    ['nats://ann:secret@host:4222?stream=shop', 'broker', 'nats://host:4222?stream=shop'],
    ['nats://ann:sec/r@e?t#@host', 'broker', 'nats://host'],
  ])('%s is a %s, which people know as %s', (store, kind, name) => {
    expect(storeLocation({ store }, {})).toMatchObject({ kind, name });
    expect(storeLocation({}, { SPILLWAY_STORE: store })).toMatchObject({ kind, name });
  });

  test('is no other URL, whose secrets stay in it', () => {
    expect(why({ store: 'redis://ann:secret@host' })).toBe(
      '--store redis://host: expected a directory, or nats://HOST or tls://HOST',
    );
  });
});

describe('Who is at a broker', () => {
  test('stands in files, of which the last line ends are no part', () => {
    const user = { natsUser: 'ann', natsPasswordFile: password };
    expect(broker(user)).toMatchObject({ settings: { auth: { user: 'ann', password: 'secret-password-1' } } });
    expect(broker({ natsTokenFile: token })).toMatchObject({ settings: { auth: { token: 'secret-token-1' } } });
    const files = { natsCa: token, natsCert: token, natsKey: password };
    const tls = { ca: 'secret-token-1', cert: 'secret-token-1', key: 'secret-password-1' };
    expect(broker({ natsCreds: token, ...files })).toMatchObject({
      settings: { auth: { credentials: 'secret-token-1' }, tls },
    });
    expect(broker({ natsNkeyFile: token })).toMatchObject({ settings: { auth: { nkeySeed: 'secret-token-1' } } });
    expect(broker({})).toMatchObject({ settings: { auth: undefined, tls: undefined } });
  });

  test('is what the environment says, unless a flag says who it is', () => {
    const env = { SPILLWAY_NATS_USER: 'bob', SPILLWAY_NATS_PASSWORD_FILE: password, SPILLWAY_NATS_CA: token };
    expect(broker({}, env)).toMatchObject({ settings: { auth: { user: 'bob', password: 'secret-password-1' } } });
    const { settings } = broker({ natsTokenFile: token }, env) as { settings: { auth: object; tls: object } };
    expect(settings.auth).toEqual({ token: 'secret-token-1' });
    expect(settings.tls).toMatchObject({ ca: 'secret-token-1' });
  });

  test.each([
    [{ natsUser: 'ann' }, '--nats-user and --nats-password-file go together'],
    [{ natsCert: token }, '--nats-cert and --nats-key go together'],
    [
      { natsUser: 'ann', natsPasswordFile: password, natsTokenFile: token },
      '--nats-user and --nats-token-file: one way to say who this is, not several',
    ],
    [{ natsTokenFile: '/no/such/file' }, '--nats-token-file: the file /no/such/file cannot be read (ENOENT)'],
    [
      { store: 'queue', natsLanes: 8 },
      '--nats-lanes is for a store on NATS (--store nats://HOST), and --store names a directory',
    ],
  ])('is refused as %j', (flags, message) => expect(why(flags)).toBe(message));
});

describe('A broker', () => {
  const url = 'nats://ann:secret@127.0.0.1:1';

  test.each([
    [['queue', 'compact'], 'a broker gives space back by itself'],
    [['queue', 'salvage', '--out', '-'], 'it reads the file of a damaged store'],
    [['deliver', 'mailbox', '--config', config, '--input', config], 'it keeps the outcomes of a file on this disk'],
  ])('is nothing for %j, which says why', async (args, text) => {
    const { code, stderr } = await spillway([...args, '--store', url]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`nats://127.0.0.1:1: this command needs a directory`)]);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('secret');
  });

  test.each([
    ['queue', 'status'],
    ['dead', 'list'],
    ['enqueue', 'shop', '--config', config],
    ['work', '--config', config, '--until-idle'],
    ['serve', '--config', config, '--log', 'text'],
  ])('that is away is waited for by %s, which says so once, and 75 is the end of the wait', async (...args) => {
    const since = performance.now();
    const { code, stderr } = await spillway([...args, '--store', url, '--wait', '1.2']);
    expect(performance.now() - since).toBeGreaterThan(1_000);
    expect([args, code]).toEqual([args, 75]);
    expect(stderr.match(/waiting for the broker at 127\.0\.0\.1:1/g)).toHaveLength(1);
    expect(stderr).toContain('to wait longer for it: --wait SECONDS');
    expect(stderr).not.toContain('secret');
  });
});
