import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { startRokt } from '../../../core/testing/index.ts';
import { startServingProcess } from '../../support/cli/serving.ts';
import { accounts } from '../../support/simulators/accounts.ts';
import { defineProof, wholeNumber } from '../proof.ts';
import { attack } from './run.ts';

const token = 'tok-of-the-proof-0123456789';
const mostLoopMs = 200;

export default defineProof({
  name: 'hostile',
  proves:
    'the service gives every hostile request a clear answer, and stays small, quick and silent about what it held',
  takes: '3 min',
  about:
    '`spillway serve` as a process of its own is sent requests of some fifty kinds that are wrong, too large, compressed bombs, or for ' +
    'somebody else, some that never end, and connections that say nothing. Fails when one gets no clear answer, a token or an address ' +
    'comes back in an answer or in the log, or the event loop is late.',
  flags: {
    requests: wholeNumber('hostile requests', 10_000),
    slow: wholeNumber('requests that never end', 200, 0),
    connections: wholeNumber('connections that say nothing', 10_000, 0),
    concurrency: wholeNumber('requests in flight', 32),
  },
  async run(flags) {
    const folder = mkdtempSync(path.join(tmpdir(), 'spillway-hostile-'));
    const account = accounts.find(({ slug }) => slug === 'rokt');
    if (account === undefined) throw new Error('there is no account at rokt');
    const { apiKey, apiSecret } = account.config as { readonly apiKey: string; readonly apiSecret: string };
    const vendor = await startRokt({ apiKey, apiSecret });
    const config = path.join(folder, 'service.json');
    const connection = { id: 'shop', destination: 'rokt', config: account.config };
    const source = { id: 'web', writeKey: 'wk-of-the-proof', connections: ['shop'] };
    writeFileSync(config, JSON.stringify({ connections: [connection], sources: [source] }));
    const tokens = path.join(folder, 'tokens');
    writeFileSync(tokens, `proof deliver read events operate ${token}\n`, { mode: 0o600 });
    const store = path.join(folder, 'store');
    const args = ['--config', config, '--store', store, '--token-file', tokens, '--origin', `rokt=${vendor.origin}`];
    const service = await startServingProcess(args);
    try {
      const result = await attack({
        ...flags,
        port: Number(new URL(service.origin).port),
        token,
        pid: service.pid,
        log: service.said,
      });
      const table = new Table({ head: ['request', 'answers'], style: { compact: true, head: [], border: [] } });
      for (const [kind, counts] of result.statuses)
        table.push([kind, [...counts].map(([status, count]) => `${status} x ${count}`).join(', ')]);
      console.log(table.toString());
      const faults = new Map<string, number>();
      for (const fault of result.faults) faults.set(fault, (faults.get(fault) ?? 0) + 1);
      for (const [fault, count] of faults) console.log(`not clear: ${fault} (${count} times)`);
      console.log(
        `${result.sent} requests, ${result.idle} connections that said nothing: ${result.faults.length} without a clear answer; ` +
          `RSS ${result.rssBefore.toFixed(0)} MB before, ${result.rssMost.toFixed(0)} MB at most; ` +
          `event loop p99 ${result.loopP99.toFixed(0)} ms at most (a scrape); log of ${service.said().length} characters`,
      );
      service.send('SIGTERM');
      const { code } = await service.ended;
      console.log(`SIGTERM: exit ${code}`);
      return result.faults.length === 0 && result.loopP99 < mostLoopMs && code === 0;
    } finally {
      service.send('SIGTERM');
      await vendor.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
});
