// What an input must not be: `deliver`, `preview` and `enqueue` say so once, and do nothing.
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { createFormCheck } from '../../core/hosts/cli/input-form.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { createStore } from '../support/cli/store.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, eventLine, eventLines, testSettings } from '../support/cli/workspace.ts';

jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', { config: testSettings });
const workFile = workspace.write('work.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});
const events = [1, 2, 3].map((number) => JSON.parse(eventLine(`m-${number}`)) as object);
const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

const forms: readonly (readonly [title: string, input: Buffer, says: string])[] = [
  ['a compact JSON array', Buffer.from(JSON.stringify(events)), "jq -c '.[]' FILE"],
  ['an indented JSON array', Buffer.from(JSON.stringify(events, null, 2)), 'the input is a JSON array'],
  [
    'a JSON array of an event a line',
    Buffer.from(`[\n${events.map((one) => JSON.stringify(one)).join(',\n')}\n]`),
    'JSON array',
  ],
  ['an array behind a mark and blank lines', Buffer.from('\uFEFF\r\n \n[{}]'), 'JSON array'],
  ['an empty array', Buffer.from('[]'), 'JSON array'],
  ['UTF-16 with a mark', Buffer.from(`\uFEFF${eventLines(3)}`, 'utf16le'), 'iconv -f UTF-16 -t UTF-8 FILE'],
  ['UTF-16 with a mark, big-endian', swapped(`\uFEFF${eventLines(3)}`), 'UTF-16'],
  ['UTF-16 without a mark', Buffer.from(eventLines(3), 'utf16le'), 'UTF-16'],
  ['UTF-16 without a mark, big-endian', swapped(eventLines(3)), 'UTF-16'],
  ['gzip', gzipSync(eventLines(3)), 'gunzip -c FILE'],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00]), 'zstd -dc FILE'],
  ['zip', Buffer.from('PK\u0003\u0004\u0014'), 'unzip -p FILE'],
];

describe.each(forms)('F-31 an input that is %s', (_title, input, says) => {
  const hint = expect.stringMatching(/^spillway: the input is [^\n]*\n$/);

  test('deliver sends nothing of', async () => {
    const server = await startVendorServer();
    const args = ['deliver', 'mailbox', '--config', config, '--origin', server.origin];
    const { code, stdout, stderr } = await spillway([...args, '--outcomes', workspace.at('o.ndjson')], input);
    await server.stop();
    expect([code, stdout, stderr]).toEqual([65, '', hint]);
    expect(stderr).toContain(says);
    expect(server.batches).toBe(0);
    expect(workspace.read('o.ndjson')).toBe('');
  });

  test('preview shows nothing of', async () => {
    const { code, stdout, stderr } = await spillway(['preview', 'mailbox', '--config', config], input);
    expect([code, stdout, stderr]).toEqual([65, '', hint]);
  });

  test('enqueue keeps nothing of', async () => {
    const queue = createStore(workspace, 'queue');
    const { code, stdout, stderr } = await queue.enqueue('shop', workFile, input);
    expect([code, stdout, stderr]).toEqual([65, '', hint]);
    expect(await queue.backlog('shop')).toBeUndefined();
  });

  test('is known wherever its chunks end', () => {
    const check = createFormCheck();
    expect(() => {
      for (const byte of input) check(Buffer.of(byte));
    }).toThrow('the input is');
  });
});

describe('F-31 an input of lines', () => {
  test.each([
    ['a line that is an array, behind others', `${eventLine('m-1')}\n[1]\n${eventLine('m-2')}`, 1],
    ['a mark at the start of each line', `\uFEFF${eventLine('m-1')}\n\uFEFF${eventLine('m-2')}`, 0],
    ['blank lines first', `\n \n${eventLine('m-1')}\n${eventLine('m-2')}`, 0],
    ['a line of one byte first', `1\n${eventLine('m-1')}\n${eventLine('m-2')}`, 1],
  ])('goes on with %s', async (_title, input, code) => {
    const server = await startVendorServer();
    const args = ['deliver', 'mailbox', '--config', config, '--origin', server.origin];
    const ran = await spillway([...args, '--quiet'], input);
    await server.stop();
    expect([ran.code, server.received.map(({ id }) => id)]).toEqual([code, ['m-1', 'm-2']]);
  });
});
