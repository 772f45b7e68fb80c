import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { canonicalEvents } from '../../core/testing/index.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { createWorkspace, eventLine, testDestinations, testSettings } from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('mailbox.json', { config: testSettings });

describe('spillway list and schema', () => {
  test('list shows every destination in aligned columns, without colours where nobody looks', async () => {
    const { code, stdout } = await spillway(['list']);
    const lines = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^SLUG +NAME +STAGE +ACCEPTS +SUMMARY$/);
    expect(lines).toContainEqual(expect.stringMatching(/^mailbox +Mailbox +alpha +track +Keeps letters, for tests\.$/));
    expect(new Set(lines.map((line) => line.search(/NAME|Mailbox|AdRoll|Adjust/)).filter((at) => at >= 0)).size).toBe(
      1,
    );
    expect(stdout).not.toContain('\u001b');
  });

  test('list --json has the built-in destinations beside those of --destinations', async () => {
    const { stdout } = await spillway(['list', '--json', '--destinations', testDestinations], '', {
      SPILLWAY_DESTINATIONS: '',
    });
    const listed = JSON.parse(stdout) as { slug: string }[];
    expect(listed).toContainEqual({
      slug: 'mailbox',
      displayName: 'Mailbox',
      stage: 'alpha',
      accepts: ['track'],
      summary: 'Keeps letters, for tests.',
    });
    expect(listed.map(({ slug }) => slug)).toEqual(
      expect.arrayContaining(['adjust', 'adroll', 'adroll-email', 'rokt']),
    );
  });

  test('schema is the JSON Schema of the settings, with its secrets marked', async () => {
    const { code, stdout } = await spillway(['schema', 'mailbox']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'object',
      required: ['apiKey', 'owner'],
      properties: { apiKey: { type: 'string', secret: true, title: 'API key' }, owner: { title: 'Owner' } },
    });
  });

  test('schema --options is the JSON Schema of the options beside them', async () => {
    const { code, stdout } = await spillway(['schema', 'mailbox', '--options']);
    expect(code).toBe(0);
    const printed = JSON.parse(stdout) as { readonly properties: object };
    expect(printed).toMatchObject({ type: 'object', properties: { subscribe: { title: 'Subscription' } } });
    expect(Object.keys(printed.properties)).toEqual(expect.arrayContaining(['id', 'limits', 'subscribe', 'mapping']));
  });
});

describe('spillway validate', () => {
  test('says valid', async () => {
    expect(await spillway(['validate', 'mailbox', '--config', config])).toEqual({
      code: 0,
      stdout: 'valid\n',
      stderr: '',
    });
  });

  test('lists every problem with its path, and no value', async () => {
    const wrong = workspace.write('wrong.json', {
      config: { apiKey: '${MAILBOX_KEY}', owner: ' ', extra: 'key-example-9' },
      options: { onAmbiguous: 'guess-example', limits: { maxItems: 0 } },
    });
    const { code, stdout, stderr } = await spillway(['validate', 'mailbox', '--config', wrong]);
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^spillway: .*wrong\.json is not valid:$/m);
    expect(stderr).toContain('  config.apiKey: the environment variable MAILBOX_KEY is not set\n');
    expect(stderr).toContain('  config.owner: must not be blank\n');
    for (const path of ['options.onAmbiguous', 'options.limits.maxItems']) expect(stderr).toContain(`  ${path}: `);
    expect(stderr).not.toMatch(/key-example-9|guess-example/);
  });

  test('fills in the environment', async () => {
    const filled = workspace.write('filled.json', { config: { apiKey: '${MAILBOX_KEY}', owner: 'ann' } });
    const { code } = await spillway(['validate', 'mailbox', '--config', filled], '', { MAILBOX_KEY: 'key-example-2' });
    expect(code).toBe(0);
  });
});

