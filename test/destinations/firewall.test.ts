import { describe, expect, it } from '@jest/globals';
import type { CdpEvent, Outcome } from '../../core/index.ts';
import { defects } from '../support/runtime/test-connection.ts';
import { accounts, ledgerKey, type Account } from '../support/simulators/accounts.ts';
import { json } from '../../core/testing/simulators/answer.ts';
import { bare } from '../../core/testing/simulators/index.ts';
import { createRandom } from '../../core/testing/simulators/random.ts';
import {
  eventsFor,
  holding,
  hostOver,
  keysOf,
  openStreet,
  page,
  type Street,
} from '../support/destinations/behind-firewall.ts';

const comesBack = (outcome: Outcome | undefined): boolean =>
  outcome?.kind === 'deferred' || outcome?.kind === 'suspended';

/** Hands over again what came back, among five new events, as hosts do; the last outcomes of all. */
async function untilSettled(street: Street, events: readonly CdpEvent[], others: readonly CdpEvent[]) {
  const last = new Map<CdpEvent, Outcome>();
  let left = events;
  for (let round = 0; left.length > 0 && round < 40; round += 1) {
    const given = [...(round === 0 ? [] : others.slice(5 * round - 5, 5 * round)), ...left];
    const outcomes = await street.deliver(given);
    outcomes.forEach((outcome, index) => last.set(given[index] as CdpEvent, outcome));
    left = given.filter((event) => comesBack(last.get(event)));
    await street.clock.run(street.clock.sleep(60_000));
  }
  return last;
}

/** What is wrong with how it ended: `bad` ones are rejected, and the vendor has each of the others once. */
function wrongs(
  account: Account,
  { vendor, signals }: Street,
  endings: ReadonlyMap<CdpEvent, string | undefined>,
  bad: ReadonlySet<CdpEvent>,
): string[] {
  const found = defects(signals);
  for (const [event, kind] of endings) {
    const times = vendor.ledger.timesCommitted(ledgerKey(account, event));
    const right = bad.has(event) ? kind === 'rejected' && times === 0 : kind === 'delivered' && times === 1;
    if (!right) found.push(`${event.messageId} is ${kind}, and ${times} times with the vendor`);
  }
  if (vendor.ledger.duplicates() > 0) found.push(`${vendor.ledger.duplicates()} arrived again`);
  return found;
}

/** What a refused batch of 100 may cost beside the others' requests: per bad event, about twice the depth of the halves. */
const mostPerBad = 20;

