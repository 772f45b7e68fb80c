import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { fakeTerminal, spillway } from '../support/cli/fake-terminal.ts';
import { startVendorServer, type Answer, type ReceivedItem } from '../support/cli/vendor-server.ts';
import {
  createWorkspace,
  eventLine,
  eventLines,
  testDestinations,
  testSettings,
  parseLines,
} from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', {
  config: testSettings,
  options: { retry: { attempts: 2, baseMs: 1, budget: false } },
});
let server: Awaited<ReturnType<typeof startVendorServer>> | undefined;
afterEach(() => server?.stop());

async function deliver(
  input: string | Buffer,
  answer?: (batch: readonly ReceivedItem[]) => Answer,
  ...flags: string[]
) {
  server = await startVendorServer(answer);
  const args = [
    'deliver',
    'mailbox',
    '--config',
    config,
    '--origin',
    server.origin,
    '--outcomes',
    workspace.at('o.ndjson'),
  ];
  const ran = await spillway([...args, ...flags], input);
  return { ...ran, outcomes: workspace.outcomes('o.ndjson') };
}

describe('spillway deliver', () => {
  test('one outcome per line that is not blank, in input order, with line and messageId first', async () => {
    // The first batch is answered last.
    const { code, outcomes } = await deliver(`${eventLines(10)}\n\n${eventLines(35, 11)}`, (batch) => ({
      afterMs: batch[0]?.id === 'm-1' ? 300 : 0,
    }));
    expect(code).toBe(0);
    expect(outcomes.map(({ messageId }) => messageId)).toEqual(Array.from({ length: 45 }, (_, at) => `m-${at + 1}`));
    expect(outcomes.map(({ line }) => line)).toEqual(
      Array.from({ length: 45 }, (_, at) => (at < 10 ? at + 1 : at + 3)),
    );
    expect(workspace.read('o.ndjson').split('\n')[0]).toBe(
      '{"line":1,"messageId":"m-1","kind":"delivered","attempts":1}',
    );
    expect(server?.received).toHaveLength(45);
  });

  test('a bad line is rejected with its number, its text is told nowhere, and the run goes on', async () => {
    const input = Buffer.concat([
      Buffer.from(`${eventLine('m-1')}\n{"type":"track","email":"ann@example.com"\n42\n`),
      Buffer.from([0x22, 0xfe, 0x22, 0x0a]),
      Buffer.from(`"${'x'.repeat(8 * 1024 * 1024)}"\n${eventLine('m-6')}`),
    ]);
    const { code, outcomes, stdout, stderr } = await deliver(input);
    expect(code).toBe(65);
    expect(outcomes.map(({ line, messageId, kind, reason }) => [line, messageId, kind, reason?.code])).toEqual([
      [1, 'm-1', 'delivered', undefined],
      [2, '', 'rejected', 'invalid_value'],
      [3, '', 'rejected', 'invalid_value'],
      [4, '', 'rejected', 'invalid_value'],
      [5, '', 'rejected', 'payload_too_large'],
      [6, 'm-6', 'delivered', undefined],
    ]);
    expect(workspace.read('o.ndjson') + stdout + stderr).not.toContain('ann@example.com');
  });

  test('F-50 an id beyond 2^53 keeps its digits', async () => {
    const ids = ['9007199254740992', '9007199254740993', '12345678901234567890'];
    const lines = ids.map((id) => `{"type":"track","event":"Letter Sent","messageId":${id}}`);
    const { code, outcomes } = await deliver(lines.join('\n'));
    expect([code, outcomes.map(({ messageId }) => messageId)]).toEqual([0, ids]);
    expect(server?.received.map(({ id }) => id)).toEqual(ids);
  });

  test('an earlier outcomes file is emptied, but not by a run that does not start', async () => {
    workspace.write('o.ndjson', '{"line":99}\n');
    const wrong = workspace.write('wrong.json', { config: {} });
    const args = ['deliver', 'mailbox', '--config', wrong, '--outcomes', workspace.at('o.ndjson')];
    expect(await spillway(args, eventLines(1))).toMatchObject({ code: 78 });
    expect(workspace.outcomes('o.ndjson')).toHaveLength(1);
    const { outcomes } = await deliver(eventLines(2));
    expect(outcomes.map(({ line }) => line)).toEqual([1, 2]);
  });

  test('--json prints the summary as one object, and in equals the sum of the outcomes', async () => {
    const lines = [eventLine('m-1'), eventLine('m-2', 'Ignored'), eventLine('m-3'), eventLine('m-4', 'Broken')].join(
      '\n',
    );
    let first = true;
    const { code, stdout, stderr } = await deliver(lines, () => {
      const status = first ? 503 : 200;
      first = false;
      return { status };
    }, '--json'); // prettier-ignore
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      destination: 'mailbox',
      in: 4,
      outcomes: { delivered: 2, skipped: 1, rejected: 1, deferred: 0, suspended: 0, unknown: 0 },
      reasons: { unmapped_event: 1, internal_error: 1 },
      unreadable: 0,
      requests: 2,
      retries: 1,
      bytes: expect.any(Number),
      seconds: expect.any(Number),
      eventsPerSecond: expect.any(Number),
      latencyMs: { p50: expect.any(Number), p99: expect.any(Number) },
      conserved: true,
    });
    expect(stderr).toBe('spillway: a defect in the connector, in transform (TypeError)\n');
  });

  test('without --json the summary is for people, on stderr; --quiet leaves it out', async () => {
    const { stdout, stderr } = await deliver(eventLines(12));
    expect(stdout).toBe('');
    expect(stderr).toMatch(/delivered +12\n/);
    expect(stderr).toContain('in 12 = 12 delivered + 0 skipped + 0 rejected + 0 deferred + 0 suspended + 0 unknown');
    await server?.stop();
    expect(await deliver(eventLines(1), undefined, '--quiet')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  test('refused credentials exit 77, before unreadable lines', async () => {
    const { code, outcomes } = await deliver(`${eventLines(1)}oops`, () => ({ status: 401 }));
    expect(code).toBe(77);
    expect(outcomes[0]).toMatchObject({ kind: 'suspended', reason: { code: 'unauthorized' } });
  });

  test('an event that was not delivered exits 1', async () => {
    const { code, outcomes } = await deliver(eventLines(1), () => ({ status: 500 }));
    expect(code).toBe(1);
    expect(outcomes[0]).toMatchObject({ kind: 'deferred' });
  });

  test('--within is the time one event may take; what needs longer comes back deferred', async () => {
    const { outcomes } = await deliver(eventLines(1), () => ({ afterMs: 2_000 }), '--within', '100');
    expect(outcomes[0]).toMatchObject({ kind: 'deferred' });
  });

  test.each([
    [[], [['m-1', 'm-2', 'm-3']]],
    [
      ['--max-out-of-orderness', '0'],
      [['m-1'], ['m-2', 'm-3']],
    ],
  ])(
    'an event of a lane waits for others that may be earlier, unless the input is in order: %j',
    async (flags, sent) => {
      const letters = ['m-1', 'm-2', 'm-3'].map((id) => `${eventLine(id, 'Certified')}\n`).join('');
      const batches: string[][] = [];
      const collecting = (batch: readonly ReceivedItem[]): Answer => {
        batches.push(batch.map(({ id }) => id));
        return {};
      };
      expect(await deliver(letters, collecting, ...flags)).toMatchObject({ code: 0 });
      expect(batches).toEqual(sent);
    },
  );

  test('SPILLWAY_ORIGIN and SPILLWAY_WITHIN stand for their flags', async () => {
    server = await startVendorServer();
    const env = { SPILLWAY_ORIGIN: server.origin, SPILLWAY_WITHIN: '5000' };
    expect(await spillway(['deliver', 'mailbox', '--config', config, '--quiet'], eventLines(3), env)).toMatchObject({
      code: 0,
    });
    expect(server.received).toHaveLength(3);
  });

  test('--outcomes - writes them to standard output', async () => {
    server = await startVendorServer();
    const args = ['deliver', 'mailbox', '--config', config, '--origin', server.origin, '--outcomes', '-'];
    const { stdout } = await spillway(args, eventLines(3));
    expect(parseLines(stdout).map(({ messageId }) => messageId)).toEqual(['m-1', 'm-2', 'm-3']);
  });

  test('an empty input is delivered', async () => {
    expect(await deliver('\n\n')).toMatchObject({ code: 0, outcomes: [] });
  });

  test('the outcomes never go into the input or the config file: both stay as they were', async () => {
    const input = workspace.write('input.ndjson', eventLines(2));
    for (const [what, file] of Object.entries({ input, config })) {
      const before = workspace.read(path.basename(file));
      const args = ['deliver', 'mailbox', '--config', config, '--input', input, '--outcomes', file];
      const { code, stderr } = await spillway(args);
      expect([what, code, stderr]).toEqual([
        what,
        2,
        `spillway: the outcomes file ${file} is the ${what} file, and would overwrite it; name another file\n`,
      ]);
      expect(workspace.read(path.basename(file))).toBe(before);
    }
  });

  test('an input that breaks off exits 65 and says from where, with the outcomes of what was read', async () => {
    server = await startVendorServer();
    const stdin = new PassThrough();
    stdin.write(`${eventLines(3)}{"type":"tr`);
    setTimeout(() => stdin.destroy(Object.assign(new Error('gone'), { code: 'EIO' })), 300);
    const args = [
      'deliver',
      'mailbox',
      '--config',
      config,
      '--origin',
      server.origin,
      '--outcomes',
      workspace.at('b.ndjson'),
    ];
    const ran = await fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations }).run(...args);
    expect(ran).toMatchObject({
      code: 65,
      stderr: expect.stringContaining(
        'the input could not be read to its end (EIO): nothing was attempted from line 4 on',
      ),
    });
    expect(workspace.outcomes('b.ndjson').map(({ kind }) => kind)).toEqual(['delivered', 'delivered', 'delivered']);
  });
});

