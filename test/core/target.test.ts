import dns from 'node:dns';
import { afterEach, describe, expect, it, jest, test } from '@jest/globals';
import { publicLookup } from '../../core/http/public-lookup.ts';
import { checkedOrigin, createTargetCheck, isPublic } from '../../core/http/target.ts';

describe('ALL-02 the host check', () => {
  const target = createTargetCheck(['api.example.com', 'xn--bcher-kva.example']);

  test.each([
    ['https://api.example.com/v1/events?dry=1#top', 'https://api.example.com', '/v1/events?dry=1'],
    ['https://api.example.com', 'https://api.example.com', '/'],
    ['https://api.example.com:443/', 'https://api.example.com', '/'],
    ['HTTPS://API.Example.COM/Path', 'https://api.example.com', '/Path'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example', '/'],
    ['https://api.example.com/a b/é', 'https://api.example.com', '/a%20b/%C3%A9'],
    ['https://api.example.com\\@evil.example/', 'https://api.example.com', '/@evil.example/'],
  ])('lets %s through', (url, origin, path) => {
    expect(target(url)).toEqual({ origin, path });
  });

  test.each([
    ['http://api.example.com/', /only https/],
    ['ftp://api.example.com/', /only https/],
    ['file:///etc/hosts', /only https/],
    ['/v1/events', /no absolute URL/],
    ['api.example.com/v1', /no absolute URL/],
    ['', /no absolute URL/],
    ['https://user@api.example.com/', /credentials/],
    ['https://user:pw@api.example.com/', /credentials/],
    ['https://:pw@api.example.com/', /credentials/],
    ['https://api.example.com:8443/', /default port/],
    ['https://api.example.com:80/', /default port/],
    ['https://api.example.com./', /not among/],
    ['https://sub.api.example.com/', /not among/],
    ['https://api.example.com.evil.example/', /not among/],
    ['https://evil.example/api.example.com', /not among/],
    ['https://аpi.example.com/', /not among/],
    ['https://127.0.0.1/', /not among/],
    ['https://2130706433/', /not among/],
    ['https://[::1]/', /not among/],
    ['https://localhost/', /not among/],
  ])('refuses %s', (url, why) => {
    expect(() => target(url)).toThrow(why);
  });

  it('refuses an address even where a manifest lists one', () => {
    expect(() => createTargetCheck(['127.0.0.1'])('https://127.0.0.1/')).toThrow(/not among/);
  });

  it('says nothing of credentials and path in its refusals', () => {
    for (const url of [
      'https://user:hunter2@evil.example/hunter2',
      'https://evil.example/hunter2?k=hunter2',
      '/hunter2',
    ]) {
      expect(() => target(url)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }));
    }
  });

  it('comes before the host program’s own origin, which replaces scheme, host and port alone', () => {
    const pointed = createTargetCheck(['api.example.com'], 'http://127.0.0.1:8080');
    expect(pointed('https://api.example.com/v1?q=1')).toEqual({ origin: 'http://127.0.0.1:8080', path: '/v1?q=1' });
    expect(() => pointed('https://evil.example/')).toThrow(/not among/);
    expect(() => pointed('http://127.0.0.1:8080/')).toThrow(/only https/);
  });

  it('remembers the last good URL, not a verdict', () => {
    expect(target('https://api.example.com/a').path).toBe('/a');
    expect(() => target('https://evil.example/a')).toThrow();
    expect(target('https://api.example.com/b').path).toBe('/b');
    expect(() => target('https://evil.example/a')).toThrow();
  });
});