describe.each(accounts)('behind a firewall, $slug', (account) => {
  const { slug } = account;
  const limits = slug === 'adjust' ? {} : { maxItems: 25 };
  const places: [string, (count: number) => number[]][] = [
    ['spread', (count) => Array.from({ length: count }, (_, n) => Math.floor(((n + 0.5) * 100) / count))],
    ['together', (count) => Array.from({ length: count }, (_, n) => 30 + n)],
  ];
  const cases = [1, 2, 3, 10].flatMap((count) => places.map(([where, at]) => ({ count, where, at })));

  it.each(cases)(
    'F-09 that refuses $count of 100 events, $where: these are rejected, and each of the others arrives once',
    async ({ count, at }) => {
      const street = await openStreet(account);
      const all = eventsFor(account, 300);
      const events = all.slice(0, 100);
      const bad = new Set(at(count).map((index) => events[index] as CdpEvent));
      street.firewall = holding(keysOf(account, [...bad]));
      const first = await street.deliver(events);
      expect(street.sent().events).toBeLessThanOrEqual((street.one ? 100 : 1) + mostPerBad * count);
      const endings = new Map(events.map((event, index) => [event, first[index]?.kind as string]));
      // In a lane, healthy ones may have to wait behind a bad one. Elsewhere they are there at once.
      if (!street.one) {
        const late = events.filter((event) => endings.get(event) === 'deferred' && !bad.has(event));
        expect(late).toEqual([]);
      }
      const back = events.filter((event) => endings.get(event) === 'deferred');
      for (const [event, { kind }] of await untilSettled(street, back, all.slice(100))) endings.set(event, kind);
      expect(wrongs(account, street, endings, bad)).toEqual([]);
      expect(street.signals.filter(({ kind }) => kind === 'connection_suspended')).toEqual([]);
      expect(street.sent().events).toBeLessThanOrEqual((street.one ? 150 : 1) + mostPerBad * count);
      await street.close();
    },
    20_000,
  );

  const refusals: [string, (street: Street) => void][] = [
    ["the vendor's own words", (street) => void (street.revoked = true)],
    ['a 403 and nothing else', (street) => void (street.firewall = () => bare(403))],
    ['a 403 and JSON', (street) => void (street.firewall = () => json(403, { error: 'forbidden' }))],
    ['a page of HTML', (street) => void (street.firewall = () => page)],
  ];

  it.each(refusals)(
    'F-09 that refuses credentials from the start, in %s: they are suspended after few requests',
    async (how, refuse) => {
      const street = await openStreet(account, limits);
      refuse(street);
      const events = eventsFor(account, 500);
      const outcomes = await street.deliver(events);
      // As many as may be under way at once, and four single events where it could be about one.
      expect(street.sent().events).toBeLessThanOrEqual(street.one ? 34 : 12);
      expect(street.connection.suspended()).toHaveLength(1);
      expect(outcomes.filter((outcome) => !comesBack(outcome))).toEqual([]);
      if (how !== 'a page of HTML') expect(outcomes.every(({ kind }) => kind === 'suspended')).toBe(true);
      expect(street.vendor.ledger.committed()).toBe(0);
      await street.close();
    },
    20_000,
  );

  it.each(refusals)(
    'F-09 that refuses credentials for ten minutes in mid-stream, in %s: few requests, and in the end each event arrives once',
    async (_, refuse) => {
      const street = await openStreet(account, limits);
      const events = eventsFor(account, 600);
      let before = 0;
      let meanwhile = 0;
      const endings = await hostOver(street, events, [], (count) => {
        if (count !== 150) return;
        refuse(street);
        before = street.sent().events;
        street.clock.after(600_000, () => {
          meanwhile = street.sent().events - before;
          street.revoked = false;
          street.firewall = () => undefined;
        });
      });
      // A host probes ten times in ten minutes where the vendor has no check.
      expect(meanwhile).toBeLessThanOrEqual(street.one ? 64 : 16);
      const told = new Map(events.map((event, index) => [event, endings.get(index)?.state]));
      expect(wrongs(account, street, told, new Set())).toEqual([]);
      expect(street.signals.filter(({ kind }) => kind === 'connection_suspended').length).toBeGreaterThan(0);
      await street.close();
    },
    20_000,
  );

  it('F-09 that dislikes one event in three: all of the others arrive once, over one stream of a host', async () => {
    const street = await openStreet(account, limits);
    const events = eventsFor(account, 60);
    const dice = createRandom(5);
    const bad = new Set(events.filter(() => dice.chance(1 / 3)));
    street.firewall = holding(keysOf(account, [...bad]));
    const endings = await hostOver(street, events, eventsFor(account, 500, 2).slice(100));
    const told = new Map(events.map((event, index) => [event, endings.get(index)?.state]));
    expect(wrongs(account, street, told, bad)).toEqual([]);
    expect(street.sent().events).toBeLessThanOrEqual(60 + 2 * mostPerBad * bad.size);
    await street.close();
  }, 20_000);

  it('F-09 that blocks one request in three, whatever it holds: nothing is lost, and nothing arrives twice', async () => {
    const street = await openStreet(account, limits);
    const events = eventsFor(account, 300);
    const dice = createRandom(5);
    street.firewall = () => (dice.chance(1 / 3) ? page : undefined);
    const endings = await hostOver(street, events, eventsFor(account, 800, 2).slice(300));
    const told = new Map(events.map((event, index) => [event, endings.get(index)?.state]));
    // Who was refused twice, and others taken in between, cannot be told from one that a firewall dislikes.
    const refused = new Set(events.filter((event) => told.get(event) === 'rejected'));
    expect(refused.size).toBeLessThanOrEqual(300 / 9);
    expect(wrongs(account, street, told, refused)).toEqual([]);
    expect(street.sent().events).toBeLessThanOrEqual(600);
    await street.close();
  }, 20_000);

  it('F-09 that dislikes one event in fifty of a long stream: a host that puts back what came back loses none', async () => {
    const street = await openStreet(account, limits);
    const events = eventsFor(account, 1_000);
    const bad = new Set(events.filter((_, index) => index % 50 === 7));
    street.firewall = holding(keysOf(account, [...bad]));
    const endings = await hostOver(street, events, eventsFor(account, 1_500, 2).slice(1_000));
    const told = new Map(events.map((event, index) => [event, endings.get(index)?.state]));
    expect(wrongs(account, street, told, bad)).toEqual([]);
    expect(endings.twice).toEqual([]);
    expect(street.sent().events).toBeLessThanOrEqual((street.one ? 1_000 : 40) + mostPerBad * bad.size + 100);
    await street.close();
  }, 20_000);
});
