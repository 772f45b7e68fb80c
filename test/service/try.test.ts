// Tests core/service/routes/try.ts and example-events.ts, with the vendors that `spillway serve` gives them.
import { afterEach, describe, expect, test } from '@jest/globals';
import { builtInDirectory, destinationFolders, loadDestinations } from '../../core/index.ts';
import { trialsIn } from '../../core/hosts/cli/serve/simulators.ts';
import { readTokens, trialFaults, type TrialFaultKind } from '../../core/service/index.ts';
import { eventOf, loadDemo, type CanonicalEventName } from '../../core/testing/index.ts';
import { testDestinations, testSettings } from '../support/cli/workspace.ts';
import { letter, startService, type UnderTest, type UnderTestOptions } from '../support/service/service-under-test.ts';

let under: UnderTest | undefined;
afterEach(async () => {
  await under?.stop();
  under = undefined;
});

const directories = [builtInDirectory(), testDestinations, 'docs/examples', 'test/support/contract'] as const;
const folders = destinationFolders(...directories);
const destinations = loadDestinations(...directories);

const start = async (options: UnderTestOptions = {}): Promise<UnderTest> => {
  under = await startService({ destinations: await destinations, trials: trialsIn(await folders), ...options });
  return under;
};

interface Report {
  readonly vendor: string;
  readonly outcomes: readonly { readonly kind: string; readonly eventId: string; readonly reason?: { code: string } }[];
  readonly requests: readonly {
    readonly request: number;
    readonly events: readonly number[];
    readonly attempt: number;
    readonly startMs: number;
    readonly waitedMs: number;
    readonly endMs: number;
    readonly status?: number;
    readonly failure?: string;
    readonly code?: string;
    readonly decided: {
      readonly settled: readonly { readonly positions: readonly number[]; readonly outcome: string }[];
      readonly open: readonly { readonly positions: readonly number[]; readonly next: string; afterMs?: number }[];
    };
  }[];
  readonly suspended: readonly { readonly reason: { readonly code: string } }[];
  readonly ledger: {
    readonly entries: readonly { readonly id: string; readonly committed: boolean; readonly fault?: string }[];
    readonly distinct: number;
    readonly duplicates: number;
    readonly refused: readonly object[];
  };
}

/** Answers the report, or the problem. */
async function tried(input: object, headers: Readonly<Record<string, string>> = {}): Promise<Report> {
  const response = await (under ?? (await start())).ask('POST', '/v1/try', input, headers);
  return (await response.json()) as Report;
}

/** Three events that a vendor takes, of three devices. */
const eventsFor = (slug: string, count = 3): readonly object[] => {
  const base: CanonicalEventName = slug === 'adjust' ? 'order-completed-ios' : 'order-completed-web';
  const timestamp = new Date(Date.now() - 60_000).toISOString();
  return Array.from({ length: count }, (_, n) =>
    slug === 'adroll-email'
      ? {
          type: 'track',
          event: 'Email Unsubscribed',
          messageId: `m-${n}`,
          timestamp,
          context: { traits: { email: `m-${n}@example.com` } },
        }
      : eventOf(base, {
          messageId: `m-${n}`,
          userId: `u-m-${n}`,
          timestamp,
          originalTimestamp: timestamp,
          'properties.order_id': `order-${n}`,
          ...(slug === 'adjust' ? { 'context.device.advertisingId': `0000000${n}-1111-4222-8333-444455556666` } : {}),
        }),
  );
};

const configOf = async (slug: string) => loadDemo((await folders).get(slug) as string).settings;
const trialOf = async (slug: string, kind?: TrialFaultKind, requests: number | 'all' = 1) => ({
  destination: slug,
  config: await configOf(slug),
  events: eventsFor(slug),
  ...(kind === undefined ? {} : { fault: { kind, requests } }),
});
const kindsOf = ({ outcomes }: Report) => outcomes.map(({ kind }) => kind);

const vendors = ['adjust', 'adroll', 'adroll-email', 'rokt'] as const;