describe('a signal', () => {
  /** Delivers from an input that never ends; the signal comes when the first batch has arrived. */
  async function interrupted(during: (box: ReturnType<typeof fakeTerminal>) => void | Promise<void>) {
    const stdin = new PassThrough();
    const box = fakeTerminal(stdin, { SPILLWAY_DESTINATIONS: testDestinations });
    const arrived = new Promise<void>((resolve) => {
      void startVendorServer(() => {
        resolve();
        return { afterMs: 400 };
      }).then((started) => {
        server = started;
        stdin.write(eventLines(57));
        const args = ['deliver', 'mailbox', '--config', config, '--origin', started.origin];
        ran = box.run(...args, '--outcomes', workspace.at('s.ndjson'));
      });
    });
    let ran: ReturnType<typeof box.run> | undefined;
    await arrived;
    await during(box);
    const ended = await ran;
    return { ...ended, box, outcomes: workspace.outcomes('s.ndjson') };
  }

  test('stops the reading, finishes what is in flight, writes the outcomes and says where it stopped', async () => {
    const { code, stderr, outcomes, box } = await interrupted(({ send }) => send('SIGTERM'));
    expect(code).toBe(143);
    expect(outcomes.map(({ line }) => line)).toEqual(outcomes.map((_, at) => at + 1));
    const delivered = outcomes.filter(({ kind }) => kind === 'delivered');
    expect(delivered.length).toBeGreaterThan(0);
    expect(delivered.map(({ messageId }) => messageId).sort()).toEqual(server?.received.map(({ id }) => id).sort());
    const held = outcomes.filter(({ reason }) => reason?.code === 'held_back');
    expect(held.length + delivered.length).toBe(outcomes.length);
    expect(stderr).toContain(`stopped by SIGTERM: nothing was attempted from line ${outcomes.length + 1} on`);
    expect(stderr).toContain(`${held.length} events before it were held back`);
    expect(box).toMatchObject({ exits: [], listening: 0 });
  });

  test('that comes again at once is the same key press; a later one ends the process', async () => {
    const { code, box } = await interrupted(async ({ send }) => {
      send('SIGINT');
      send('SIGINT');
      await new Promise((resolve) => void setTimeout(resolve, 300));
      send('SIGINT');
    });
    expect(box.exits).toEqual([130]);
    expect(code).toBe(130);
  });
});

