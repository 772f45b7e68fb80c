import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CdpEvent } from '../../core/api/event.ts';
import { trimInvisible } from '../../core/api/fields/trim-invisible.ts';
import { createGate, type GateOptions } from '../../core/runtime/intake/gate.ts';
import { defaultEventLimits, exceedsLimits } from '../../core/runtime/intake/event-size.ts';
import { eventShape, isEvent, whyNotEvent } from '../../core/runtime/intake/event-shape.ts';
import { acme, track } from '../support/runtime/test-connection.ts';

const { manifest } = acme({}, { slug: 'acme-ads', aliases: ['Acme Inc'] });
const gateOf = (parts: Partial<GateOptions> = {}) =>
  createGate({ manifest, id: 'main', requiredConsent: [], limits: defaultEventLimits, ...parts });
const admissionOf = (event: unknown, parts?: Partial<GateOptions>) => {
  const gate = gateOf(parts);
  const entry = gate.enter(event);
  if (entry.kind === 'skipped' || entry.kind === 'rejected') return entry;
  return gate.refuseType((entry.kind === 'normalized' ? entry.event : (event as CdpEvent)).type) ?? entry;
};
const verdict = (event: unknown, parts?: Partial<GateOptions>): string => {
  const admission = admissionOf(event, parts);
  return 'reason' in admission ? `${admission.kind}: ${admission.reason.code}` : 'admitted';
};

