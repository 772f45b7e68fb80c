import { describe, expect, it } from '@jest/globals';
import { optionReader, usableId, type CdpEvent } from '../../core/api/index.ts';
import { acme } from '../support/runtime/test-connection.ts';

const { manifest } = acme();
const read = optionReader({ ...manifest, displayName: 'Big Acme', slug: 'acme', aliases: ['ACME Cloud'] }, 'token');
const event = (integrations: unknown) => ({ type: 'identify', integrations }) as CdpEvent;

describe('an option for one destination', () => {
  it.each(['Big Acme', 'big_acme', 'acme', 'ACME', 'acmecloud', 'Acme (Actions)'])(
    'is found under the name %s',
    (name) => {
      expect(read(event({ All: true, [name]: { token: 'x' } }))).toEqual({
        path: `integrations.${name}.token`,
        value: 'x',
      });
    },
  );

  it('is the first of several that is there', () => {
    expect(read(event({ acme: { token: ' ' }, ACME: { token: null }, 'Big Acme': { token: 0 } }))?.value).toBe(0);
  });

  it('must pass the cast that the folder gives; the next name is tried', () => {
    const readId = optionReader({ ...manifest, displayName: 'Big Acme', slug: 'acme' }, 'token', usableId);
    expect(readId(event({ acme: { token: false }, 'Big Acme': { token: 7 } }))).toEqual({
      path: 'integrations.Big Acme.token',
      value: '7',
    });
    expect(readId(event({ acme: { token: false } }))).toBeUndefined();
  });

  it.each([[undefined], [null], [{}], [{ acme: true }], [{ acme: [] }], [{ other: { token: 'x' } }], [{ acme: {} }]])(
    'is not made up from %j',
    (integrations) => {
      expect(read(event(integrations))).toBeUndefined();
    },
  );
});
