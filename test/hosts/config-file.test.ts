import { afterAll, describe, expect, test } from '@jest/globals';
import { readConfigFile } from '../../core/hosts/cli/config-file.ts';
import { createWorkspace } from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);

const read = (content: unknown, env: Record<string, string> = {}) =>
  readConfigFile(workspace.write('c.json', content), env);
const refusal = (content: unknown) =>
  read(content).then(
    () => undefined,
    ({ exitCode, message, details }: { exitCode: number; message: string; details: string[] }) => ({
      exitCode,
      message: message.replace(workspace.at('c.json'), 'c.json'),
      details,
    }),
  );

describe('the config file', () => {
  test('${NAME} in any string is replaced from the environment, more than once, at any depth', async () => {
    const content = {
      config: { a: '${ONE}-${TWO}', list: [{ b: 'x${ONE}' }], n: 1, no: null },
      options: { id: '${TWO}' },
    };
    await expect(read(content, { ONE: '1', TWO: '${ONE}' })).resolves.toEqual({
      config: { a: '1-${ONE}', list: [{ b: 'x1' }], n: 1, no: null },
      options: { id: '${ONE}' },
      unset: [],
    });
  });

  test('a variable that is not set is named with its path; an empty one is set', async () => {
    const { unset, config } = await read(
      { config: { a: '${EMPTY}', b: ['${MISSING}'], c: '${toString}' } },
      { EMPTY: '' },
    );
    expect(config).toEqual({ a: '', b: ['${MISSING}'], c: '${toString}' });
    expect(unset).toEqual([
      { path: 'config.b.0', message: 'the environment variable MISSING is not set' },
      { path: 'config.c', message: 'the environment variable toString is not set' },
    ]);
  });

  test('a byte order mark does no harm', async () => {
    await expect(read('\uFEFF{"config":{}}')).resolves.toMatchObject({ config: {} });
  });

  test('a key beside config and options exits 78', async () => {
    expect(await refusal({ config: {}, option: {}, __: 1 })).toEqual({
      exitCode: 78,
      message: 'c.json is not valid:',
      details: ['option: unknown key; expected config or options', '__: unknown key; expected config or options'],
    });
  });

  test('what is not JSON exits 78 with line and column, and shows nothing of the file', async () => {
    expect(await refusal('{"config": {\n  "apiKey": "key-example-1" "b"}}')).toEqual({
      exitCode: 78,
      message: 'c.json:2:29: not valid JSON',
      details: [],
    });
    expect(await refusal('{"config": {')).toMatchObject({ exitCode: 78, message: 'c.json:1:13: not valid JSON' });
    expect((await refusal('{"apiKey": key-example-1}'))?.message).toMatch(/^c\.json(:1:12)?: not valid JSON$/);
    expect(await refusal('[]')).toMatchObject({ exitCode: 78 });
  });

  test('a file that is not there is a usage error', async () => {
    await expect(readConfigFile(workspace.at('none.json'), {})).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('ENOENT'),
    });
  });
});
