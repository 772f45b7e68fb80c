// Tests core/service/tracking/client-address.ts: the address of a client behind proxies.
import { describe, expect, test } from '@jest/globals';
import { clientAddressBehind } from '../../../core/service/tracking/client-address.ts';

const behind = clientAddressBehind(['10.0.0.0/8', '2001:db8:ffff::/48', '192.0.2.1']);
const of = (headers: Readonly<Record<string, string>>, peer: string | undefined = '10.0.0.1') =>
  behind(new Headers(headers), peer);

describe('The address of a client', () => {
  test.each([
    ['the last that no trusted proxy has', '203.0.113.7, 198.51.100.9, 10.0.0.2', '198.51.100.9'],
    ['not what the client wrote before it', '1.1.1.1, 203.0.113.7', '203.0.113.7'],
    ['the one that a chain of trusted proxies begins with', '203.0.113.7,10.0.0.3 , 192.0.2.1,10.0.0.2', '203.0.113.7'],
    ['one inside the trusted network that asks through a proxy', '10.9.9.9', '10.9.9.9'],
    ['one with a port', '203.0.113.7:4711', '203.0.113.7'],
    ['one of IPv6', '2001:db8::7, 2001:db8:ffff::1', '2001:db8::7'],
    ['one of IPv6 with a port', '[2001:db8::7]:4711', '2001:db8::7'],
    ['nobody, where a proxy withholds it', '203.0.113.7, unknown', undefined],
    ['nobody, where nothing stands in the header', '', undefined],
  ])('is %s', (_, list, address) => {
    expect(of({ 'x-forwarded-for': list })).toBe(address);
  });

  test.each([
    ['for=203.0.113.7;proto=https;by=10.0.0.1', '203.0.113.7'],
    ['for=1.1.1.1, proto=https;For="[2001:db8::7]:4711" , for=10.0.0.2', '2001:db8::7'],
    ['for=_hidden', undefined],
    ['proto=https', undefined],
  ])('stands in Forwarded as well: %s', (forwarded, address) => {
    expect(of({ forwarded })).toBe(address);
    // Most proxies write the other, and leave what a client writes here as it is.
    expect(of({ forwarded, 'x-forwarded-for': '198.51.100.9' })).toBe('198.51.100.9');
  });

  test('is that of the socket without a header, without a trusted proxy there, and without a flag', () => {
    const headers = { 'x-forwarded-for': '203.0.113.7' };
    expect(of({})).toBe('10.0.0.1');
    expect(of(headers, '198.51.100.1')).toBe('198.51.100.1');
    expect(behind(new Headers(headers), undefined)).toBe(undefined);
    expect(clientAddressBehind([])(new Headers(headers), '10.0.0.1')).toBe('10.0.0.1');
  });

  test('is found where the socket of a proxy has its address mapped into IPv6', () => {
    expect(of({ 'x-forwarded-for': '203.0.113.7, ::ffff:10.0.0.2' }, '::ffff:10.0.0.1')).toBe('203.0.113.7');
  });

  test.each(['', 'proxy.example', '10.0.0.0/33', '10.0.0.0/x', '10.0.0/8', '::1/129', '10.0.0.0/8/8', 'fe80::1%eth0'])(
    'asks for no network %p',
    (network) => {
      expect(() => clientAddressBehind([network])).toThrow(TypeError);
    },
  );
});
