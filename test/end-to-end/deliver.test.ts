import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { createRuntime, loadDestinations, type Outcome } from '../../core/index.ts';
import { generate, mixes } from '../../core/testing/simulators/index.ts';
import { accounts, ledgerKey } from '../support/simulators/accounts.ts';

const root = path.join(import.meta.dirname, '../..');
const run = promisify(execFile);

type Line = Outcome & { readonly line: number; readonly messageId: string };

test.each(accounts)(
  'spillway deliver gives 1,000 events to $slug, each with the outcome that preview and the vendor agree on',
  async (account) => {
    const { slug, config, start, everything: mix = mixes.everything } = account;
    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-'));
    const vendor = await start({ seed: 3 });
    const events = [...generate({ count: 1_000, seed: 3, mix, startTime: Date.now() - 60_000 })];
    const [configFile, input, output] = ['config.json', 'events.ndjson', 'outcomes.ndjson'].map((name) =>
      path.join(folder, name),
    );
    await writeFile(configFile as string, JSON.stringify({ config }));
    await writeFile(input as string, events.map((event) => `${JSON.stringify(event)}\n`).join(''));

    const files = [
      '--config',
      configFile,
      '--input',
      input,
      '--outcomes',
      output,
      '--origin',
      vendor.origin,
    ] as string[];
    const args = ['--import', 'tsx', 'core/hosts/cli/main.ts', 'deliver', slug, ...files, '--json', '--quiet'];
    const ended = await run(process.execPath, args, { cwd: root }).catch(
      (error: { code: number; stdout: string }) => error,
    );
    const summary = JSON.parse(ended.stdout) as { in: number; conserved: boolean; requests: number };
    const lines = (await readFile(output as string, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    await vendor.close();
    await rm(folder, { recursive: true });

    const runtime = createRuntime({ destinations: await loadDestinations(path.join(root, 'destinations')) });
    const opened = runtime.open(slug, config);
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const refused = account.refusedBy?.(vendor) ?? new Set();
    const wrong: string[] = [];
    const deliverable = new Map<string, number>();
    for (const [index, event] of events.entries()) {
      const line = lines[index];
      const preview = await opened.connection.preview(event);
      const key = ledgerKey(account, event);
      const leaves = preview.kind === 'request';
      const expected = leaves ? (refused.has(key) ? 'rejected' : 'delivered') : preview.kind;
      const same = line?.kind === expected && line.line === index + 1 && line.messageId === event.messageId;
      if (!same) wrong.push(`${index + 1}: ${line?.kind} instead of ${expected}`);
      deliverable.set(key, (deliverable.get(key) ?? 0) + (expected === 'delivered' ? 1 : 0));
    }
    for (const [key, most] of deliverable) {
      const times = vendor.ledger.timesCommitted(key);
      if (times < Math.min(1, most) || times > most) wrong.push(`${key} committed ${times} times instead of ${most}`);
    }
    await runtime.close();

    expect(wrong).toEqual([]);
    expect(vendor.refused()).toEqual([]);
    expect(vendor.ledger.orderViolations()).toBe(0);
    expect(lines).toHaveLength(1_000);
    expect(summary).toMatchObject({ in: 1_000, conserved: true, requests: vendor.requests() });
    expect('code' in ended ? ended.code : 0).toBe(1);
  },
  60_000,
);
