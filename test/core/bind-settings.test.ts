import { describe, expect, it } from '@jest/globals';
import type { AnyDestination } from '../../core/api/destination.ts';
import { bindSettings } from '../../core/runtime/bind-settings.ts';
import type { HostParts } from '../../core/runtime/host-parts.ts';
import { accessTo, type VendorAccess } from '../../core/runtime/vendor-access.ts';
import { acme } from '../support/runtime/test-connection.ts';

const hostWith = (...access: readonly (readonly [string, VendorAccess])[]) =>
  ({ access: new Map(access) }) as unknown as HostParts;

const bindTo = (host: HostParts) =>
  bindSettings(host, {
    destination: acme() as unknown as AnyDestination,
    config: { account: 'a-1' },
    connectionOptions: {},
    id: 'acme',
    rules: undefined,
  });

const pace = { concurrency: 1, timeoutMs: 1_000 };

describe('bindSettings()', () => {
  it('judges the URL of a request that is known before any event', () => {
    const urls: string[] = [];
    const target = (url: string) => {
      urls.push(url);
      return { origin: 'https://acme.example', path: '/' };
    };
    bindTo(hostWith(['acme', { pace, target }]));
    expect(urls).toEqual([expect.stringMatching(/^https:/)]);
  });

  it('throws without a host check for the destination, and does not go on unchecked', () => {
    const target = () => ({ origin: 'https://acme.example', path: '/' });
    expect(() => bindTo(hostWith())).toThrow('the runtime was made without the destination "acme"');
    expect(() => bindTo(hostWith(['other', { pace, target }]))).toThrow('without the destination "acme"');
  });
});

describe('accessTo()', () => {
  it('returns what the host allows of the vendor, and throws for one that it does not know', () => {
    const access: VendorAccess = { pace, target: () => ({ origin: 'https://acme.example', path: '/' }) };
    const host = hostWith(['acme', access]);
    expect(accessTo(host, 'acme')).toBe(access);
    expect(() => accessTo(host, 'constructor')).toThrow('without the destination "constructor"');
  });
});
