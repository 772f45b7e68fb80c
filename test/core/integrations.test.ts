import { describe, expect, it } from '@jest/globals';
import { optionReader, type CdpEvent } from '../../core/api/index.ts';
import { acme } from './test-connection.ts';

const { manifest } = acme();
const read = optionReader({ ...manifest, displayName: 'Big Acme', slug: 'acme', aliases: ['ACME Cloud'] }, 'token');
const event = (integrations: unknown) => ({ type: 'identify', integrations }) as CdpEvent;

describe('an option for one destination', () => {
  it.each(['Big Acme', 'big_acme', 'acme', 'ACME', 'acmecloud'])('is found under the name %s', (name) => {
    expect(read(event({ All: true, [name]: { token: 'x' } }))).toEqual({
      path: `integrations.${name}.token`,
      value: 'x',
    });
  });

  it('is the first of several that is there', () => {
    expect(read(event({ acme: true, ACME: { token: null }, 'Big Acme': { token: 0 } }))?.value).toBe(0);
  });

  it.each([[undefined], [null], [{}], [{ acme: true }], [{ acme: [] }], [{ other: { token: 'x' } }], [{ acme: {} }]])(
    'is not made up from %j',
    (integrations) => {
      expect(read(event(integrations))).toBeUndefined();
    },
  );
});
