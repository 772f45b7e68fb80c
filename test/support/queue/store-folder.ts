import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';

/** Returns what names a new place for a store, for each test of a file. They are removed after the last one. */
export function storeFolder(): () => string {
  let root: string;
  let count = 0;
  beforeAll(() => {
    root = mkdtempSync(path.join(tmpdir(), 'queue-'));
    chmodSync(root, 0o755);
  });
  afterAll(() => rmSync(root, { recursive: true }));
  return () => path.join(root, String((count += 1)));
}
