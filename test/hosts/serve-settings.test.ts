// Tests core/hosts/cli/serve/settings-file.ts.
import { afterAll, describe, expect, test } from '@jest/globals';
import { readConnection, readConnections, readSettings } from '../../core/hosts/cli/queue/connections-file.ts';
import { readSettingsFile } from '../../core/hosts/cli/serve/settings-file.ts';
import { createWorkspace } from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);

const file = workspace.at('serve.json');
const read = (content: unknown, env: Record<string, string> = {}) =>
  readSettingsFile(workspace.write('serve.json', content), env);

async function issuesOf(content: unknown, env?: Record<string, string>): Promise<readonly (readonly string[])[]> {
  const settings = await read(content, env);
  if (settings.kind !== 'invalid') throw new Error('it is valid');
  return settings.issues.map(({ path, message }) => [path, message]);
}

const connections = [
  { id: 'shop', destination: 'mailbox', config: { apiKey: '${KEY}' } },
  { id: 'phones', destination: 'adjust', options: { pace: { concurrency: 2 } } },
];
const web = { id: 'web', writeKey: 'key-web', connections: ['shop'] };
const app = { id: 'app', writeKey: 'key-app', connections: ['shop', 'phones'], rate: 5 };

describe('the config of the service', () => {
  test('names connections, and sources with their write keys, a rate of 1,000 events per second where it names none', async () => {
    const secret = workspace.write('key', 'key-from-file\n');
    const sources = [
      { ...web, writeKey: `\${file:${secret}}` },
      { ...app, writeKey: '${APP:-key-app}' },
    ];
    expect(await read({ connections, sources }, { KEY: 'key-example-1' })).toEqual({
      kind: 'valid',
      entries: [
        {
          id: 'shop',
          destination: 'mailbox',
          config: { apiKey: 'key-example-1' },
          options: undefined,
          unfilled: [],
          at: 'connections.0',
        },
        {
          id: 'phones',
          destination: 'adjust',
          config: undefined,
          options: { pace: { concurrency: 2 } },
          unfilled: [],
          at: 'connections.1',
        },
      ],
      sources: [
        { ...web, writeKey: 'key-from-file', rate: 1_000 },
        { ...app, writeKey: 'key-app' },
      ],
    });
  });

  test('needs no sources', async () => {
    expect(await read({ connections }, { KEY: 'k' })).toMatchObject({ kind: 'valid', sources: [] });
  });

  test('is read again as it stands then', async () => {
    await expect(read({ connections, sources: [web] }, { KEY: 'k' })).resolves.toMatchObject({ kind: 'valid' });
    expect(await issuesOf('{')).toEqual([['', `${file}:1:2: not valid JSON`]]);
    await expect(read({ connections, sources: [app] }, { KEY: 'k' })).resolves.toMatchObject({
      kind: 'valid',
      sources: [app],
    });
  });

  test('has each fault told with its path, those of connections and sources at once, and no value', async () => {
    const long = `secret-3${'x'.repeat(200)}`;
    const content = {
      connections: [...connections, { id: 'third', destination: 'mailbox', options: { id: 'secret-1' } }],
      sources: [
        { ...web, writeKey: 'secret-2:' },
        { ...app, id: 'web', writeKey: '${NONE}' },
        { id: 'third', writeKey: '', connections: ['shop', 'secret-4', 'shop'] },
        { id: 'fourth', writeKey: 'same', connections: ['phones'] },
        { id: 'fifth', writeKey: '${SAME}', connections: ['phones'] },
        { id: 'sixth', writeKey: '${NONE}', connections: ['phones'] },
        { id: 'seventh', writeKey: 'secret-5\n', connections: ['phones'] },
      ],
    };
    const key = 'must have at least 1 character, and neither control characters nor ":"';
    const issues = await issuesOf(content, { SAME: 'same' });
    expect(issues).toEqual([
      ['connections.0.config.apiKey', 'the environment variable KEY is not set'],
      ['connections.2.options.id', 'differs from the id of the connection; leave it out'],
      ['sources.0.writeKey', key],
      ['sources.1.id', 'another source has this id'],
      ['sources.1.writeKey', 'the environment variable NONE is not set'],
      ['sources.2.writeKey', key],
      ['sources.2.connections.1', 'no connection of this file has this id'],
      ['sources.2.connections.2', 'is named twice'],
      ['sources.4.writeKey', 'another source has this write key'],
      ['sources.5.writeKey', 'the environment variable NONE is not set'],
      ['sources.6.writeKey', key],
    ]);
    const shapes = await issuesOf({
      connections: [{ id: 'a' }],
      sources: [
        { id: long, writeKey: 7, connections: [], rate: 0 },
        { ...web, rate: 1.5, key: 'secret-6' },
        { ...web, rate: 'secret-7' },
        'secret-8',
      ],
    });
    expect(shapes.map(([path]) => path)).toEqual([
      'connections.0.destination',
      'sources.0.id',
      'sources.0.writeKey',
      'sources.0.connections',
      'sources.0.rate',
      'sources.1.rate',
      'sources.1',
      'sources.2.rate',
      'sources.3',
    ]);
    expect(JSON.stringify([issues, shapes])).not.toMatch(/secret-/);
  });

  test.each([
    [{ connections: [] }, 'connections'],
    [{ connections, sources: {} }, 'sources'],
    [{ connections, source: [] }, ''],
    [[], ''],
    ['\ud800{', ''],
  ])('that is anything else is refused with a path (%#)', async (content, path) => {
    const paths = (await issuesOf(content, { KEY: 'k' })).map(([at]) => at);
    expect(paths).toEqual([path]);
  });

  test('that cannot be opened, or is invalid, exits as for other commands', async () => {
    const missing = await readSettingsFile(workspace.at('none.json'), {});
    expect(missing).toMatchObject({
      kind: 'invalid',
      issues: [{ path: '', message: expect.stringContaining('ENOENT') }],
      error: { exitCode: 2 },
    });
    expect(await read({ connections, sources: [{ ...web, writeKey: '' }] }, { KEY: 'k' })).toMatchObject({
      error: { exitCode: 78, details: [expect.stringMatching(/^sources\.0\.writeKey: must have/)] },
    });
  });

  test('is a work file for every other command, whatever stands in its sources', async () => {
    workspace.write('serve.json', { connections, sources: '${NONE}' });
    expect((await readConnections(file, {})).map(({ id }) => id)).toEqual(['shop', 'phones']);
    expect(await readConnection('shop', { file }, {})).toMatchObject({ destination: 'mailbox' });
    expect(await readSettings('phones', file, {})).toMatchObject({ destination: 'adjust' });
  });
});
