// Tests docs/operations/alerts.yml and dashboard.json, and that docs/operations.md says what to do about each.
import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describeWith } from '../../support/needed-program.ts';

const root = path.join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const page = read('docs/operations.md');
const rules = read('docs/operations/alerts.yml');
const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);

const run = (...args: readonly string[]) => spawnSync('promtool', args, { cwd: import.meta.dirname, encoding: 'utf8' });

describeWith('promtool', 'The alert rules', () => {
  test('are rules that Prometheus takes', () => {
    expect(run('check', 'rules', path.join(root, 'docs/operations/alerts.yml'))).toMatchObject({ status: 0 });
  });

  test('are quiet about a service that is well, and each fires where it should', () => {
    const { status, stdout, stderr } = run('test', 'rules', 'alerts.test.yml');
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

describe('docs/operations.md', () => {
  test('has a section on each alert, and no other ones', () => {
    const [, alerts = ''] = /\n## Alerts\n([^]*?)\n## /.exec(page) ?? [];
    expect([...alerts.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)).toEqual(names);
    expect(names.length).toBeGreaterThan(20);
  });

  test('quotes log lines that the service has', () => {
    const sources = ['core/hosts/cli/serve', 'core/service', 'core/service/routes']
      .flatMap((folder) => readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`))
      .filter((file) => file.endsWith('.ts'))
      .map(read)
      .join('\n');
    const [, table = ''] = /\n## Log lines\n([^]*?)\n## /.exec(page) ?? [];
    const lines = [...table.matchAll(/^\| (`.*?`) +\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, line = '']) => line),
    );
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => line !== 'message' && !sources.includes(line))).toEqual([]);
  });
});

describe('Every metric of the service', () => {
  const metrics = [
    ...new Set([...read('docs/embedding.md').matchAll(/^\| `(spillway_\w+)`/gm)].map(([, name = '']) => name)),
  ];

  test.each(metrics)('%s is in a rule and on the dashboard', (name) => {
    // What is kept for replay fills a store that is well.
    if (!/^spillway_store_(?:max_)?bytes$/.test(name)) expect(rules).toContain(name);
    expect(read('docs/operations/dashboard.json')).toContain(name);
  });
});