describe('an origin of the host program', () => {
  test.each([
    ['https://eu.example.com', 'https://eu.example.com'],
    ['https://EU.example.com:8443/', 'https://eu.example.com:8443'],
    ['https://10.0.0.1', 'https://10.0.0.1'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://127.9.9.9', 'http://127.9.9.9'],
    ['http://localhost:3000/', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('may be %s', (written, origin) => {
    expect(checkedOrigin(written)).toBe(origin);
  });

  test.each([
    ['http://example.com', /https, or http on a loopback/],
    ['http://10.0.0.1', /https, or http on a loopback/],
    ['http://127.0.0.1.example.com', /https, or http on a loopback/],
    ['http://localhost.example.com', /https, or http on a loopback/],
    ['http://[::ffff:10.0.0.1]', /https, or http on a loopback/],
    ['ftp://localhost', /https, or http on a loopback/],
    ['https://user:pw@example.com', /credentials/],
    ['https://example.com/v1', /without a path/],
    ['https://example.com/?q', /without a path/],
    ['https://example.com/#x', /without a path/],
    ['localhost:3000', /without a path|loopback|not an origin/],
    ['example.com', /not an origin/],
    ['', /not an origin/],
  ])('may not be "%s"', (written, why) => {
    expect(() => checkedOrigin(written)).toThrow(why);
  });
});

describe('public addresses', () => {
  test.each(['8.8.8.8', '203.0.114.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is one', (address) => {
    expect(isPublic(address)).toBe(true);
  });

  test.each([
    ['64:ff9b::808:808', true],
    ['64:ff9b::8.8.8.8', true],
    ['64:ff9b::7f00:1', false],
    ['64:ff9b::10.0.0.1', false],
    ['64:ff9b::a9fe:a9fe', false],
    ['64:ff9b::168.63.129.16', false],
    ['64:ff9b:1::808:808', false],
    ['3fff::1', false],
    ['3fff:fff:ffff::1', false],
    ['4000::1', false],
    ['168.63.129.16', false],
    ['::ffff:168.63.129.16', false],
    ['168.63.129.17', true],
  ])('F-22 %s: %s', (address, one) => {
    expect(isPublic(address)).toBe(one);
  });

  test.each(
    `0.0.0.0 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 172.31.255.255
    192.168.1.1 192.0.0.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255
    :: ::1 ::7f00:1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 fec0::1 ff02::1 100::1 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe
    ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2001:db8::1 localhost x`.split(/\s+/),
  )('"%s" is none', (address) => {
    expect(isPublic(address)).toBe(false);
  });
});

describe('the DNS lookup of the wire', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  function resolving(addresses: readonly string[], error: Error | null = null): void {
    const records = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    jest
      .spyOn(dns, 'lookup')
      .mockImplementation(((_host: string, _options: unknown, callback: (...told: unknown[]) => void) =>
        callback(error, records)) as never);
  }
  const ask = (options: object): Promise<unknown[]> =>
    new Promise((resolve) => publicLookup('api.example.com', options, (...told) => resolve(told)));
  const notPublic = { code: 'ERR_ADDRESS_NOT_PUBLIC', message: 'api.example.com resolves to no public address' };

  it('answers with every public address, or the first one, as it was asked', async () => {
    resolving(['8.8.8.8', '2606:4700::1111']);
    expect(await ask({ all: true })).toEqual([
      null,
      [
        { address: '8.8.8.8', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
    ]);
    expect(await ask({})).toEqual([null, '8.8.8.8', 4]);
  });

  it('leaves the inside addresses out of a mixed answer', async () => {
    resolving(['127.0.0.1', '10.0.0.1', '::ffff:169.254.169.254', '2606:4700::1111']);
    expect(await ask({ all: true })).toEqual([null, [{ address: '2606:4700::1111', family: 6 }]]);
    expect(await ask({})).toEqual([null, '2606:4700::1111', 6]);
  });

  it('fails when a name leads inside only', async () => {
    resolving(['169.254.169.254', '::1']);
    expect(await ask({ all: true })).toMatchObject([notPublic, []]);
    expect(await ask({})).toMatchObject([notPublic, []]);
  });

  it('passes the resolver’s own error on', async () => {
    resolving([], Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }));
    expect(await ask({ all: true })).toMatchObject([{ code: 'ENOTFOUND' }, []]);
  });
});