test('F-06 an interim response that nobody asked for is said once, and nothing is sent again for it', async () => {
  const requests: string[] = [];
  const vendor = createServer((request, response) => {
    requests.push(request.url ?? '');
    request.resume().on('end', () => {
      response.writeContinue();
      response.end();
    });
  });
  await new Promise<void>((listening) => vendor.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
  const file = workspace.at('interim.ndjson');
  const args = ['deliver', 'mailbox', '--config', config, '--origin', origin, '--outcomes', file];
  const { code, stderr } = await spillway(args, eventLines(25));
  vendor.closeAllConnections();
  await new Promise((closed) => vendor.close(closed));
  expect(code).toBe(1);
  expect(workspace.outcomes('interim.ndjson').map(({ kind, reason }) => `${kind} ${reason?.code}`)).toEqual(
    Array.from({ length: 25 }, () => 'unknown interim_response'),
  );
  expect(stderr.match(/interim response/g)).toHaveLength(1);
  expect(stderr).toContain('not sent again');
  expect(requests).toHaveLength(3);
});

describe('a proxy in the environment', () => {
  const env = { HTTPS_PROXY: 'http://user:hunter2@proxy.example:3128' };

  test('F-22 is not used by itself, which is said once', async () => {
    server = await startVendorServer();
    const args = ['deliver', 'mailbox', '--config', config, '--origin', server.origin];
    const { code, stderr } = await spillway(args, eventLines(3), env);
    expect(code).toBe(0);
    expect(stderr.match(/HTTPS_PROXY is set but not used; pass --proxy to send through that proxy/g)).toHaveLength(1);
    expect(stderr).not.toContain('hunter2');
  });

  test('F-22 is used where --proxy asks for it, and it is said what that means', async () => {
    server = await startVendorServer();
    const args = ['deliver', 'mailbox', '--config', config, '--origin', server.origin, '--proxy'];
    const { code, stderr } = await spillway(args, eventLines(3), env);
    // What is on loopback is reached without it.
    expect(code).toBe(0);
    expect(stderr).toContain('requests go through the proxy of HTTPS_PROXY');
    expect(stderr).not.toContain('hunter2');
  });

  test('F-22 has to be there for --proxy', async () => {
    const { code, stderr } = await spillway(['deliver', 'mailbox', '--config', config, '--proxy'], eventLines(1));
    expect(code).toBe(2);
    expect(stderr).toContain('neither HTTPS_PROXY nor HTTP_PROXY is set');
  });
});
