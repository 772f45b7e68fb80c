import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { spillway } from '../support/cli/fake-terminal.ts';

// In this repository, because the folder imports core by its relative path.
const root = mkdtempSync(path.resolve('test/support/contract/verify-'));
const folder = path.join(root, 'paperplane');
cpSync(path.resolve('test/support/contract/paperplane'), folder, { recursive: true });
for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))) {
  const name = path.join(folder, file);
  writeFileSync(name, readFileSync(name, 'utf8').replaceAll('../../core/api', '../../../core/api'));
}
afterAll(() => rmSync(root, { recursive: true }));

describe('spillway verify', () => {
  test('--only runs the checks whose title matches, and says so when none does', async () => {
    const { code, stdout } = await spillway(['verify', folder, '--only', '^CASE purchase']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ok +case purchase: [^\n]*\n2 of 2 checks passed\n$/);
    expect(await spillway(['verify', folder, '--only', 'no such check'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('matches --only no such check'),
    });
    expect(await spillway(['verify', folder, '--only', '('])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is no regular expression'),
    });
  });

  test('--watch checks the folder again when it changes, survives what cannot be loaded, and ends with a signal', async () => {
    const main = path.resolve('core/hosts/cli/main.ts');
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      main,
      'verify',
      folder,
      '--watch',
      '--only',
      '^case purchase',
    ]);
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    const until = async (pattern: RegExp): Promise<void> => {
      const from = shown.length;
      for (let tries = 0; tries < 600 && !pattern.test(shown.slice(tries === 0 ? 0 : from)); tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 100));
      expect(shown).toMatch(pattern);
    };
    const waiting = /checks passed\n[^]*: \d+\.\d s\nwaiting for changes\n$/;
    const mapping = path.join(folder, 'mapping.ts');
    const whole = readFileSync(mapping, 'utf8');
    try {
      await until(waiting);
      expect(shown).toContain('2 of 2 checks passed');
      shown = '';
      writeFileSync(mapping, whole.replace("'order'", "'ordre'"));
      await until(waiting);
      expect(shown).toMatch(
        /FAILED +case purchase[^\n]*\n +request 0: body\.0\.order is missing, "order-2001" expected\n/,
      );
      shown = '';
      writeFileSync(mapping, `${whole}\nexport const = ;\n`);
      await until(waiting);
      expect(shown).toMatch(/FAILED +folder: its index exports a destination/);
      shown = '';
      writeFileSync(mapping, whole);
      await until(waiting);
      expect(shown).toContain('2 of 2 checks passed');
    } finally {
      child.kill('SIGINT');
    }
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  }, 120_000);
});
