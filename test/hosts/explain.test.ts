import { afterAll, describe, expect, test } from '@jest/globals';
import { spillway } from '../support/cli/fake-terminal.ts';
import { createWorkspace, testSettings } from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);

const subscribe = "type = 'track' and properties.total >= 10";
const events = [
  { type: 'track', event: 'a', messageId: 'm-1', properties: { total: 10 } },
  { type: 'track', event: 'a', messageId: 'm-2', properties: { total: 'geheim' } },
  { type: 'page', messageId: 'm-3' },
]
  .map((event) => JSON.stringify(event))
  .join('\n');

describe('spillway explain', () => {
  test('says which part of a query is false, with types and never with values', async () => {
    expect(await spillway(['explain', '--event', '-', '--query', subscribe], events)).toEqual({
      code: 0,
      stdout: [
        'line 1 m-1  matches',
        'line 2 m-2  does not match',
        '  1:20  properties.total >= 10  does not hold (string, number)',
        'line 3 m-3  does not match',
        "  1:1  type = 'track'  does not hold (string, string)",
        '  1:20  properties.total >= 10  does not hold (missing, number)',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  test('says where two texts only look the same', async () => {
    expect(await spillway(['explain', '--event', '-', '--query', "event = 'A'"], events.split('\n')[0])).toMatchObject({
      stdout: expect.stringContaining('(string, string; alike but for capitals, spaces or the form of accents)\n'),
    });
  });

  test('reads the query of a config file, and prints JSON for machines', async () => {
    const config = workspace.write('subscribed.json', { config: testSettings, options: { subscribe } });
    const file = workspace.write('event.json', events.split('\n')[1]);
    const { code, stdout } = await spillway(['explain', '--event', file, '--config', config, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      line: 1,
      messageId: 'm-2',
      matches: false,
      failed: [{ at: { line: 1, column: 20 }, text: 'properties.total >= 10', left: 'string', right: 'number' }],
    });
  });

  test.each([
    ['neither a query nor a file', [], 2, /either --config, .* or --query/],
    ['a query that is wrong', ['--query', "type = 'track' and"], 2, /--query: line 1, column 19: /],
    [
      'a file without a subscription',
      ['--config', workspace.write('none.json', { config: {} })],
      78,
      /options\.subscribe: /,
    ],
    [
      'a work file, and says which command takes it',
      ['--config', workspace.write('work.json', { connections: [{ id: 'a', destination: 'b', config: {} }] })],
      78,
      /connections: this is a work file: "spillway preview" takes it, with the id/,
    ],
    [
      'a file whose subscription is wrong',
      ['--config', workspace.write('wrong.json', { config: {}, options: { subscribe: 'nope(event)' } })],
      78,
      /options\.subscribe: line 1, column 1: /,
    ],
  ])('refuses %s', async (_what, flags, code, stderr) => {
    expect(await spillway(['explain', '--event', '-', ...flags], events)).toMatchObject({
      code,
      stderr: expect.stringMatching(stderr),
    });
  });

  test('judges an event in the spelling in which a connection does', async () => {
    const event = JSON.stringify({ type: 'TRACK', event: 'a', userId: 7, timestamp: 1_767_225_600 });
    const query = "type = 'track' and userId = '7' and timestamp = '2026-01-01T00:00:00.000Z'";
    const { stdout } = await spillway(['explain', '--event', '-', '--query', query], event);
    expect(stdout).toBe('line 1  matches\n');
  });

  test('takes an event of any depth, as no connection does', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const event = `{"type":"track","event":"a","a":${deep},"b":${deep}}`;
    const { code, stdout } = await spillway(['explain', '--event', '-', '--query', 'a = $.b'], event);
    expect([code, stdout]).toEqual([0, 'line 1  does not match\n  1:1  a = $.b  does not hold (list, list)\n']);
  });

  test('goes on behind a line that is no event, and says so with its exit code', async () => {
    const { code, stdout, stderr } = await spillway(['explain', '--event', '-', '--query', 'event = null'], '5\n{}\n');
    expect(code).toBe(65);
    expect(stdout).toBe('line 2  matches\n');
    expect(stderr).toContain('line 1 is no event');
  });
});

describe('spillway preview of a connection with rules', () => {
  test('shows both steps of a value, rows that yielded nothing, what was removed and what nobody read', async () => {
    const config = workspace.write('mapped.json', {
      config: testSettings,
      options: {
        mapping: {
          set: {
            event: { '@path': 'properties.name' },
            'properties.code': { '@path': 'properties.absent' },
            'properties.ordre': { '@path': 'properties.name' },
          },
          unset: ['context.ip', 'context.traits.phone'],
        },
      },
    });
    const event = {
      type: 'track',
      event: 'a',
      messageId: 'm-1',
      properties: { name: 'b', other: 1 },
      context: { ip: '203.0.113.7' },
    };
    const { stdout } = await spillway(['preview', 'mailbox', '--config', config], JSON.stringify(event));
    expect(stdout).toContain('removed by the mapping\n    context.ip\n');
    expect(stdout).toMatch(/rows of the mapping that yielded nothing\n {4}properties\.code +from properties\.absent\n/);
    expect(stdout).toContain('to be removed, but not there\n    context.traits.phone\n');
    expect(stdout).toContain('written by the mapping, but read by nobody\n    properties.ordre\n');
    expect(stdout).toMatch(/  read by nobody\n(?: {4}.+\n)* {4}properties\.other\n/);
    expect(stdout).toMatch(/from event, mapped from properties\.name\n/);
  });

  test('shows what the mapping did to an event that is refused for it', async () => {
    const total = { '@number': { '@path': 'properties.total' } };
    const config = workspace.write('refused.json', {
      config: testSettings,
      options: { mapping: { set: { type: 'alias', 'properties.total': total } } },
    });
    const { stdout } = await spillway(['preview', 'mailbox', '--config', config], events.split('\n')[1]);
    expect(stdout).toMatch(/^line 1 m-2 {2}(?:skipped|rejected) at /);
    expect(stdout).toContain('written by the mapping\n    type  from a constant\n');
    expect(stdout).toContain('rows of the mapping that did not fit\n    properties.total  @number takes ');
    expect(stdout).toContain('rows of the mapping that yielded nothing\n    properties.total  from properties.total\n');
  });

  test('shows which part of the subscription is false', async () => {
    const config = workspace.write('held.json', { config: testSettings, options: { subscribe } });
    const { stdout } = await spillway(['preview', 'mailbox', '--config', config], events.split('\n')[1]);
    expect(stdout).toBe(
      'line 1 m-2  skipped at subscribe: not_subscribed: ' +
        'The subscription of this connection does not ask for this event\n' +
        '  1:20  properties.total >= 10  does not hold (string, number)\n',
    );
  });
});

describe('a work file in the place of a config file', () => {
  const config = workspace.write('several.json', {
    connections: [
      { id: 'shop', destination: 'mailbox', config: testSettings, options: { subscribe: "event = 'a'" } },
      { id: 'blog', destination: 'mailbox', config: { ...testSettings, apiKey: '${NOT_SET}' } },
      { id: 'wrong', destination: 'mailbox', config: testSettings, options: { subscribe: 'nope(event)' } },
      { id: 'other', destination: 'mailbox', config: testSettings, options: { id: 'else' } },
    ],
  });
  const preview = (named: string, file = config) =>
    spillway(['preview', named, '--config', file], '{"type":"track","event":"b","messageId":"m-1"}\n');

  test('shows what the connection of that id would send, whatever is wrong with the others', async () => {
    expect(await preview('shop')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("1:1  event = 'a'  does not hold (string, string)"),
    });
  });

  test('a slug will do where one connection alone is of that destination', async () => {
    const alone = workspace.write('alone.json', {
      connections: [{ id: 's', destination: 'mailbox', config: testSettings }],
    });
    expect(await preview('mailbox', alone)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('would be sent'),
    });
    expect(await preview('mailbox')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/has several connections "mailbox"; name one by its id: shop \(mailbox\), blog /),
    });
    expect(await preview('nobody')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no connection "nobody"'),
    });
  });

  test.each([
    ['blog', 'connections.1.config.apiKey: the environment variable NOT_SET is not set'],
    ['wrong', 'connections.2.options.subscribe: line 1, column 1: '],
    ['other', 'connections.3.options.id: differs from the id of the connection'],
  ])('tells of %s what work would say of it', async (id, message) => {
    expect(await preview(id)).toMatchObject({ code: 78, stderr: expect.stringContaining(message) });
  });
});
