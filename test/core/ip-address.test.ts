// Tests core/api/person/ip-address.ts: which address of an event is the person's.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  asIp,
  asIpv4,
  clientIpAdvice,
  clientIpOf,
  clientIpv4Of,
  fieldTable,
  ipAddress,
  isBlankIp,
  isPrivateIp,
  payloadBuilder,
  type CdpEvent,
  type JsonValue,
} from '../../core/api/index.ts';

const event = (fields: object): CdpEvent => ({ type: 'track', event: 'Opened', ...fields }) as CdpEvent;

describe('F-63 of several addresses', () => {
  it.each<[JsonValue, string | undefined]>([
    ['203.0.113.7, 10.0.0.1', '203.0.113.7'],
    ['10.0.0.1, 203.0.113.7', '203.0.113.7'],
    ['192.168.1.9,172.16.0.1,100.64.0.1,169.254.1.1,127.0.0.1,203.0.113.7,198.51.100.1', '203.0.113.7'],
    ['fe80::1%eth0, fd00::1, ::1, 2001:db8::7', '2001:db8::7'],
    ['::ffff:10.0.0.1, ::ffff:203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711, 10.0.0.1:80', '203.0.113.7'],
    ['[2001:db8::7]:4711; 10.0.0.1', '2001:db8::7'],
    ['unknown, 203.0.113.7', '203.0.113.7'],
    ['203.0.113.7 10.0.0.1', '203.0.113.7'],
    ['for=203.0.113.7;proto=https;by=198.51.100.1', '203.0.113.7'],
    ['by=198.51.100.1;host=shop.example.com;for=203.0.113.7', '203.0.113.7'],
    ['for=10.0.0.1;proto=https', '10.0.0.1'],
    ['for=unknown, for=203.0.113.7', '203.0.113.7'],
    ['0:0:0:0:0:0:0:0, 203.0.113.7', undefined],
    ['For="[2001:db8::7]:4711", for=198.51.100.1', '2001:db8::7'],
    [['10.0.0.1', '203.0.113.7'], '203.0.113.7'],
    [[7, null, '203.0.113.7'], '203.0.113.7'],
    ['10.0.0.1, 192.168.0.1', undefined],
    ['0.0.0.0, 203.0.113.7', undefined],
    ['no address, none', undefined],
    [', ;', undefined],
    [[], undefined],
    [{}, undefined],
    [true, undefined],
    ['10.0.0.1,'.repeat(40) + '203.0.113.7', undefined],
  ])('the first public one counts: %j is %j', (value, address) => {
    expect(asIp(value)).toBe(address);
    const v4 = address?.includes(':') === true ? undefined : address;
    expect(asIpv4(value)).toBe(v4);
  });

  it('a later one of IPv4 is a proxy, and none of the person, for vendors that take IPv4 only', () => {
    expect(asIpv4('2001:db8::7, 203.0.113.7')).toBeUndefined();
  });

  it.each(['10.0.0.1', ' 192.168.0.1 ', '10.0.0.1,', 'fe80::1', '127.0.0.1'])(
    'a lone private one stays: %j',
    (value) => {
      expect(asIp(value)).toBe(value.trim().replace(',', ''));
    },
  );
});

it('F-63 an address is private where it is of a network of its own', () => {
  const closed = ['10.1.2.3', '172.31.0.1', '192.168.0.1', '127.0.0.1', '169.254.0.1', '100.64.0.1', '255.255.255.255'];
  for (const address of [...closed, '224.0.0.1', '::1', 'fd12::1', 'FE80::1', 'ff02::1', '::'])
    expect([address, isPrivateIp(address)]).toEqual([address, true]);
  const open = ['203.0.113.7', '1.1.1.1', '100.63.0.1', '172.15.0.1', '192.0.2.1', '8.8.8.8', '11.0.0.1', '101.0.0.1'];
  for (const address of [...open, '2001:db8::1', '2606:4700::1111', 'fb00::1'])
    expect([address, isPrivateIp(address)]).toEqual([address, false]);
});

