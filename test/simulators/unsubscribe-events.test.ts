import { describe, expect, it } from '@jest/globals';
import type { CdpEvent, JsonObject } from '../../core/api/index.ts';
import {
  addressKey,
  addressOf,
  generate,
  generateLabelled,
  mixes,
  startAdrollEmail,
  userIdOf,
  type EventKind,
} from '../../core/testing/simulators/index.ts';
import { send } from '../support/simulators/send.ts';

const ofKind = (kind: EventKind, count = 40): readonly CdpEvent[] => [
  ...generate({ count, mix: { [kind]: 1 }, people: 50, phones: 2 }),
];
const keyOf = (event: CdpEvent): string => addressKey(addressOf(event) ?? '');
const propertiesOf = (event: CdpEvent): JsonObject => ('properties' in event ? (event.properties ?? {}) : {});
const traitsOf = (event: CdpEvent): JsonObject => (event.type === 'identify' ? (event.traits ?? {}) : {});
const contextTraitsOf = (event: CdpEvent): JsonObject => (event.context?.['traits'] ?? {}) as JsonObject;
const nameOf = (event: CdpEvent): string => (event.type === 'track' ? event.event : event.type);
const looksRight = /^[\w'.+-]+@(?:[a-z]+\.)+[a-z]+$/i;

/** What a vendor answers to these addresses, sent together. */
async function answerTo(addresses: readonly string[]): Promise<{ ignored: readonly string[]; kept: number }> {
  const vendor = await startAdrollEmail({ advertisableEid: 'ADV', personalAccessToken: 'pat', mostAddresses: 10_000 });
  try {
    const { status, body } = await send(vendor, {
      path: '/sendroll/api/v1/advertisables/ADV/unsubscribers',
      headers: { authorization: 'Token pat', 'content-type': 'application/json' },
      body: JSON.stringify(addresses),
    });
    expect([status, vendor.refused()]).toEqual([200, []]);
    return { ...(JSON.parse(body) as { ignored: readonly string[] }), kept: vendor.ledger.committed() };
  } finally {
    await vendor.close();
  }
}

describe('events of people who want no more e-mail', () => {
  it.each<[EventKind, string, string]>([
    ['unsubscribe-web', 'Unsubscribed', 'context'],
    ['unsubscribe-mail', 'Email Unsubscribed', 'properties'],
    ['unsubscribe-spam', 'Email Marked as Spam', 'properties'],
    ['unsubscribe-trait', 'identify', 'traits and context'],
    ['unsubscribe-subscribed-trait', 'identify', 'traits and context'],
  ])('%s is called %s and has the address in %s', (kind, name, places) => {
    for (const event of ofKind(kind)) {
      const found = { properties: propertiesOf(event), traits: traitsOf(event), context: contextTraitsOf(event) };
      const having = Object.entries(found).filter(([, place]) => place['email'] !== undefined);
      expect([nameOf(event), having.map(([place]) => place).join(' and ')]).toEqual([name, places]);
      expect(new Set(having.map(([, place]) => place['email']))).toEqual(new Set([addressOf(event)]));
      expect(addressOf(event)).toMatch(looksRight);
    }
  });

  it('say it in one trait or the other', () => {
    const said = (kind: EventKind): readonly unknown[] => {
      const traits = traitsOf(ofKind(kind, 1)[0] as CdpEvent);
      return [traits['unsubscribed'], traits['email_subscribed']];
    };
    expect(said('unsubscribe-trait')).toEqual([true, undefined]);
    expect(said('unsubscribe-subscribed-trait')).toEqual([undefined, false]);
    expect(said('resubscribe-trait')).toEqual([false, undefined]);
    expect(said('resubscribe-subscribed-trait')).toEqual([undefined, true]);
  });

  it('come from browsers and mail services of both dialects, each traceable', () => {
    const events = [...generate({ count: 2000, mix: mixes.mixedUnsubscribes })];
    const libraries = new Set(events.map(({ context }) => ((context?.['library'] ?? {}) as JsonObject)['name']));
    expect([...libraries].map(String).sort()).toEqual([
      '@rudderstack/rudder-sdk-node',
      '@segment/analytics-node',
      'RudderLabs JavaScript SDK',
      'analytics.js',
    ]);
    expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(events.length);
    expect(events.filter(({ messageId, userId }) => userId !== userIdOf(messageId ?? ''))).toEqual([]);
    expect(
      events.filter((event) => event.type === 'track' && propertiesOf(event)['message_id'] !== event.messageId),
    ).toEqual([]);
  });

  it('have an address of their own each, whatever the letter case, that a vendor takes', async () => {
    const addresses = [...generate({ count: 5000, mix: mixes.unsubscribes, people: 20 })].map(
      (event) => addressOf(event) ?? '',
    );
    expect(new Set(addresses.map(addressKey)).size).toBe(5000);
    expect(addresses.some((address) => address !== address.toLowerCase())).toBe(true);
    expect(await answerTo(addresses)).toEqual({ ignored: [], kept: 5000 });
  });

  it('are other people for another seed, and the same for the same', () => {
    const first = (seed: number): readonly (string | undefined)[] =>
      [...generate({ count: 20, mix: mixes.unsubscribes, seed })].map(addressOf);
    expect(first(1)).toEqual(first(1));
    expect(first(2)).not.toEqual(first(1));
  });

  it('repeat, in one mix, an address of shortly before in another letter case', () => {
    const labelled = [...generateLabelled({ count: 4000, mix: mixes.repeatedUnsubscribes })];
    const seen = new Map<string, Set<string>>();
    let repeats = 0;
    for (const { kind, event } of labelled) {
      const spelled = addressOf(event) ?? '';
      const before = seen.get(keyOf(event)) ?? new Set();
      if (before.size > 0) repeats += 1;
      if (!kind.endsWith('-again')) expect(before.has(spelled)).toBe(false);
      seen.set(keyOf(event), before.add(spelled));
    }
    expect(Math.max(...[...seen.values()].map(({ size }) => size))).toBe(2);
    expect(repeats / labelled.length).toBeGreaterThan(0.15);
    expect(repeats / labelled.length).toBeLessThan(0.3);
  });

  it.each<EventKind>(['unsubscribe-malformed', 'unsubscribe-malformed-trait'])(
    '%s has an address that the vendor ignores, and nobody else has',
    async (kind) => {
      const addresses = ofKind(kind, 100).map((event) => addressOf(event) ?? '');
      expect(await answerTo(addresses)).toEqual({ ignored: addresses, kept: 0 });
    },
  );

  it('are padded, hashed, without address or opting in, where they are odd', () => {
    for (const event of ofKind('unsubscribe-padded')) {
      expect(addressOf(event)).toMatch(/^ \S+\n$/);
      expect(keyOf(event)).toMatch(looksRight);
    }
    const digests = ofKind('unsubscribe-hashed').map((event) => addressOf(event) ?? '');
    expect(new Set(digests.map(({ length }) => length))).toEqual(new Set([32, 64]));
    expect(digests.filter((each) => !/^[0-9a-f]+$/.test(each))).toEqual([]);
    expect(ofKind('unsubscribe-no-address').map(addressOf)).toEqual(Array.from({ length: 40 }, () => undefined));
    expect(nameOf(ofKind('resubscribe-web', 1)[0] as CdpEvent)).toBe('Resubscribed');
    expect(nameOf(ofKind('resubscribe-mail', 1)[0] as CdpEvent)).toBe('Email Resubscribed');
  });
});