describe('the gate', () => {
  it('skips types the vendor cannot express', () => {
    expect(verdict({ type: 'alias', previousId: 'x' })).toBe('skipped: unsupported_event');
    expect(verdict({ type: 'identify' })).toBe('admitted');
  });

  it.each([
    [{}, 'admitted'],
    [null, 'admitted'],
    [{ All: false }, 'skipped: integration_disabled'],
    [{ all: false }, 'skipped: integration_disabled'],
    [{ All: false, 'Acme Ads': true }, 'admitted'],
    [{ All: false, 'Acme Ads': {} }, 'admitted'],
    [{ All: false, 'acme ads': true }, 'admitted'],
    [{ All: false, acme_ads: true }, 'admitted'],
    [{ All: false, 'acme-ads': true }, 'admitted'],
    [{ All: false, AcmeInc: true }, 'admitted'],
    [{ All: false, main: true }, 'admitted'],
    [{ All: false, Other: true }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': false }, 'skipped: integration_disabled'],
    [{ All: true, 'Acme Ads': false }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': true, 'acme-ads': false }, 'skipped: integration_disabled'],
    [{ Other: false }, 'admitted'],
    [JSON.parse('{"__proto__": false, "constructor": false}'), 'admitted'],
    [{ '': false }, 'admitted'],
  ])('reads integrations %j as %s', (integrations, wanted) => {
    expect(verdict({ ...track('a'), integrations })).toBe(wanted);
  });

  it.each([
    [{ ALL: false }, 'skipped: integration_disabled'],
    [{ ' aLL ': false }, 'skipped: integration_disabled'],
    [{ All: true, ALL: false }, 'skipped: integration_disabled'],
    [{ All: 'false' }, 'skipped: integration_disabled'],
    [{ All: null }, 'skipped: integration_disabled'],
    [{ All: { enabled: false } }, 'skipped: integration_disabled'],
    [{ All: false, 'Acme Ads (Actions)': true }, 'admitted'],
    [{ 'Acme Ads (Actions)': false }, 'skipped: integration_disabled'],
    [{ All: true, 'Acme Ads (Web) ': { enabled: 'False' } }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': 'false' }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': ' NO ' }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': 'off' }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': null }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': 0 }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': { enabled: false } }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': { enabled: true, x: false } }, 'admitted'],
    [{ 'Acme Ads': { x: false } }, 'admitted'],
    [{ 'Acme Ads': 'n' }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': '0' }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': 'off\u200B' }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': { enabled: 'N' } }, 'skipped: integration_disabled'],
    [{ 'Acme Ads': 'y' }, 'admitted'],
    [{ 'Acme Ads': '' }, 'admitted'],
    [{ 'Acme Ads': 'yes' }, 'admitted'],
    [{ 'Acme Ads': 1 }, 'admitted'],
    [{ '(Acme Ads)': false }, 'admitted'],
    [{ 'Other (Acme Ads)': false }, 'admitted'],
    [{ 'Acme (Ads) Other': false }, 'admitted'],
    [{ 'Acme Ads\0': false }, 'skipped: integration_disabled'],
  ])('F-64 reads integrations %j as %s', (integrations, wanted) => {
    expect(verdict({ ...track('a'), integrations })).toBe(wanted);
  });

  it('F-64 knows a connection whose own id ends in parentheses', () => {
    const id = 'main (2)';
    expect(verdict({ ...track('a'), integrations: { [id]: false } }, { id })).toBe('skipped: integration_disabled');
    expect(verdict({ ...track('a'), integrations: { 'main (3)': false } }, { id })).toBe('admitted');
  });

  it.each(['record', 'audiencelist', 'merge', 'Record', ' MERGE '])(
    'F-65 skips an event of type %j, which RudderStack has beside the six, whatever it holds',
    (type) => {
      const admission = admissionOf({ type, userId: {}, fields: { email: 'a@b.co' } });
      expect(admission).toEqual({
        kind: 'skipped',
        reason: {
          code: 'unsupported_event',
          message: `Acme Ads does not take ${type.trim().toLowerCase()} events`,
          field: 'type',
        },
      });
    },
  );

  it('F-65 takes a type in any case', () => {
    expect(verdict({ ...track('a'), type: 'Track' })).toBe('admitted');
    expect(verdict({ type: 'ALIAS' })).toBe('skipped: unsupported_event');
  });

  it.each<[string, unknown, string[], boolean]>([
    ['no answer', {}, ['ads'], false],
    ['no answer and nothing required', {}, [], true],
    ['a yes', { consent: { categoryPreferences: { ads: true } } }, ['ads'], true],
    ['a no', { consent: { categoryPreferences: { ads: false } } }, ['ads'], false],
    ['a yes in words', { consent: { categoryPreferences: { ads: 'true' } } }, ['ads'], false],
    ['a yes to something else', { consent: { categoryPreferences: { mail: true } } }, ['ads'], false],
    ['a yes to one of two', { consent: { categoryPreferences: { ads: true } } }, ['ads', 'mail'], false],
    ['an inherited yes', { consent: { categoryPreferences: {} } }, ['constructor'], false],
    ['preferences that are none', { consent: { categoryPreferences: 'all' } }, ['ads'], false],
    ['consent that is none', { consent: true }, ['ads'], false],
    ['a list of yes', { consentManagement: { allowedConsentIds: ['ads'] } }, ['ads'], true],
    [
      'a list of yes and no',
      { consentManagement: { allowedConsentIds: ['ads'], deniedConsentIds: ['ads'] } },
      ['ads'],
      false,
    ],
    ['one of two, all needed', { consentManagement: { allowedConsentIds: ['ads'] } }, ['ads', 'mail'], false],
    [
      'one of two, any will do',
      { consentManagement: { allowedConsentIds: ['ads'], resolutionStrategy: 'or' } },
      ['ads', 'mail'],
      true,
    ],
    [
      'none of two, any will do',
      { consentManagement: { allowedConsentIds: [], resolutionStrategy: 'or' } },
      ['ads', 'mail'],
      false,
    ],
    ['F-58 a yes with a blank', { consentManagement: { allowedConsentIds: ['ads '] } }, [' ads'], true],
    ['F-58 a key with a blank', { consentManagement: { allowedConsentIds: { 'ads\u200B': true } } }, ['ads'], true],
    [
      'F-58 a key in two spellings, one of them off',
      { consentManagement: { allowedConsentIds: { ads: true, ' ads': false } } },
      ['ads'],
      false,
    ],
    ['F-58 a preference with a blank', { consent: { categoryPreferences: { 'ads ': true } } }, ['ads'], true],
    ['F-58 a setting with a blank', { consent: { categoryPreferences: { ads: true } } }, ['ads '], true],
    [
      'F-58 a preference in two spellings, one of them off',
      { consent: { categoryPreferences: { ads: true, 'ads ': false } } },
      ['ads'],
      false,
    ],
    ['ids as keys', { consentManagement: { allowedConsentIds: { ads: true } } }, ['ads'], true],
    ['ids as keys, switched off', { consentManagement: { allowedConsentIds: { ads: false } } }, ['ads'], false],
    ['management that is none', { consentManagement: 'yes' }, ['ads'], false],
    [
      'null in place of management',
      { consent: { categoryPreferences: { ads: true } }, consentManagement: null },
      ['ads'],
      true,
    ],
    [
      'null in place of preferences',
      { consent: null, consentManagement: { allowedConsentIds: ['ads'] } },
      ['ads'],
      true,
    ],
    ['null twice', { consent: null, consentManagement: null }, ['ads'], false],
    [
      'two answers that disagree',
      { consent: { categoryPreferences: { ads: true } }, consentManagement: { allowedConsentIds: [] } },
      ['ads'],
      false,
    ],
  ])('asks for consent: %s', (_, context, requiredConsent, wanted) => {
    expect(verdict({ ...track('a'), context }, { requiredConsent })).toBe(
      wanted ? 'admitted' : 'skipped: consent_denied',
    );
  });

  const management = (parts: object) => ({ consentManagement: { allowedConsentIds: ['ads'], ...parts } });

  it.each([null, 0, 1, '', 'denied', 'true', 'Advertising', [], {}, [true]])(
    'F-04 takes only true for a yes where an object maps the ids: %j is none',
    (value) => {
      const requiredConsent = ['ads'];
      const context = management({ allowedConsentIds: { ads: value } });
      expect(verdict({ ...track('a'), context }, { requiredConsent })).toBe('skipped: consent_denied');
    },
  );

  it.each<[string, object, boolean]>([
    ['a text', management({ deniedConsentIds: 'ads' }), false],
    ['a text of several', management({ deniedConsentIds: 'mail, ads' }), false],
    ['a text of others', management({ deniedConsentIds: 'mail' }), true],
    ['a text of several in a list', management({ deniedConsentIds: ['mail, ads'] }), false],
    ['a text that is JSON', management({ deniedConsentIds: '["ads"]' }), false],
    ['a text of JSON in a list', management({ deniedConsentIds: ['{"id":"ads"}'] }), false],
    ['an empty text', management({ deniedConsentIds: '' }), true],
    ['blanks around it', management({ deniedConsentIds: [' ads '] }), false],
    ['a key', management({ deniedConsentIds: { ads: true } }), false],
    ['a key with an odd value', management({ deniedConsentIds: { ads: null } }), false],
    ['a key that is switched off', management({ deniedConsentIds: { ads: false } }), true],
    ['a number', management({ deniedConsentIds: 7 }), false],
    ['a list of objects', management({ deniedConsentIds: [{ id: 'ads' }] }), false],
    ['null', management({ deniedConsentIds: null }), true],
  ])('F-04 denies what is denied in any form, and all where the form is not understood: %s', (_, context, wanted) => {
    expect(verdict({ ...track('a'), context }, { requiredConsent: ['ads'] })).toBe(
      wanted ? 'admitted' : 'skipped: consent_denied',
    );
  });

  it('F-04 denies an id that is a number in the list of the denied', () => {
    const context = management({ allowedConsentIds: ['4'], deniedConsentIds: [4] });
    expect(verdict({ ...track('a'), context }, { requiredConsent: ['4'] })).toBe('skipped: consent_denied');
  });

  it.each<[unknown, 'one is enough' | 'all are needed' | 'nobody knows']>([
    ['or', 'one is enough'],
    ['ANY', 'one is enough'],
    [' Or ', 'one is enough'],
    ['or\u200B', 'one is enough'],
    ['and', 'all are needed'],
    ['All', 'all are needed'],
    [null, 'all are needed'],
    ['xor', 'nobody knows'],
    ['', 'nobody knows'],
    [1, 'nobody knows'],
    [['or'], 'nobody knows'],
  ])('F-04 knows the strategy %j: %s', (resolutionStrategy, wanted) => {
    const admits = (allowedConsentIds: readonly string[]): boolean => {
      const context = management({ allowedConsentIds, resolutionStrategy });
      return verdict({ ...track('a'), context }, { requiredConsent: ['ads', 'mail'] }) === 'admitted';
    };
    expect(admits(['ads'])).toBe(wanted === 'one is enough');
    expect(admits(['ads', 'mail'])).toBe(wanted !== 'nobody knows');
  });

  it('asks nothing of the inside of an event that is too large or too deep', () => {
    const integrations = { 'Acme Ads': false, pad: 'x'.repeat(2_000_000) };
    expect(verdict({ ...track('a'), integrations })).toBe('rejected: payload_too_large');
  });
});

