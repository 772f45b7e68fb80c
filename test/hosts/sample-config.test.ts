import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readConfigFile } from '../../core/hosts/cli/config-file.ts';
import { sampleConfig } from '../../core/hosts/cli/sample-config.ts';
import { withKitConnection } from '../../core/testing/kit/kit-connection.ts';
import { loadContractFolder } from '../../core/testing/kit/load-contract-folder.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { createWorkspace } from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);

const parents = ['destinations', 'docs/examples', 'test/destinations-elsewhere'];
const folders = parents.flatMap((parent) =>
  readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(parent, name)),
);

/** The sample with the value of the case in place of each placeholder, or with any text. */
function filledFrom(own: unknown, sample: unknown): unknown {
  if (typeof sample === 'string' && sample.startsWith('${')) return own ?? 'example-1';
  if (typeof sample !== 'object' || sample === null || Array.isArray(sample)) return sample;
  const values = own as Readonly<Record<string, unknown>> | undefined;
  return Object.fromEntries(Object.entries(sample).map(([name, part]) => [name, filledFrom(values?.[name], part)]));
}

describe('E27 spillway schema --sample', () => {
  test.each(folders)('%s: the sample with its variables filled in opens a connection', async (directory) => {
    const folder = await loadContractFolder(directory);
    const flags = ['--sample', '--destinations', path.dirname(directory)];
    const { code, stdout } = await spillway(['schema', folder.name, ...flags]);
    const { config } = JSON.parse(stdout) as { readonly config: unknown };
    expect(code).toBe(0);
    const settings = filledFrom(folder.config, config);
    await withKitConnection(
      folder,
      () => folder.successReply,
      async ({ connection }) => expect(connection.id).toBe(folder.name),
      { config: settings },
    );
  });

  test('validate names each variable that is not set, and takes the file when they are', async () => {
    const { stdout } = await spillway(['schema', 'mailbox', '--sample']);
    expect(JSON.parse(stdout)).toEqual({ config: { apiKey: '${MAILBOX_API_KEY}', owner: '${MAILBOX_OWNER}' } });
    const args = ['validate', 'mailbox', '--config', workspace.write('sample.json', JSON.parse(stdout))];
    const unset = await spillway(args);
    expect(unset).toMatchObject({ code: 78, stderr: expect.stringContaining('MAILBOX_API_KEY is not set') });
    expect(unset.stderr).toContain('MAILBOX_OWNER is not set');
    const environment = { MAILBOX_API_KEY: 'key-example-1', MAILBOX_OWNER: 'ann' };
    expect(await spillway(args, '', environment)).toMatchObject({ code: 0 });
  });

  test('a variable of a slug that begins with a digit has a name that a shell and a config file take', async () => {
    const settings = { type: 'object', required: ['apiKey'], properties: { apiKey: { type: 'string' } } };
    expect(sampleConfig('7eleven', settings)).toEqual({ config: { apiKey: '${_7ELEVEN_API_KEY}' } });
  });

  test('F-31 what the schema states is escaped, so that a config file with it holds that', async () => {
    const stated = { const: '${A}', examples: ['$${B}'], enum: ['${C'], default: [{ '${D}': '${D}' }] };
    const settings = {
      type: 'object',
      required: [...Object.keys(stated), '${key}'],
      properties: {
        ...Object.fromEntries(
          Object.entries(stated).map(([name, value]) => [name, { [name]: value } as Record<string, unknown>]),
        ),
        '${key}': { type: 'boolean' },
      },
    };
    const file = workspace.write('stated.json', sampleConfig('acme', settings));
    const { config, unfilled } = await readConfigFile(file, { A: 'a', B: 'b', D: 'd' });
    expect(unfilled).toEqual([]);
    expect(config).toEqual({
      const: '${A}',
      examples: '$${B}',
      enum: '${C',
      default: [{ '${D}': '${D}' }],
      '${key}': false,
    });
  });

  test('what is no text is a value that fits, and of several environments never production', () => {
    const settings = {
      type: 'object',
      required: ['environment', 'mode', 'count', 'on', 'pairs', 'names', 'auth'],
      properties: {
        environment: { type: 'string', enum: ['production', 'sandbox'] },
        mode: { const: 'fast' },
        count: { type: 'integer', minimum: 5 },
        on: { type: 'boolean' },
        pairs: { type: 'object', additionalProperties: { type: 'string' } },
        names: { type: 'array', minItems: 1, items: { type: 'string' } },
        auth: { oneOf: [{ type: 'object', required: ['apiKey'], properties: { apiKey: { type: 'string' } } }] },
        optional: { type: 'string' },
      },
    };
    expect(sampleConfig('acme-ads', settings)).toEqual({
      config: {
        environment: 'sandbox',
        mode: 'fast',
        count: 5,
        on: false,
        pairs: {},
        names: ['${ACME_ADS_NAMES}'],
        auth: { apiKey: '${ACME_ADS_AUTH_API_KEY}' },
      },
    });
  });
});
