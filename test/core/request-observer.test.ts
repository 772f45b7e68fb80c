import { describe, expect, it } from '@jest/globals';
import { errorTable, type DecidedRequest, type RequestListener, type StartedRequest } from '../../core/index.ts';
import { inTurn, yes, type Script, type ScriptedReply } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  kinds,
  testConnection,
  track,
  tracks,
  type TestDestination,
} from '../support/runtime/test-connection.ts';

interface Told {
  readonly positions: readonly number[];
  decided?: DecidedRequest;
}

/** What a host is told of the requests of one call, in the order in which they left. */
async function toldOf(script: Script, events = tracks(3), destination: TestDestination = acme()) {
  const requests: Told[] = [];
  const onRequest = ({ positions }: StartedRequest): RequestListener => {
    const told: Told = { positions };
    requests.push(told);
    return {
      decided(decided) {
        expect(told.decided).toBeUndefined();
        told.decided = decided;
      },
    };
  };
  const { deliver } = testConnection({ destination, script, runtime: { onRequest }, random: () => 0.5 });
  return { outcomes: await deliver(events), requests };
}

const busy: ScriptedReply = { status: 429, headers: { 'retry-after': '7' } };

describe('What follows from a request', () => {
  it('is that its events are delivered', async () => {
    const { requests } = await toldOf(() => yes);
    expect(requests).toEqual([
      { positions: [0, 1, 2], decided: { settled: [{ positions: [0, 1, 2], outcome: 'delivered' }], open: [] } },
    ]);
  });

  it('is another try of all of them, and the wait before it', async () => {
    const { requests } = await toldOf(inTurn(busy));
    const open = [{ positions: [0, 1, 2], next: 'retry', code: 'rate_limited', afterMs: 7_000 }];
    expect(requests[0]?.decided).toEqual({ settled: [], open });
    expect(requests).toHaveLength(2);
  });

  it('is that they go on in halves, of which a lone one is rejected', async () => {
    const poisoned: Script = ({ ids }) => (ids.includes('e1') ? { status: 400 } : yes);
    const { requests, outcomes } = await toldOf(poisoned, [track('e0'), track('e1'), track('e2')]);
    expect(kinds(outcomes)).toEqual(['delivered', 'rejected', 'delivered']);
    expect(requests[0]?.decided).toEqual({
      settled: [],
      open: [{ positions: [0, 1, 2], next: 'split', code: 'vendor_rejected' }],
    });
    expect(requests.map(({ positions }) => positions)).toEqual([[0, 1, 2], [0, 1], [2], [0], [1]]);
    expect(requests.at(-1)?.decided).toEqual({
      settled: [{ positions: [1], outcome: 'rejected', code: 'vendor_rejected' }],
      open: [],
    });
  });

  it('is that they are suspended', async () => {
    const { requests } = await toldOf(() => ({ status: 401 }));
    expect(requests.map(({ decided }) => decided)).toEqual([
      { settled: [{ positions: [0, 1, 2], outcome: 'suspended', code: 'unauthorized' }], open: [] },
    ]);
  });

  it('is that they are deferred, once they were tried as often as they may be', async () => {
    const { requests } = await toldOf(() => ({ status: 503 }));
    expect(requests).toHaveLength(5);
    const settled = [{ positions: [0, 1, 2], outcome: 'deferred', code: 'vendor_unavailable' }];
    expect(requests.at(-1)?.decided).toEqual({ settled, open: [] });
  });

  it('is told of the last request where a folder sends several', async () => {
    const send: TestDestination['send'] = async ({ items }, _settings, wire) => {
      const request = { method: 'POST', url: 'https://api.vendor.example/events', headers: {} } as const;
      await wire.request(request);
      await wire.request(request);
      return { kind: 'settled', decisions: items.map(() => ({ kind: 'accept' })) };
    };
    const { requests } = await toldOf(() => yes, tracks(1), acme({ send, response: { ...errorTable() } }));
    expect(requests).toEqual([
      { positions: [0] },
      { positions: [0], decided: { settled: [{ positions: [0], outcome: 'delivered' }], open: [] } },
    ]);
  });

  it('costs no event where the listener throws', async () => {
    const thrower = (): never => {
      throw new Error('the traces are down');
    };
    const onRequest = (): RequestListener => ({ ended: thrower, decided: thrower });
    const { deliver } = testConnection({ runtime: { onRequest } });
    expect(kinds(await deliver(tracks(2)))).toEqual(['delivered', 'delivered']);
  });
});
