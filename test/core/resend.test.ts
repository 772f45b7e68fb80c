// Tests core/runtime/sending/send-batch.ts, where a vendor names the item that it refuses.
import { describe, expect, it } from '@jest/globals';
import { errorTable, decide, type RetryDecision } from '../../core/index.ts';
import { start } from '../../core/testing/kit/manual-clock.ts';
import { yes, type Script } from '../support/runtime/scripted-vendor.ts';
import { acme, testConnection, codes, defects, kinds, tracks } from '../support/runtime/test-connection.ts';

const hundred = { limits: { maxItems: 100, maxBytes: 100_000, maxAgeMs: 1_000 } };
const no = (kind: 'reject' | 'resend' | 'defer'): RetryDecision => decide(kind, 'vendor_rejected', `said ${kind}`);

/** A vendor that takes nothing of a request with a bad item in it, and names one of them. */
const naming = (rest: 'resend' | 'reject' = 'resend', named: 'reject' | 'resend' | 'defer' = 'reject') =>
  acme(
    {
      response: {
        ...errorTable(),
        readReply({ response: { status, body } }, { items }) {
          if (status === 200) return items.map(() => ({ kind: 'accept' }));
          return items.map(({ payload }) => no((payload as { id: string }).id === body ? named : rest));
        },
      },
    },
    hundred,
  );
const refusing =
  (bad: readonly string[]): Script =>
  ({ ids }) => {
    const culprit = bad.find((id) => ids.includes(id));
    return culprit === undefined ? yes : { status: 422, body: culprit };
  };

describe('F-18 a batch that is refused for items it names', () => {
  it('F-18 leaves again at once without them, in one request, and uses up no attempt of the policy', async () => {
    const connection = { retry: { attempts: 1, budget: { ratio: 0, reserve: 0 } } };
    const { deliver, vendor, clock, signals } = testConnection({
      destination: naming(),
      script: refusing(['e3']),
      connection,
    });
    const outcomes = await deliver(tracks(20));
    expect(kinds(outcomes)).toEqual(tracks(20).map((_, n) => (n === 3 ? 'rejected' : 'delivered')));
    expect(outcomes[0]).toMatchObject({ attempts: 2 });
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual([20, 19]);
    expect(clock.now()).toBe(start);
    expect(defects(signals)).toEqual([]);
  });

  it('F-18 does so in the call of a host that tries again itself, too, and in a lane', async () => {
    const { deliver, vendor } = testConnection({ destination: naming(), script: refusing(['e3']) });
    const wanted = tracks(6).map((_, n) => (n === 3 ? 'rejected' : 'delivered'));
    expect(kinds(await deliver(tracks(6), { once: true }))).toEqual(wanted);
    expect(
      kinds(
        await deliver(
          tracks(6, () => ({ lane: 'd' })),
          { once: true },
        ),
      ),
    ).toEqual(wanted);
    expect(vendor.requests).toHaveLength(4);
  });

  it('F-18 is halved after three such rounds', async () => {
    const bad = ['e0', 'e1', 'e2', 'e3', 'e4'];
    const { deliver, vendor } = testConnection({ destination: naming(), script: refusing(bad) });
    expect(kinds(await deliver(tracks(20)))).toEqual(tracks(20).map((_, n) => (n < 5 ? 'rejected' : 'delivered')));
    expect(vendor.requests.slice(0, 6).map(({ ids }) => ids.length)).toEqual([20, 19, 18, 17, 8, 8]);
  });

  it('F-18 goes at once, too, without items that wait for their scope, which come again after the pause', async () => {
    const throttling = acme(
      {
        response: {
          ...errorTable(),
          readReply({ response: { status, body } }, { items }) {
            if (status === 200) return items.map(() => ({ kind: 'accept' }));
            const wait = { afterMs: 5_000, scope: `user:${body}` };
            return items.map(({ scopes }) =>
              scopes?.includes(wait.scope) === true ? decide('retry', 'rate_limited', 'Wait', wait) : no('resend'),
            );
          },
        },
      },
      hundred,
    );
    const { deliver, vendor, clock, signals } = testConnection({
      destination: throttling,
      script: (_, position) => (position === 0 ? { status: 429, body: 'ann' } : yes),
    });
    const events = tracks(8, (n) => ({ scopes: [n < 2 ? 'user:ann' : 'user:bob'] }));
    expect(kinds(await deliver(events))).toEqual(tracks(8).map(() => 'delivered'));
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual([8, 6, 2]);
    expect(clock.now() - start).toBeGreaterThanOrEqual(5_000);
    expect(defects(signals)).toEqual([]);
  });

  it('F-18 keeps the pace as any other request', async () => {
    const pace = { concurrency: 4, timeoutMs: 10_000, rate: { permits: 1, perMs: 5_000, cost: 'request' as const } };
    const paced = naming();
    const destination = { ...paced, manifest: { ...paced.manifest, pace } };
    const { deliver, clock } = testConnection({ destination, script: refusing(['e3']) });
    await deliver(tracks(20));
    expect(clock.now() - start).toBeGreaterThanOrEqual(5_000);
  });

  it.each([
    ['nobody at all', 'resend'],
    ['one that may come again', 'defer'],
  ] as const)('F-18 that names %s is halved, and told as a defect', async (_, named) => {
    const { deliver, vendor, signals } = testConnection({
      destination: naming('resend', named),
      script: refusing(['e3']),
    });
    const outcomes = await deliver(tracks(8));
    expect(codes(outcomes)[3]).toBe(named === 'resend' ? 'rejected: vendor_rejected' : 'deferred: vendor_rejected');
    expect(kinds(outcomes).filter((kind) => kind === 'delivered')).toHaveLength(7);
    expect(vendor.requests.length).toBeLessThanOrEqual(8);
    expect(new Set(defects(signals))).toEqual(new Set(['response']));
  });
});
