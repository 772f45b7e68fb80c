import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory with the destination these tests deliver to. */
export const testDestinations = fileURLToPath(new URL('./destinations', import.meta.url));

export const testSettings = { apiKey: 'key-example-1', owner: 'ann' };

/** A folder of its own for the files of a test. */
export function createWorkspace() {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-'));
  const at = (name: string): string => path.join(folder, name);
  return {
    at,
    write(name: string, content: unknown): string {
      const text = typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content);
      writeFileSync(at(name), text);
      return at(name);
    },
    read: (name: string): string => readFileSync(at(name), 'utf8'),
    /** An outcomes file, parsed. */
    outcomes: (name: string): OutcomeLine[] => parseLines(readFileSync(at(name), 'utf8')),
    remove: (): void => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface OutcomeLine {
  readonly line: number;
  readonly messageId: string;
  readonly kind: string;
  readonly reason?: { readonly code: string; readonly message: string };
}

export const parseLines = (text: string): OutcomeLine[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as OutcomeLine);

/** Events as NDJSON, `m-<first>` and on. */
export const eventLines = (count: number, first = 1): string =>
  Array.from({ length: count }, (_, index) => `${eventLine(`m-${first + index}`)}\n`).join('');

export const eventLine = (messageId: string, event = 'Letter Sent'): string =>
  JSON.stringify({ type: 'track', event, messageId });
