// Tests core/hosts/cli/alone.ts.
import { existsSync, mkdirSync, utimesSync } from 'node:fs';
import { afterAll, expect, test } from '@jest/globals';
import { alone } from '../../core/hosts/cli/alone.ts';
import { createWorkspace } from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);

test.each([
  ['waits for nobody who was killed in it', -60_000],
  ['F-96 nor where the time of the lock lies ahead', 3_600_000],
])(
  '%s',
  (_, ms) => {
    const file = workspace.at(`file${ms}`);
    mkdirSync(`${file}.lock`);
    const time = new Date(Date.now() + ms);
    utimesSync(`${file}.lock`, time, time);
    const since = performance.now();
    expect(alone(file, () => existsSync(`${file}.lock`))).toBe(true);
    expect(performance.now() - since).toBeLessThan(8_000);
    expect(existsSync(`${file}.lock`)).toBe(false);
  },
  20_000,
);