describe('the shape of an event', () => {
  const odd = fc.oneof(
    fc.constantFrom(undefined, null, '', ' ', '\u200B', 'track', 0, true, {}, [], () => 1, Symbol('x')),
    fc.string(),
    fc.object({ maxDepth: 1 }),
  );
  const fields = ['event', 'name', 'messageId', 'timestamp', 'originalTimestamp', 'sentAt', 'receivedAt', 'userId'];
  const more = ['anonymousId', 'context', 'integrations', 'properties', 'traits', 'other'];
  const event = fc.record(Object.fromEntries([...fields, ...more].map((name) => [name, odd])), { requiredKeys: [] });
  const type = fc.constantFrom('track', 'identify', 'page', 'screen', 'group', 'alias', 'toString', '', null, 1);

  it('is judged the same by the quick check and by the schema', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          odd,
          fc.tuple(type, event).map(([kind, rest]) => ({ type: kind, ...rest })),
        ),
        (value) => {
          const named = (value as { type?: unknown; event?: unknown } | null | undefined) ?? {};
          const blank =
            named.type === 'track' && (typeof named.event !== 'string' || trimInvisible(named.event) === '');
          expect(isEvent(value)).toBe(eventShape().safeParse(value).success && !blank);
          if (!isEvent(value))
            expect(whyNotEvent(value)).toMatchObject({ kind: 'rejected', reason: { message: expect.any(String) } });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each<[unknown, string | undefined, string]>([
    [{ type: 'track' }, 'event', 'missing_field'],
    [{ type: 'track', event: '\u200B' }, 'event', 'missing_field'],
    [{ type: 'track', event: 'x', context: 'y' }, 'context', 'invalid_value'],
    [{ type: 'page', messageId: { secret: 'value' } }, 'messageId', 'invalid_value'],
    ['text', undefined, 'invalid_value'],
  ])('that %j does not have is told by its path, never by its value', (value, field, code) => {
    expect(isEvent(value)).toBe(false);
    const { reason } = whyNotEvent(value);
    expect(reason).toMatchObject({ code });
    expect('field' in reason ? reason.field : undefined).toBe(field);
    expect(reason.message).not.toContain('secret');
  });
});

describe('the size of an event', () => {
  const limits = { maxBytes: 1_000, maxDepth: 5 };
  const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });

  it('is measured in UTF-8 bytes, as JSON would write it', () => {
    expect(exceedsLimits({ a: 'x'.repeat(980) }, limits)).toBeUndefined();
    expect(exceedsLimits({ a: 'x'.repeat(1_000) }, limits)).toBe('too large');
    expect(exceedsLimits({ a: 'é'.repeat(490) }, limits)).toBeUndefined();
    expect(exceedsLimits({ a: 'é'.repeat(500) }, limits)).toBe('too large');
    expect(exceedsLimits({ ['k'.repeat(1_000)]: 1 }, limits)).toBe('too large');
  });

  it('counts levels, and stops at the limit', () => {
    expect(exceedsLimits(nested(5), limits)).toBeUndefined();
    expect(exceedsLimits(nested(6), limits)).toBe('too deep');
    expect(exceedsLimits(nested(5_000), limits)).toBe('too deep');
  });

  it('ends for events that are cyclic, wide, or share their parts', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['a'] = cyclic;
    expect(exceedsLimits(cyclic, defaultEventLimits)).toBe('too deep');
    let shared: unknown = 'x';
    for (let level = 0; level < 40; level++) shared = [shared, shared];
    expect(exceedsLimits({ shared }, defaultEventLimits)).toBe('too large');
    expect(exceedsLimits({ wide: Array(2_000_000).fill(1) }, defaultEventLimits)).toBe('too large');
    expect(exceedsLimits({ sparse: Array(4_000_000_000) }, defaultEventLimits)).toBe('too large');
  });

  it.each([[1n], [Symbol('x')], [() => 1]])('is not asked of %p, which JSON cannot carry', (value) => {
    expect(exceedsLimits({ list: [value] }, defaultEventLimits)).toBe('not JSON');
  });

  it.each<[string, object]>([
    ['a typed array', new Uint8Array(2e6)],
    ['a Buffer', Buffer.alloc(2e6)],
    ['a DataView', new DataView(new ArrayBuffer(8))],
    ['a text as an object', Object('x'.repeat(2e6))],
  ])('F-32 is not asked of %s, whose every byte would be read as a member', (_, value) => {
    const startedAt = performance.now();
    expect(exceedsLimits({ list: [value] }, defaultEventLimits)).toBe('not JSON');
    expect(performance.now() - startedAt).toBeLessThan(100);
  });

  class Shop {
    readonly name = 'x';
    get country(): string {
      return 'DE';
    }
  }
  class WrittenShop extends Shop {
    toJSON(): string {
      return this.country;
    }
  }
  it.each<[string, object]>([
    ['a class with getters', new Shop()],
    ['a class that inherits getters', new (class extends Shop {})()],
    ['members of a prototype', Object.create({ country: 'DE' })],
    ['members of a prototype without one', Object.create(Object.create(null, { country: { value: 'DE' } }))],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['an Error', new Error('x')],
  ])('F-32 is not asked of %s, of which a copy and JSON lose a part', (_, value) => {
    expect(exceedsLimits({ list: [value] }, defaultEventLimits)).toBe('not JSON');
    expect(exceedsLimits(value, defaultEventLimits)).toBe('not plain');
  });

  it.each<[string, object]>([
    [
      'a class with methods alone',
      new (class Plain {
        name = 'x';
        greet() {
          return this.name;
        }
      })(),
    ],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['what comes from another realm', runInNewContext('({ a: { b: 1 } })') as object],
    ['a Date', new Date(0)],
    ['a part that writes itself as JSON', new WrittenShop()],
  ])('F-32 is asked of %s', (_, value) => {
    expect(exceedsLimits({ list: [value] }, defaultEventLimits)).toBeUndefined();
  });

  it('F-67 comes with whether U+0000 is in a text or a key, unless there is more to say', () => {
    expect(exceedsLimits({ a: { b: ['x\0'] } }, defaultEventLimits)).toBe('has U+0000');
    expect(exceedsLimits({ a: { 'b\0': 1 } }, defaultEventLimits)).toBe('has U+0000');
    expect(exceedsLimits({ a: 'x\0', b: 'x'.repeat(1_000) }, limits)).toBe('too large');
    expect(exceedsLimits({ a: '\\0 0' }, defaultEventLimits)).toBeUndefined();
  });

  it('never lets more through than half over the limit, nor refuses what is half as big', () => {
    fc.assert(
      fc.property(
        fc.object({ maxDepth: 4, values: [fc.string(), fc.boolean(), fc.constant(null), fc.double()] }),
        (event) => {
          const bytes = Buffer.byteLength(JSON.stringify(event));
          const verdict = (maxBytes: number) => exceedsLimits(event, { maxBytes, maxDepth: 64 });
          expect(verdict(Math.floor(bytes / 3) - 1)).toBe('too large');
          expect(verdict(bytes * 4 + 10)).toBeUndefined();
        },
      ),
    );
  });
});
