// A real Prometheus scrapes `spillway serve` during a run: what it has agrees with the outcomes that clients were told.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startVendorServer } from '../../support/cli/vendor-server.ts';
import { createWorkspace, testSettings } from '../../support/cli/workspace.ts';
import { describeWith } from '../../support/needed-program.ts';
import { startPrometheus, type Prometheus } from '../../support/service/prometheus.ts';
import { startServingProcess, type Serving } from '../../support/cli/serving.ts';
import { letter } from '../../support/service/service-under-test.ts';

jest.setTimeout(120_000);
const token = 'token-of-the-test-0123';
const rules = path.join(import.meta.dirname, '../../../docs/operations/alerts.yml');

describeWith('prometheus', 'A Prometheus beside a service', () => {
  const workspace = createWorkspace();
  let vendor: Awaited<ReturnType<typeof startVendorServer>>;
  let service: Serving;
  let prometheus: Prometheus;

  beforeAll(async () => {
    let requests = 0;
    vendor = await startVendorServer(() => ({ status: (requests += 1) % 3 === 0 ? 503 : 200 }));
    const connections = ['shop', 'club'].map((id) => ({
      id,
      destination: 'mailbox',
      config: testSettings,
      options: { retry: { baseMs: 20 } },
    }));
    const config = workspace.write('service.json', { connections });
    const tokens = workspace.write('tokens', `test deliver read events operate ${token}\n`);
    const args = ['--config', config, '--token-file', tokens, '--store', workspace.at('store')];
    service = await startServingProcess([...args, '--origin', `mailbox=${vendor.origin}`]);
    prometheus = await startPrometheus({ port: Number(new URL(service.origin).port), token }, rules);
  });
  afterAll(async () => {
    await prometheus?.stop();
    service?.send('SIGTERM');
    await service?.ended;
    await vendor?.stop();
    workspace.remove();
  });

  const ask = async (pathname: string, body?: unknown): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await service.ask(body === undefined ? 'GET' : 'POST', pathname, body, headers)).json();
  };
  const valueOf = async (expression: string): Promise<number> =>
    (await prometheus.query(expression)).reduce((sum, { value }) => sum + value, 0);

  test('counts by outcome what clients were told, and of what was kept each event once', async () => {
    const told: Record<string, number> = {};
    let kept = 0;
    for (let round = 0; round < 20; round += 1) {
      const events = Array.from({ length: 20 }, (_, n) =>
        letter(`m-${round}-${n}`, n === 0 ? 'Broken' : n === 1 ? 'Ignored' : 'Letter'),
      );
      const outcomes = (await ask('/v1/connections/shop/deliver', events)) as { kind: string }[];
      for (const { kind } of outcomes) told[kind] = (told[kind] ?? 0) + 1;
      const counts = (await ask('/v1/connections/club/events', events)) as { accepted: number };
      kept += counts.accepted;
    }
    const isIdle = async (): Promise<boolean> =>
      ((await ask('/v1/connections/club')) as { waiting: number }).waiting === 0;
    while (!(await isIdle())) await new Promise((resolve) => setTimeout(resolve, 200));
    await prometheus.scraped();
    const counted = await prometheus.query('sum by (outcome) (spillway_events_total{connection="shop",via="call"})');
    expect(Object.fromEntries(counted.map(({ metric, value }) => [metric['outcome'], value]))).toEqual(told);
    expect(kept).toBe(400);
    expect(await valueOf('sum(spillway_events_total{connection="club",via="queue"})')).toBe(kept);
    expect(await valueOf('sum(spillway_requests_total)')).toBe(vendor.batches);
    expect(await valueOf('spillway_requests_total{status_class="5xx"}')).toBeGreaterThan(0);
    expect(await valueOf('spillway_dead_letters{connection="club"}')).toBe(20);
    expect(await valueOf('abs(spillway_conservation_gap)')).toBe(0);
    expect(await valueOf('count(spillway_events_total{connection!~"shop|club"}) or vector(0)')).toBe(0);
  });

  test('takes every query of the dashboard, and has something to show for it', async () => {
    const dashboard = JSON.parse(readFileSync(path.join(path.dirname(rules), 'dashboard.json'), 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(30);
    const empty: string[] = [];
    for (const expression of expressions) {
      const filled = expression.replaceAll('$__rate_interval', '1m').replaceAll('$connection', '.*');
      if ((await prometheus.query(filled)).length === 0) empty.push(expression);
    }
    // Nothing of these has happened here.
    expect(empty.filter((expression) => !/notes_total|defects_total/.test(expression))).toEqual([]);
  });

  test('loads every alert rule, and none of them is broken', async () => {
    const { data } = (await prometheus.get('/api/v1/rules')) as { data: { groups: { rules: { health: string }[] }[] } };
    const all = data.groups.flatMap((group) => group.rules);
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter(({ health }) => health === 'err')).toEqual([]);
  });
});
