import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createOutcomesFile } from '../../core/hosts/cli/outcomes-file.ts';
import type { Outcome } from '../../core/index.ts';
import { parseLines } from '../support/cli/workspace.ts';

const delivered = (eventId: string): Outcome => ({ kind: 'delivered', eventId, attempts: 1 });

describe('the outcomes file', () => {
  test('asks to wait while the output is full, and loses nothing', async () => {
    let written = '';
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        setTimeout(() => {
          written += chunk.toString('utf8');
          done();
        }, 5);
      },
    });
    const file = createOutcomesFile(slow, true);
    let waits = 0;
    for (let line = 1; line <= 5_000; line++) {
      file.write(line, delivered('x'.repeat(100)));
      if (file.busy !== undefined) {
        waits += 1;
        await file.busy;
      }
    }
    await file.close();
    expect(waits).toBeGreaterThan(3);
    expect(parseLines(written).map(({ line }) => line)).toEqual(Array.from({ length: 5_000 }, (_, at) => at + 1));
    expect(slow.closed).toBe(true);
  });

  test('a few outcomes do not wait for more', async () => {
    const chunks: string[] = [];
    const output = new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk.toString()), done()) });
    const file = createOutcomesFile(output, false);
    file.write(1, delivered('m-1'));
    expect(chunks).toEqual([]);
    await new Promise((resolve) => void setTimeout(resolve, 200));
    expect(chunks).toHaveLength(1);
    await file.close();
    expect(output.closed).toBe(false);
  });

  test('an output that breaks is told once, and nobody waits for it', async () => {
    const broken = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    });
    const file = createOutcomesFile(broken, true);
    const failures: string[] = [];
    file.onFailure = (code) => failures.push(code);
    for (let line = 1; line <= 2_000; line++) file.write(line, delivered('x'.repeat(100)));
    await file.busy;
    file.write(2_001, delivered('late'));
    await file.close();
    expect(failures).toEqual(['EPIPE']);
  });
});