describe("F-63 the person's address", () => {
  it.each<[object, { value: string | undefined; path: string } | undefined]>([
    [{ context: { ip: '203.0.113.7, 10.0.0.1' } }, { value: '203.0.113.7', path: 'context.ip' }],
    [
      { context: { ip: '203.0.113.7' }, request_ip: '198.51.100.1', channel: 'web' },
      { value: '203.0.113.7', path: 'context.ip' },
    ],
    [
      { request_ip: '198.51.100.1', channel: 'web' },
      { value: '198.51.100.1', path: 'request_ip' },
    ],
    [
      { context: { ip: ' ' }, request_ip: '198.51.100.1:80', channel: 'Mobile' },
      { value: '198.51.100.1', path: 'request_ip' },
    ],
    [
      { request_ip: '198.51.100.1', channel: 'browser' },
      { value: '198.51.100.1', path: 'request_ip' },
    ],
    [{ context: { ip: null }, request_ip: '198.51.100.1', channel: 'server' }, undefined],
    [{ request_ip: '198.51.100.1' }, undefined],
    [{ context: { ip: '0.0.0.0' }, request_ip: '198.51.100.1', channel: 'web' }, undefined],
    [
      { context: { ip: 'nowhere' }, request_ip: '198.51.100.1', channel: 'web' },
      { value: undefined, path: 'context.ip' },
    ],
    [
      { request_ip: 7, channel: 'web' },
      { value: undefined, path: 'request_ip' },
    ],
    [{ context: 'text' }, undefined],
    [{}, undefined],
  ])('of %j', (fields, wanted) => {
    expect(clientIpOf(event(fields))).toEqual(wanted);
  });

  it('of IPv6 is there and unusable for vendors that take IPv4 only', () => {
    expect(clientIpv4Of(event({ context: { ip: '2001:db8::7' } }))).toEqual({ value: undefined, path: 'context.ip' });
    expect(clientIpv4Of(event({ context: { ip: '::ffff:203.0.113.7' } }))?.value).toBe('203.0.113.7');
    expect(clientIpv4Of(event({ context: { ip: '::' } }))).toBeUndefined();
  });

  it('is sent with a note where it is private, and left out with one where it is none', () => {
    const fields = fieldTable<{ ip?: string }>([
      { to: 'ip', read: clientIpOf, unusable: 'It is no IP address', unadvised: clientIpAdvice },
    ]);
    const sent = (ip: JsonValue) => {
      const out = payloadBuilder<{ ip?: string }>({}, {});
      fields(event({ context: { ip } }), out);
      return [out.value.ip, out.notes.map(({ code, field, payloadField }) => `${code} ${field} ${payloadField}`)];
    };
    expect(sent('10.0.0.1')).toEqual(['10.0.0.1', ['unadvised context.ip ip']]);
    expect(sent('10.0.0.1, 203.0.113.7')).toEqual(['203.0.113.7', []]);
    expect(sent('nowhere')).toEqual([undefined, ['dropped context.ip ip']]);
    expect(sent('0.0.0.0')).toEqual([undefined, []]);
  });

  it.each<[string, JsonValue, boolean]>([
    ['unknown', 'unknown, 203.0.113.7', true],
    ['unknown of Forwarded', 'proto=https;for=unknown, for="203.0.113.7:80"', true],
    ['a name of its own choice', 'for=_hidden, for=203.0.113.7', true],
    ['unknown behind a private one', '10.0.0.1, unknown, 203.0.113.7', true],
    ['unknown in a list', ['unknown', '203.0.113.7'], true],
    ['unknown behind the person', '203.0.113.7, unknown', false],
    ['no word', '10.0.0.1, 203.0.113.7', false],
    ['no word of Forwarded', 'proto=https;by=198.51.100.1;for=203.0.113.7', false],
    ['no list', '[203.0.113.7]:80', false],
  ])('F-63 is sent with a note where a proxy writes %s: it may be the next proxy', (_, ip, isNoted) => {
    const fields = fieldTable<{ ip?: string }>([{ to: 'ip', read: clientIpOf, unadvised: clientIpAdvice }]);
    for (const [place, part] of [
      ['context.ip', { context: { ip } }],
      ['request_ip', { request_ip: ip, channel: 'web' }],
    ] as const) {
      const out = payloadBuilder<{ ip?: string }>({}, {});
      fields(event(part), out);
      const message = 'The list names no address for a hop before this one, which may be a proxy';
      expect(out.value.ip).toBe('203.0.113.7');
      expect(out.notes).toEqual(isNoted ? [{ code: 'unadvised', field: place, payloadField: 'ip', message }] : []);
    }
  });

  it.each([
    '0.0.0.0',
    '0.0.0.0:80',
    '::',
    '::0',
    '0::0',
    '0:0:0:0:0:0:0:0',
    '0000:0000:0000:0000:0000:0000:0000:0000',
    '::0.0.0.0',
    '[::0]:443',
    '::0%eth0',
    '::ffff:0.0.0.0',
  ])('F-63 is withheld in every spelling of nobody: %s', (ip) => {
    expect([asIp(ip), asIpv4(ip)]).toEqual([undefined, undefined]);
    expect(clientIpOf(event({ context: { ip } }))).toBeUndefined();
    expect(isBlankIp(ipAddress(ip) ?? '')).toBe(true);
  });

  it.each(['', '0', ':', '0.0.0', '::1', '0.0.0.1', '::ffff:0:0:1'])('F-63 nobody is not spelt %j', (text) => {
    expect(isBlankIp(text)).toBe(false);
  });

  it('is read of any JSON without an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (ip, request_ip) => {
        clientIpOf(event({ context: { ip }, request_ip, channel: 'web' }));
      }),
    );
  });
});
