// Tests core/hosts/cli/queue/resumption.ts and core/hosts/cli/queue/journal.ts: deliver --store.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
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
    journal: (): string => {
      const folder = path.join(store, 'deliveries');
      return path.join(folder, readdirSync(folder)[0] ?? '');
    },
    deliver: async () => {
      const ran = await spillway(args);
      return { ...ran, outcomes: workspace.outcomes(outcomes) };
    },
  };
}

/** `3-5, 9` as 3, 4, 5, 9. */
const numbersOf = (ranges: string): number[] =>
  ranges.split(', ').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });

describe('spillway deliver --store', () => {
  itNeeds(prlimit)(
    'F-97 with no room for the journal it says which outcomes are not in it, has them among the outcomes, and sends again only these',
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
        stderr: expect.stringContaining('(EFBIG): nothing was attempted from line'),
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

  test('an entry that a crash broke off does not count, and harms none after it', async () => {
    const { deliver, journal, server: mail } = await resumable(eventLines(20));
    await deliver();
    const size = readFileSync(journal()).length;
    truncateSync(journal(), size - 7);
    expect(await deliver()).toMatchObject({ code: 0 });
    expect(mail.received).toHaveLength(21);
    expect(await deliver()).toMatchObject({ code: 0 });
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
    const { deliver, input, journal, server: mail } = await resumable(eventLines(10));
    await deliver();
    workspace.write(path.basename(input), eventLines(10, 2));
    const { code, stderr } = await deliver();
    expect(code).toBe(65);
    expect(stderr).toContain('line 1 has changed since this delivery began');
    expect(stderr).toContain(`remove ${journal()}`);
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
