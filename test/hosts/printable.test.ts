import { afterAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { jsonText } from '../../core/hosts/cli/printable.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { createStore } from '../support/cli/store.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, eventLine, testSettings } from '../support/cli/workspace.ts';

jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', { config: testSettings });
const workFile = workspace.write('work.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});
// CSI as one character, DEL, and the characters that turn the direction of text.
const steering = '\u009b31m\u007f\u202e\u2066';
// oxlint-disable-next-line no-control-regex -- these are the characters to look for
const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe('F-31 JSON that is printed', () => {
  test('means the same, and holds no character that steers a terminal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const written = jsonText([value, text, steering], 2);
        expect(written).not.toMatch(raw);
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify([value, text, steering])));
      }),
    );
    expect(jsonText({ id: '\u009b' })).toBe('{"id":"\\u009b"}\n');
  });

  test.each([
    ['deliver --outcomes -', ['deliver', 'mailbox', '--config', config, '--outcomes', '-']],
    ['preview --json', ['preview', 'mailbox', '--config', config, '--json']],
    ['preview', ['preview', 'mailbox', '--config', config]],
  ])('is so in %s', async (_title, args) => {
    const server = await startVendorServer();
    const { stdout } = await spillway(args, eventLine(`m-${steering}`), { SPILLWAY_ORIGIN: server.origin });
    await server.stop();
    expect(stdout).toContain('\\u009b31m');
    expect(stdout).not.toMatch(raw);
  });

  test('is so in dead list, show and export', async () => {
    const queue = createStore(workspace, 'queue');
    await queue.enqueue('shop', workFile, JSON.stringify({ type: 'odd', messageId: `m-${steering}` }));
    for (const args of [['list', '--json'], ['list'], ['show', '1'], ['export'], ['export', '--events']]) {
      const { code, stdout } = await queue.run('dead', ...args);
      expect([code, stdout]).toEqual([0, expect.stringContaining('\\u009b31m')]);
      expect(stdout).not.toMatch(raw);
    }
  });
});