describe('usage errors exit 2 with one clear line', () => {
  const broken = workspace.at('broken');
  mkdirSync(`${broken}/mailbox2`, { recursive: true });
  const cases: readonly (readonly [title: string, args: readonly string[], says: RegExp])[] = [
    ['no command', [], /Usage: spillway/],
    ['an unknown command', ['send'], /unknown command 'send'/],
    ['an unknown option', ['list', '--nope'], /unknown option '--nope'/],
    ['no config', ['validate', 'mailbox'], /required option '--config <file>'/],
    [
      'an unknown slug lists the known ones',
      ['schema', 'shop'],
      /unknown destination "shop"; expected one of: adjust, .*mailbox, rokt; one of your own needs --destinations DIR,/,
    ],
    [
      'a sample of options',
      ['schema', 'mailbox', '--sample', '--options'],
      /--sample and --options cannot be combined/,
    ],
    ['a config file that is not there', ['validate', 'mailbox', '--config', 'none.json'], /none\.json \(ENOENT\)/],
    ['an input that is not there', ['deliver', 'mailbox', '--config', config, '--input', 'none'], /none \(ENOENT\)/],
    ['an input that is a directory', ['preview', 'mailbox', '--config', config, '--input', '.'], /EISDIR/],
    [
      'outcomes where no file can be',
      ['deliver', 'mailbox', '--config', config, '--outcomes', 'no/o'],
      /no\/o \(ENOENT\)/,
    ],
    [
      'outcomes over the input',
      ['deliver', 'mailbox', '--config', config, '--input', config, '--outcomes', config],
      /is the input/,
    ],
    [
      'two things on standard output',
      ['deliver', 'mailbox', '--config', config, '--outcomes', '-', '--json'],
      /cannot share standard output/,
    ],
    ['a time that is none', ['deliver', 'mailbox', '--config', config, '--within', '1s'], /milliseconds/],
    [
      'an order that is none',
      ['deliver', 'mailbox', '--config', config, '--max-out-of-orderness', '-1'],
      /whole number of events/,
    ],
    [
      'an origin that is none',
      ['deliver', 'mailbox', '--config', config, '--origin', 'http://example.com'],
      /origin: .*loopback/,
    ],
    [
      'a directory that is not there',
      ['list', '--destinations', 'nowhere'],
      /cannot read the destinations directory .*nowhere/,
    ],
    [
      'a folder that is no destination',
      ['list', '--destinations', broken],
      /mailbox2: has no index\.js, index\.mjs or index\.ts/,
    ],
  ];

  test.each(cases)('%s', async (_title, args, says) => {
    const { code, stdout, stderr } = await spillway(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr.match(/^spillway: /gm)?.length ?? 1).toBe(1);
  });

  test('a wrong SPILLWAY_WITHIN is named, and a flag wins over it', async () => {
    const args = ['deliver', 'mailbox', '--config', config];
    expect(await spillway(args, '', { SPILLWAY_WITHIN: 'soon' })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('SPILLWAY_WITHIN'),
    });
    expect(await spillway([...args, '--within', '50'], '', { SPILLWAY_WITHIN: 'soon' })).toMatchObject({ code: 0 });
  });

  test('--help names pages that are there, in a clone as in the installed package', async () => {
    const { stdout } = await spillway(['--help']);
    const named = stdout.match(/(?<=: )\/\S+\.md$/gm) ?? [];
    expect(named.map((file) => path.basename(file))).toEqual(['cli.md', 'README.md']);
    expect(named.filter((file) => !existsSync(file))).toEqual([]);
  });

  test('--help and --version exit 0', async () => {
    expect(await spillway(['deliver', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--outcomes'),
    });
    expect(await spillway(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe('spillway preview', () => {
  const input = [
    eventLine('m-1', 'Noted'),
    eventLine('m-2', 'Ignored'),
    '{"type":"page"}',
    '{"oops": "key-of-ann"',
    eventLine('\u001b[31mred'),
  ].join('\n');

  test('explains each event: what would leave and where it comes from, or what stops it, and where', async () => {
    const { code, stdout } = await spillway(['preview', 'mailbox', '--config', config], input);
    expect(code).toBe(65);
    expect(stdout).toContain('line 1 m-1  would be sent\n  POST https://mailbox.example.com/letters?owner=ann\n');
    expect(stdout).toContain('authorization: Bearer ***');
    expect(stdout).toContain('      {\n        "id": "m-1",\n        "name": "Noted"\n');
    expect(stdout).toMatch(/name +from event/);
    expect(stdout).toContain('dropped stamp -> letter.stamp: Not a stamp');
    expect(stdout).toContain('line 2 m-2  skipped at transform: unmapped_event: Nobody wants this one (event)');
    expect(stdout).toContain('line 3  skipped at gate: unsupported_event');
    expect(stdout).toContain('line 4  rejected at line: invalid_value');
    expect(stdout).not.toMatch(/key-example-1|key-of-ann/);
    expect(stdout).not.toContain('\u001b');
  });

  test('--json prints one object per event', async () => {
    const { stdout } = await spillway(['preview', 'mailbox', '--config', config, '--json'], input);
    const shown = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(shown).toHaveLength(5);
    expect(shown[0]).toMatchObject({
      line: 1,
      messageId: 'm-1',
      kind: 'request',
      request: { method: 'POST', body: '[{"id":"m-1","name":"Noted"}]' },
      fields: [{ field: 'name', source: 'event' }],
    });
    expect(shown[3]).toMatchObject({ line: 4, kind: 'rejected', stage: 'line', reason: { code: 'invalid_value' } });
    expect(stdout).not.toContain('key-example-1');
  });

  test('needs no network and exits 0 when every line could be read', async () => {
    const file = workspace.write('one.ndjson', eventLine('m-1', 'Ignored'));
    expect(await spillway(['preview', 'mailbox', '--config', config, '--input', file])).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test.each(['', '\n \n'])('says that an input has no events, and exits 0 as deliver does (%j)', async (text) => {
    const file = workspace.write('empty.ndjson', text);
    const args = ['mailbox', '--config', config, '--input', file];
    expect(await spillway(['preview', ...args])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'spillway: the input has no events: there is nothing to preview\n',
    });
    expect(await spillway(['deliver', ...args])).toMatchObject({ code: 0 });
  });
});

describe('spillway events', () => {
  test('lists the names that cases call canonical events by', async () => {
    const { code, stdout } = await spillway(['events']);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect([code, head]).toEqual([0, expect.stringMatching(/^NAME +TYPE +EVENT$/)]);
    expect(rows.map((row) => row.split(' ')[0])).toEqual(Object.keys(canonicalEvents));
    expect(rows).toContainEqual(expect.stringMatching(/^order-completed-ios +track +Order Completed$/));
    const listed = JSON.parse((await spillway(['events', '--json'])).stdout) as unknown[];
    expect(listed).toContainEqual({ name: 'identify', type: 'identify' });
    expect(listed).toHaveLength(rows.length);
  });

  test('prints the named ones as NDJSON, in that order, ready for preview', async () => {
    const { code, stdout } = await spillway(['events', 'page-home', 'identify']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect([code, events]).toEqual([0, [canonicalEvents['page-home'], canonicalEvents.identify]]);
    const shown = await spillway(['preview', 'mailbox', '--config', config, '--json'], stdout);
    expect(shown.stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(JSON.parse((await spillway(['events', 'page-home', '--json'])).stdout)).toEqual([events[0]]);
  });

  test('prints all with --all', async () => {
    const { stdout } = await spillway(['events', '--all']);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual(Object.values(canonicalEvents));
  });

  test.each([
    [['order'], /unknown event "order"; expected one of: order-completed-web, /],
    [['toString'], /unknown event "toString"/],
    [['identify', '--all'], /--all goes without names/],
  ])('refuses %j', async (args, says) => {
    expect(await spillway(['events', ...args])).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(says) });
  });
});
