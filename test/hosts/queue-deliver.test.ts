// Tests core/hosts/cli/queue/resumption.ts: deliver --store.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { openTables } from '../../core/queue/lmdb/tables.ts';
import { QueueFull, type DeliveryLog, type LineOutcome, type QueueStatus } from '../../core/queue/index.ts';
import { createResumption } from '../../core/hosts/cli/queue/resumption.ts';
import { RunStats } from '../../core/hosts/cli/run-stats.ts';
import { itNeeds, prlimit } from '../support/machine.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { startVendorServer, type Answer, type ReceivedItem } from '../support/cli/vendor-server.ts';
import { createWorkspace, eventLine, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', {
  config: testSettings,
  options: { retry: { attempts: 1, baseMs: 1, budget: false } },
});
let server: Awaited<ReturnType<typeof startVendorServer>> | undefined;
afterEach(() => server?.stop());

let runs = 0;
async function resumable(content: string, answer?: (batch: readonly ReceivedItem[]) => Answer) {
  runs += 1;
  const store = workspace.at(`store-${runs}`);
  const input = workspace.write(`input-${runs}.ndjson`, content);
  const outcomes = `outcomes-${runs}.ndjson`;
  server = await startVendorServer(answer);
  const files = ['--config', config, '--input', input, '--outcomes', workspace.at(outcomes), '--store', store];
  const args = ['deliver', 'mailbox', ...files, '--origin', server.origin, '--json'];
  return {
    args,
    input,
    server,
    store,
    deliver: async (...flags: string[]) => {
      const ran = await spillway([...args, ...flags]);
      return { ...ran, outcomes: workspace.outcomes(outcomes) };
    },
  };
}

interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** `3-5, 9` as 3, 4, 5, 9. */
const numbersOf = (ranges: string): number[] =>
  ranges.split(', ').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });

describe('spillway deliver --store', () => {
  itNeeds(prlimit)(
    'F-97 with no room in the store it says which outcomes are not in it, has them among the outcomes, and sends again only these',
    async () => {
      const { args, deliver, server: mail } = await resumable(eventLines(3_000), () => ({ afterMs: 5 }));
      const main = path.join('core', 'hosts', 'cli', 'main.ts');
      // No file of this process may be larger; what the tests themselves keep is kept from it.
      const child = spawn('prlimit', ['--fsize=262144', process.execPath, '--import', 'tsx', main, ...args], {
        cwd: root,
        env: { ...process.env, NODE_OPTIONS: '', TSX_DISABLE_CACHE: '1', SPILLWAY_DESTINATIONS: testDestinations },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const [code] = (await once(child, 'close')) as [number];
      expect({ code, stderr }).toMatchObject({
        code: 74,
        stderr: expect.stringContaining(
          'the store cannot be written (the disk is full): nothing was attempted from line',
        ),
      });
      const [, count, ranges = ''] =
        /^spillway: the outcomes of (\d+) lines are not in the store; the next run delivers them again: lines (.+)$/m.exec(
          stderr,
        ) ?? [];
      const unwritten = numbersOf(ranges);
      expect(unwritten).toHaveLength(Number(count));
      expect(unwritten.length).toBeGreaterThan(0);
      // What was on its way to the disk then, and in flight.
      expect(unwritten.length).toBeLessThan(1_000);
      const first = workspace.outcomes(`outcomes-${runs}.ndjson`);
      const known = new Map(first.map(({ line, kind }) => [line, kind]));
      expect(unwritten.filter((line) => !known.has(line))).toEqual([]);
      const sentBefore = new Set(mail.received.map(({ id }) => id));
      expect([...known.values()].filter((kind) => kind === 'delivered')).toHaveLength(sentBefore.size);

      const { code: second, outcomes } = await deliver();
      expect(second).toBe(0);
      expect(outcomes.map(({ line, kind }) => [line, kind])).toEqual(
        Array.from({ length: 3_000 }, (_, at) => [at + 1, 'delivered']),
      );
      const times = new Map<string, number>();
      for (const { id } of mail.received) times.set(id, (times.get(id) ?? 0) + 1);
      const twice = [...times].filter(([, sent]) => sent > 1).map(([id]) => Number(id.slice(2)));
      const delivered = unwritten.filter((line) => known.get(line) === 'delivered');
      expect(twice.sort((a, b) => a - b)).toEqual(delivered);
    },
    60_000,
  );

  test.each([
    ['none of them, while there is none', 0, [1, 2, 3, 4, 5, 6, 7, 8]],
    ['some of them, where there is some again', 3, [1, 2, 3, 4, 5]],
    ['all of them, where there is enough again', 8, []],
  ])('F-97 at the end it writes what found no room before: %s', async (_, room, unwritten) => {
    const written = new Map<number, LineOutcome>();
    let [free, writes, stopped] = [0, 0, 0];
    const log: DeliveryLog = {
      get: () => undefined,
      async record(lines) {
        writes += 1;
        await Promise.resolve();
        if (lines.length > free) throw new QueueFull('full');
        free -= lines.length;
        for (const [line, known] of lines) written.set(line, known);
      },
      lines: () => [...written].sort(([one], [other]) => one - other),
    };
    const stop = { signal: new AbortController().signal, by: undefined, now: () => (stopped += 1), release: () => {} };
    const resumption = createResumption({ log, file: 'f', stats: new RunStats(), stop });
    const outcome = { kind: 'rejected', eventId: '', reason: { code: 'invalid_value', message: 'm' } } as const;
    for (let line = 8; line >= 1; line -= 1) resumption.unreadable(line, outcome);
    while (writes === 0) await new Promise((resolve) => void setTimeout(resolve, 1));
    free = room;
    const shown: number[] = [];
    await resumption.finish({
      write: (line) => void shown.push(line),
      busy: undefined,
      onFailure: undefined,
      close: () => Promise.resolve(),
    });
    expect(resumption.unwritten).toEqual(unwritten);
    expect(shown).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([resumption.unrecorded, stopped > 0]).toEqual(['the disk is full', true]);
  });

  test('reads no more lines while the disk is behind', async () => {
    let flush = (): void => undefined;
    const log: DeliveryLog = {
      get: () => undefined,
      record: () => new Promise((resolve) => (flush = resolve)),
      lines: () => [],
    };
    const stop = { signal: new AbortController().signal, by: undefined, now: () => undefined, release: () => {} };
    const resumption = createResumption({ log, file: 'f', stats: new RunStats(), stop });
    const outcome = { kind: 'rejected', eventId: '', reason: { code: 'invalid_value', message: 'm' } } as const;
    resumption.unreadable(1, outcome);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(resumption.busy).toBeUndefined();
    for (let line = 2; line <= 5_002; line += 1) resumption.unreadable(line, outcome);
    const { busy } = resumption;
    expect(busy).toBeDefined();
    flush();
    await new Promise((resolve) => void setImmediate(resolve));
    flush();
    await busy;
    expect(resumption.busy).toBeUndefined();
  });

  test('a second run of a delivery that is done sends nothing, and tells the same outcomes', async () => {
    const content = `${eventLines(40)}oops\n${eventLine('m-41', 'Ignored')}\n`;
    const { deliver, server: mail } = await resumable(content);
    const first = await deliver();
    expect(first.code).toBe(65);
    expect(first.outcomes.map(({ line }) => line)).toEqual(Array.from({ length: 42 }, (_, at) => at + 1));
    const again = await deliver();
    expect(again.outcomes).toEqual(first.outcomes);
    expect(JSON.parse(again.stdout)).toMatchObject({
      in: 42,
      outcomes: { delivered: 40, skipped: 1, rejected: 1 },
      requests: 0,
      conserved: true,
    });
    expect(mail.received).toHaveLength(40);
  });

  test('after kill -9 the same command goes on where it was: nothing lost, nothing sent twice but what was in flight', async () => {
    const { args, deliver, server: mail } = await resumable(eventLines(600), () => ({ afterMs: 60 }));
    const child = spawn(process.execPath, ['--import', 'tsx', path.join('core', 'hosts', 'cli', 'main.ts'), ...args], {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '', SPILLWAY_DESTINATIONS: testDestinations },
      stdio: 'ignore',
    });
    while (mail.batches < 12) await new Promise((resolve) => void setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await once(child, 'close');
    await new Promise((resolve) => void setTimeout(resolve, 100));
    const before = mail.received.length;
    const { code, outcomes } = await deliver();
    expect(code).toBe(0);
    expect(outcomes.map(({ line, messageId, kind }) => [line, messageId, kind])).toEqual(
      Array.from({ length: 600 }, (_, at) => [at + 1, `m-${at + 1}`, 'delivered']),
    );
    expect(new Set(mail.received.map(({ id }) => id)).size).toBe(600);
    // Four requests of ten at once, and as many whose outcome was on its way to the disk.
    const twice = mail.received.length - 600;
    expect(twice).toBeLessThanOrEqual(80);
    expect(before).toBeGreaterThan(twice);
  }, 30_000);

  test('what was deferred goes again with the next run, and only that', async () => {
    let down = true;
    const { deliver, server: mail } = await resumable(eventLines(30), (batch) => ({
      status: down && batch[0]?.id === 'm-11' ? 503 : 200,
    }));
    const first = await deliver();
    expect(first.code).toBe(1);
    expect(first.outcomes.filter(({ kind }) => kind === 'deferred').map(({ line }) => line)).toContain(11);
    down = false;
    const second = await deliver();
    expect(second.code).toBe(0);
    expect(second.outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 30 }, () => 'delivered'));
    expect(mail.received).toHaveLength(30);
  });

  test('an outcome whose bytes are damaged does not count: its line goes again, and no other', async () => {
    const { deliver, store, server: mail } = await resumable(eventLines(20));
    await deliver();
    const tables = openTables(path.join(store, 'events.mdb'), { readOnly: false, bytes: 0 });
    const [, , , { key, value }] = [...tables.deliveries.getRange()] as [Entry, Entry, Entry, Entry];
    value[value.length - 3]! ^= 1;
    await tables.deliveries.put(key, value);
    await tables.root.close();
    expect(await deliver()).toMatchObject({ code: 0 });
    expect(mail.received.slice(20)).toEqual([expect.objectContaining({ id: 'm-3' })]);
    expect((await deliver()).outcomes).toHaveLength(20);
    expect(mail.received).toHaveLength(21);
  });

  test('lines that were added since are delivered, and only they', async () => {
    const { deliver, input, server: mail } = await resumable(eventLines(10));
    await deliver();
    appendFileSync(input, eventLines(5, 11));
    const { outcomes } = await deliver();
    expect(outcomes).toHaveLength(15);
    expect(mail.received).toHaveLength(15);
  });

  test('a file whose lines have changed is refused, with what to do', async () => {
    const { deliver, input, server: mail } = await resumable(eventLines(10));
    await deliver();
    workspace.write(path.basename(input), eventLines(10, 2));
    const { code, stderr } = await deliver();
    expect(code).toBe(65);
    expect(stderr).toContain('line 1 has changed since this delivery began');
    expect(stderr).toContain('give a changed file another name, or deliver all of it again with --restart');
    expect(mail.received).toHaveLength(10);
    const { code: restarted, outcomes } = await deliver('--restart');
    expect(restarted).toBe(0);
    expect(outcomes.map(({ messageId }) => messageId)).toEqual(Array.from({ length: 10 }, (_, at) => `m-${at + 2}`));
    expect(mail.received).toHaveLength(20);
    expect(await deliver()).toMatchObject({ code: 0 });
    expect(mail.received).toHaveLength(20);
  });

  test('--restart forgets the lines that the file no longer has, too', async () => {
    const { deliver, input, server: mail } = await resumable(eventLines(10));
    await deliver();
    workspace.write(path.basename(input), eventLines(4));
    expect((await deliver('--restart')).outcomes).toHaveLength(4);
    expect(mail.received).toHaveLength(14);
  });

  test('--restart without --store has nothing to forget: a usage error', async () => {
    const { code, stderr } = await spillway(['deliver', 'mailbox', '--config', config, '--restart'], eventLines(1));
    expect([code, stderr]).toEqual([2, expect.stringContaining('--restart needs --store')]);
  });

  test('queue status names the file and what it takes, and queue purge drops that with its connection', async () => {
    const { deliver, input, store, server: mail } = await resumable(eventLines(500));
    const run = (...args: string[]) => spillway([...args, '--store', store]);
    await deliver();
    const { deliveries } = JSON.parse((await run('queue', 'status', '--json')).stdout) as QueueStatus;
    expect(deliveries).toEqual({
      bytes: expect.any(Number),
      files: [
        { file: realpathSync(input), destination: 'mailbox', connection: 'mailbox', startedAt: expect.any(Number) },
      ],
    });
    expect(deliveries?.bytes).toBeGreaterThan(20_000);
    const { stdout } = await run('queue', 'status');
    expect(stdout).toContain(`${deliveries?.bytes} bytes beside these are outcomes of deliver --store:\n`);
    expect(stdout).toMatch(/^mailbox: \S+input-\d+\.ndjson to mailbox, since \d{4}-\S+Z$/m);
    expect((await run('queue', 'purge', 'mailbox')).stdout).toContain('and the outcomes of 1 file would be dropped');
    expect(await run('queue', 'purge', 'mailbox', '--yes')).toMatchObject({ code: 0 });
    expect(JSON.parse((await run('queue', 'status', '--json')).stdout)).not.toHaveProperty('deliveries');
    await deliver();
    expect(mail.received).toHaveLength(1_000);
  });

  test('a journal that an earlier version left in the directory harms nothing', async () => {
    const { deliver, store, server: mail } = await resumable(eventLines(10));
    await deliver();
    mkdirSync(path.join(store, 'deliveries'));
    writeFileSync(path.join(store, 'deliveries', 'a.journal'), '1 {"line":1,"key":1,"outcome":{"kind":"delivered"}}\n');
    expect(await deliver()).toMatchObject({ code: 0 });
    expect(await spillway(['queue', 'status', '--store', store])).toMatchObject({ code: 0 });
    expect(mail.received).toHaveLength(10);
  });

  test('standard input cannot be read again, so that it is a usage error', async () => {
    const { code, stderr } = await spillway(
      ['deliver', 'mailbox', '--config', config, '--store', workspace.at('none')],
      eventLines(1),
    );
    expect(code).toBe(2);
    expect(stderr).toContain('--store needs a file as --input');
  });
});
