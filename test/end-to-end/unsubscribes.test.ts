import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createRuntime, loadDestinations, type CdpEvent, type Outcome } from '../../core/index.ts';
import {
  addressKey,
  addressOf,
  everyFault,
  generate,
  mixes,
  startAdrollEmail,
  type AdrollEmailSimulator,
  type FaultPlan,
} from '../../core/testing/simulators/index.ts';

const count = 1_000;
const dailyBudget = 100;
const account = {
  advertisableEid: 'ADVERTISABLE0000000001',
  apikey: 'simulated-client-id',
  basic: { username: 'simulated-user', password: 'simulated-password' },
};
const keyOf = (event: CdpEvent): string => addressKey(addressOf(event) ?? '');

interface Delivered {
  readonly events: readonly CdpEvent[];
  readonly outcomes: readonly Outcome[];
  readonly vendor: AdrollEmailSimulator;
}

/** One call of a day's unsubscriptions, a quarter of them about an address that came before. */
async function deliver(faults?: FaultPlan): Promise<Delivered> {
  const vendor = await startAdrollEmail({
    ...account,
    seed: 7,
    requestsPerDay: dailyBudget,
    alsoMalformed: (address) => address.toLowerCase().includes('+news'),
    ...(faults === undefined ? {} : { faults }),
  });
  const runtime = createRuntime({
    destinations: await loadDestinations(path.join(import.meta.dirname, '../../destinations')),
    origins: { 'adroll-email': vendor.origin },
    retry: { attempts: 8, baseMs: 1, capMs: 20, retryAfterCapMs: 20, budget: false },
  });
  const opened = runtime.open('adroll-email', {
    advertisableEid: account.advertisableEid,
    auth: { kind: 'basic', ...account.basic, apikey: account.apikey },
    // A tenth of it leaves at once: the vendor's own quota is what holds here.
    dailyRequestBudget: 10 * dailyBudget,
    maxAddresses: 100,
  });
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  const startTime = Date.now() - 3_600_000;
  const events = [...generate({ count, seed: 7, mix: mixes.repeatedUnsubscribes, startTime })];
  const outcomes = await opened.connection.deliver(events);
  await runtime.close();
  await vendor.close();
  return { events, outcomes, vendor };
}

/** What is not as it must be, in words. `refusals` is what may become of an address that the vendor ignores. */
function wrong({ events, outcomes, vendor }: Delivered, refusals: readonly Outcome['kind'][]): string[] {
  return events.flatMap((event, index) => {
    const key = keyOf(event);
    const { kind } = outcomes[index] as Outcome;
    const recorded = vendor.ledger.timesCommitted(key) > 0;
    if (vendor.ignored().has(key))
      return refusals.includes(kind) && !recorded ? [] : [`${index}: ignored, and ${kind}`];
    return kind === 'delivered' && recorded ? [] : [`${index}: ${kind}, ${recorded ? '' : 'not '}recorded`];
  });
}

describe('1,000 unsubscriptions to AdRoll Email', () => {
  test('ADEMAIL-15 ADEMAIL-20 ADEMAIL-24 get the verdict of their address each, in few requests', async () => {
    const run = await deliver();
    expect(wrong(run, ['rejected'])).toEqual([]);
    expect(run.vendor.ignored().size).toBeGreaterThan(50);
    expect(new Set(run.events.map(keyOf)).size).toBeLessThan(count * 0.85);
    expect(run.vendor.requests()).toBe(10);
    expect(run.vendor.refused()).toEqual([]);
  });

  test('get it under 30 % faults too, below the daily budget', async () => {
    const run = await deliver({ rate: 0.3, weights: { ...everyFault, slow: 0, hang: 0 } });
    // An address refused after an attempt whose answer was lost: the outcome of that attempt is unknown.
    expect(wrong(run, ['rejected', 'unknown'])).toEqual([]);
    expect(run.vendor.requests()).toBeGreaterThan(10);
    expect(run.vendor.requests()).toBeLessThanOrEqual(dailyBudget);
  });
});