describe('A trial at a simulator', () => {
  test.each(vendors)('delivers to %s, and says what it has', async (slug) => {
    const report = await tried(await trialOf(slug));
    expect(report).toMatchObject({ vendor: 'simulator', suspended: [], defects: [] });
    expect(kindsOf(report)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(report.ledger).toMatchObject({ distinct: 3, duplicates: 0, refused: [] });
    expect(new Set(report.requests.flatMap(({ events }) => events))).toEqual(new Set([0, 1, 2]));
    for (const { startMs, endMs } of report.requests) expect(endMs).toBeGreaterThanOrEqual(startMs);
  });

  test.each(vendors)(
    'shows that %s refuses the credentials, and that the connection waits for a person',
    async (slug) => {
      const report = await tried(await trialOf(slug, 'unauthorized-401', 'all'));
      expect(kindsOf(report)).toEqual(['suspended', 'suspended', 'suspended']);
      expect(report.suspended).toMatchObject([{ reason: { code: 'unauthorized' } }]);
      expect(report.requests[0]).toMatchObject({ status: 401, decided: { settled: [{ outcome: 'suspended' }] } });
      expect(report.ledger.distinct).toBe(0);
    },
  );

  test.each(vendors)('shows the pause that %s asks for, and the try after it', async (slug) => {
    const report = await tried(await trialOf(slug, 'throttled-429-seconds'));
    expect(kindsOf(report)).toEqual(['delivered', 'delivered', 'delivered']);
    const [first] = report.requests;
    expect(first).toMatchObject({ request: 1, attempt: 1, status: 429, decided: { open: [{ next: 'retry' }] } });
    expect(first?.decided.open[0]?.afterMs).toBeGreaterThanOrEqual(1_000);
    const again = report.requests.find(({ attempt }) => attempt === 2);
    expect(again?.events).toEqual(first?.events);
    expect(again?.waitedMs).toBeGreaterThanOrEqual(990);
    expect(report.ledger).toMatchObject({ distinct: 3, duplicates: 0 });
  });

  test.each(
    vendors.flatMap((slug) =>
      (['error-500', 'unavailable-503', 'reset-before-commit'] as const).map((kind) => [slug, kind] as const),
    ),
  )('shows that %s gets the events again after %s', async (slug, kind) => {
    const report = await tried(await trialOf(slug, kind));
    // A reset does not say that nothing arrived: where a repeat does harm, the event is not sent again.
    const lost = slug === 'adjust' && kind === 'reset-before-commit';
    expect(kindsOf(report).filter((outcome) => outcome !== 'delivered')).toEqual(lost ? ['unknown'] : []);
    expect(report.requests[0]).toMatchObject(
      kind === 'reset-before-commit'
        ? { failure: 'network', code: 'ECONNRESET' }
        : { status: kind === 'error-500' ? 500 : 503 },
    );
    expect(report.ledger).toMatchObject({ distinct: lost ? 2 : 3, duplicates: 0 });
    expect(report.ledger.entries.find(({ fault }) => fault === kind)).toMatchObject({ committed: false });
  });

  test.each(
    vendors.flatMap((slug) =>
      (['reset-after-commit', 'truncated-body', 'bad-gateway-502', 'garbage-body'] as const).map(
        (kind) => [slug, kind] as const,
      ),
    ),
  )('shows what %s has twice, or what may have arrived, after %s', async (slug, kind) => {
    const report = await tried(await trialOf(slug, kind));
    const { duplicates, distinct } = report.ledger;
    expect(distinct).toBe(3);
    // Adjust counts a repeat; AdRoll answers 200 with a page to what it may have taken, and knows no duplicates.
    if (slug === 'adjust' || (slug === 'adroll' && kind === 'garbage-body')) {
      const [first] = report.requests;
      expect(kindsOf(report).filter((outcome) => outcome === 'unknown')).toHaveLength(first?.events.length ?? 0);
      expect(duplicates).toBe(0);
    } else {
      expect(kindsOf(report)).toEqual(['delivered', 'delivered', 'delivered']);
      expect(duplicates).toBe(report.requests[0]?.events.length);
    }
  });

  test.each(vendors)('shows that a yes of %s with a no in it is no delivery', async (slug) => {
    const report = await tried({ ...(await trialOf(slug, 'error-inside-2xx', 'all')), within: 2_000 });
    expect(kindsOf(report)).not.toContain('delivered');
    expect(report.ledger.distinct).toBe(0);
    expect(report.requests[0]?.status).toBeLessThan(300);
  });

  test.each(vendors)('shows which single events %s refuses', async (slug) => {
    const report = await tried(await trialOf(slug, 'items-refused', 'all'));
    expect(kindsOf(report)).toEqual(['rejected', 'delivered', 'rejected']);
    expect(report.ledger).toMatchObject({ distinct: 1, duplicates: 0 });
    // AdRoll Email names them in a yes.
    if (slug !== 'adroll-email') expect(JSON.stringify(report.ledger.refused)).toContain('not taken today');
  });

  test.each(vendors)('ends where %s never answers', async (slug) => {
    const report = await tried({ ...(await trialOf(slug, 'hang', 'all')), within: 1_000 });
    expect(kindsOf(report)).not.toContain('delivered');
    expect(report.requests[0]).toMatchObject({ failure: 'timeout' });
  });

  test('shows a page before the vendor, and what settles whether it is about the credentials', async () => {
    const report = await tried(await trialOf('rokt', 'firewall-403', 'all'));
    expect(report.requests[0]).toMatchObject({ status: 403, decided: { open: [{ next: 'question' }] } });
    expect(report.requests.length).toBeGreaterThan(1);
    expect(kindsOf(report)).not.toContain('delivered');
  });

  test('leaves nothing open: neither a socket nor a timer', async () => {
    await start();
    // Who else has something to do in this very turn is no matter.
    const open = () =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => kind !== 'Immediate')
        .sort()
        .join();
    await tried(await trialOf('rokt'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = open();
    for (const kind of ['throttled-429-seconds', 'hang', 'reset-after-commit'] as const)
      await tried({ ...(await trialOf('rokt', kind, 'all')), within: 500 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(open()).toBe(before);
  });

  test('ends with its client', async () => {
    const { service } = await start();
    const client = new AbortController();
    const startedAt = performance.now();
    const body = JSON.stringify({ ...(await trialOf('rokt', 'throttled-429-seconds', 'all')), within: 30_000 });
    const headers = { 'content-type': 'application/json' };
    const request = new Request('http://127.0.0.1:9090/v1/try', {
      method: 'POST',
      body,
      headers,
      signal: client.signal,
    });
    const answer = service.fetch(request);
    setTimeout(() => client.abort(), 200);
    await answer;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('A trial at a destination without a simulator', () => {
  const order = eventOf('order-completed-web', { messageId: 'm-1' });
  const lighthouse = { destination: 'lighthouse', config: { account: 'account-1', token: 'token-1' } };

  test('is answered by what its folder has recorded, and fails as any other', async () => {
    const report = await tried({ ...lighthouse, events: [order], fault: { kind: 'error-500', requests: 1 } });
    expect(report).toMatchObject({ vendor: 'recorded', ledger: { distinct: 1 } });
    expect(kindsOf(report)).toEqual(['delivered']);
    expect(report.requests.map(({ status }) => status)).toEqual([500, 200]);
  });

  test('refuses single events where the recorded answer says how', async () => {
    const events = ['m-1', 'm-2'].map((messageId) => eventOf('order-completed-web', { messageId }));
    const report = await tried({ ...lighthouse, events, fault: { kind: 'items-refused', requests: 'all' } });
    expect(kindsOf(report)).toEqual(['rejected', 'delivered']);
  });

  test.each([
    ['nothing is recorded', { destination: 'mailbox', config: testSettings, events: [letter('m-1')] }],
    [
      'the recorded answer names no event',
      {
        destination: 'paperplane',
        config: { account: 'account-1', apiKey: 'key-1' },
        events: [order],
        fault: { kind: 'items-refused', requests: 1 },
      },
    ],
  ])('is a conflict where %s', async (_, input) => {
    const response = await (await start()).ask('POST', '/v1/try', input);
    expect(response.status).toBe(409);
  });
});

describe('A trial', () => {
  test.each([
    ['settings that are not valid', { config: { pod: 'us1' } }, 400],
    ['a reference', { config: { apiKey: '${HOME}' } }, 400],
    ['a destination that nobody knows', { destination: 'unheard-of' }, 404],
    ['more than 100 events', { events: Array.from({ length: 101 }, () => ({ type: 'track' })) }, 400],
    ['a fault that nobody knows', { fault: { kind: 'earthquake' } }, 400],
  ])('with %s is refused', async (_, part, status) => {
    const response = await (await start()).ask('POST', '/v1/try', { ...(await trialOf('rokt')), ...part });
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain('earthquake');
  });

  test('is a conflict in a service without simulators', async () => {
    under = await startService();
    const input = { destination: 'mailbox', config: testSettings, events: [letter('m-1')] };
    expect((await under.ask('POST', '/v1/try', input)).status).toBe(409);
    expect((await under.ask('GET', '/v1/destinations/mailbox/events')).status).toBe(409);
  });

  test('knows each fault by a sentence in the API description', async () => {
    const description = await (await (await start()).ask('GET', '/openapi.json')).text();
    for (const sentence of Object.values(trialFaults)) expect(description).toContain(sentence);
  });
});

describe('A trial at the vendor itself', () => {
  const { tokens } = readTokens(
    'tester events 0123456789abcdef\noperator events operate 1123456789abcdef\nviewer read 2123456789abcdef',
  );
  const operator = { authorization: 'Bearer 1123456789abcdef' };
  const input = { destination: 'mailbox', config: testSettings, events: [letter('m-1')], real: true, confirm: true };
  const statusOf = async (body: object, headers = operator) =>
    (await (under as UnderTest).ask('POST', '/v1/try', body, headers)).status;

  test('delivers, and is logged with the name of the token', async () => {
    await start({ tokens, trials: { allowReal: true } });
    const report = await tried(input, operator);
    expect(report).toMatchObject({ vendor: 'real', ledger: null, requests: [{ events: [0], status: 200 }] });
    expect(kindsOf(report)).toEqual(['delivered']);
    expect(under?.vendor.received).toHaveLength(1);
    const fields = expect.objectContaining({ token: 'operator', destination: 'mailbox', events: 1 });
    expect(under?.logged).toContainEqual({ level: 'info', fields, message: 'a trial delivers for real' });
  });

  test('needs a service that allows it, a confirmation, the scope operate, and no fault', async () => {
    await start({ tokens });
    expect(await statusOf(input)).toBe(403);
    await under?.stop();
    await start({ tokens, trials: { allowReal: true } });
    expect(await statusOf({ ...input, confirm: false })).toBe(400);
    expect(await statusOf({ ...input, fault: { kind: 'hang' } })).toBe(400);
    expect(await statusOf(input, { authorization: 'Bearer 0123456789abcdef' })).toBe(403);
    expect(await statusOf(input, { authorization: 'Bearer 2123456789abcdef' })).toBe(403);
    expect(under?.vendor.received).toHaveLength(0);
  });
});

describe('GET /v1/destinations/{slug}/events', () => {
  test('has made-up events that the destination takes, of a minute ago', async () => {
    await start();
    const response = await (under as UnderTest).ask('GET', '/v1/destinations/rokt/events');
    const { events } = (await response.json()) as {
      events: { name: string; description: string; event: { type: string; timestamp: string } }[];
    };
    expect(events.length).toBeGreaterThan(5);
    const order = events.find(({ name }) => name === 'order-completed-web');
    expect(order).toMatchObject({ description: 'track "Order Completed", web', event: { type: 'track' } });
    expect(Math.abs(Date.parse(order?.event.timestamp ?? '') - Date.now() + 60_000)).toBeLessThan(30_000);
    expect((await (under as UnderTest).ask('GET', '/v1/destinations/unheard-of/events')).status).toBe(404);
  });

  test.each(vendors)('delivers at least one of them at %s', async (slug) => {
    await start();
    const response = await (under as UnderTest).ask('GET', `/v1/destinations/${slug}/events`);
    const { events } = (await response.json()) as { events: { event: object }[] };
    const report = await tried({ ...(await trialOf(slug)), events: events.map(({ event }) => event) });
    expect(kindsOf(report)).toContain('delivered');
    expect(report.ledger.refused).toEqual([]);
  });
});
