import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readConfigFile } from '../../core/hosts/cli/config-file.ts';
import { createWorkspace } from '../support/cli/workspace.ts';
import { itNeeds } from '../support/machine.ts';

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
      unfilled: [],
    });
  });

  test('a variable that is not set is named with its path; an empty one is set', async () => {
    const { unfilled, config } = await read(
      { config: { a: '${EMPTY}', b: ['${MISSING}'], c: '${toString}' } },
      { EMPTY: '' },
    );
    expect(config).toEqual({ a: '', b: ['${MISSING}'], c: '${toString}' });
    expect(unfilled).toEqual([
      { path: 'config.b.0', message: 'the environment variable MISSING is not set' },
      { path: 'config.c', message: 'the environment variable toString is not set' },
    ]);
  });

  test.each([
    ['${SET:-other}', 'value'],
    ['${EMPTY:-other}', 'other'],
    ['${MISSING:-other}', 'other'],
    ['${SET-other}', 'value'],
    ['${EMPTY-other}', ''],
    ['${MISSING-other}', 'other'],
    ['${MISSING:-}', ''],
    ['${MISSING:-a:-b $x}/${SET}', 'a:-b $x/value'],
    ['$${SET}', '${SET}'],
    ['a$${ and $ and {} and $$', 'a${ and $ and {} and $$'],
    ['$${SET}${SET}', '${SET}value'],
    ['$$${SET}', '$${SET}'],
  ])('F-31 %s is %j, as in a shell', async (text, expected) => {
    const { config, unfilled } = await read({ config: { a: text } }, { SET: 'value', EMPTY: '' });
    expect([config, unfilled]).toEqual([{ a: expected }, []]);
  });

  test.each([
    '${}',
    '${SET',
    '${1SET}',
    '${SET:=x}',
    '${SET:?x}',
    '${SET:-${OTHER}}',
    '${SET:-{}}',
    '${ SET }',
    '${',
    '${file:/a',
    '${FILE:/a}',
  ])('F-31 %s is a fault, and never sent as it stands', async (text) => {
    const { unfilled } = await read({ config: { a: `secret-1 ${text}` } }, { SET: 'value' });
    expect(unfilled[0]).toEqual({ path: 'config.a', message: expect.stringContaining('write $${ for the text ${') });
    expect(JSON.stringify(unfilled)).not.toContain('secret-1');
  });

  test.each([
    ['secret-1', 'secret-1'],
    ['secret-1\n', 'secret-1'],
    ['\uFEFFsecret-1\r\n', 'secret-1'],
    ['a\n\nb\n\n', 'a\n\nb\n'],
    ['${SET}', '${SET}'],
    ['', ''],
    ['x'.repeat(1024 * 1024), 'x'.repeat(1024 * 1024)],
  ])('${file:...} becomes the text of the file, without the end of its last line (%#)', async (text, expected) => {
    const file = workspace.write('secret', text);
    const { config, unfilled } = await read({ config: { a: `<\${file:${file}}\${SET}>` } }, { SET: 'value' });
    expect([config, unfilled]).toEqual([{ a: `<${expected}value>` }, []]);
  });

  test('a file is read that a link leads to, as those of Kubernetes are', async () => {
    symlinkSync(workspace.write('secret', 'secret-1\n'), workspace.at('link'));
    const { config } = await read({ config: [`\${file:${workspace.at('link')}}`] });
    expect(config).toEqual(['secret-1']);
  });

  itNeeds({ met: existsSync('/proc/self/comm'), otherwise: 'no /proc on this machine' })(
    'a file is read that has no size',
    async () => {
      const { config } = await read({ config: ['${file:/proc/self/comm}'] });
      expect(config).toEqual([readFileSync('/proc/self/comm', 'utf8').trimEnd()]);
    },
  );

  test('a file that gives no text is a fault with the path of its setting, and tells nothing of what it holds', async () => {
    const at = workspace.at;
    workspace.write('latin', Buffer.from('secret-1 \xe4', 'latin1'));
    workspace.write('large', 'secret-1'.repeat(1024 * 128 + 1));
    execFileSync('mkfifo', [at('pipe')]);
    const names = [at('none'), workspace.at(''), at('pipe'), at('latin'), at('large'), 'secret-1', './secret-1', ''];
    const { config, unfilled } = await read({ config: names.map((name) => `secret-2 \${file:${name}}`) });
    const relative = 'a reference to a file needs its absolute path: ${file:/path}';
    expect(unfilled).toEqual([
      { path: 'config.0', message: `the file ${at('none')} cannot be read (ENOENT)` },
      { path: 'config.1', message: `the file ${at('')} is not a regular file` },
      { path: 'config.2', message: `the file ${at('pipe')} is not a regular file` },
      { path: 'config.3', message: `the file ${at('latin')} is not UTF-8` },
      { path: 'config.4', message: `the file ${at('large')} is larger than 1 MiB` },
      ...[5, 6, 7].map((n) => ({ path: `config.${n}`, message: relative })),
    ]);
    expect(config).toEqual(names.map((name) => `secret-2 \${file:${name}}`));
  });

  test('a variable may be called file, and $${file:...} is no reference', async () => {
    const content = { config: ['${file:-other}', '${file-other}', '${file}', '$${file:/none}'] };
    const { config, unfilled } = await read(content, { file: 'value' });
    expect([config, unfilled]).toEqual([['value', 'value', 'value', '${file:/none}'], []]);
  });

  test('F-31 a reference in a key is a fault; $${ is the text there, too', async () => {
    const { config, unfilled } = await read(
      { config: { tokens: { '${SET}': 'x', '$${SET}y': '${SET}' } } },
      { SET: 'v' },
    );
    expect(unfilled).toEqual([
      { path: 'config.tokens.${SET}', message: expect.stringContaining('a key holds no reference') },
    ]);
    expect(config).toEqual({ tokens: { '${SET}': 'x', '${SET}y': 'v' } });
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

  test('F-31 a file that is nested without end exits 78', async () => {
    const deep = `{"config":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(await refusal(deep)).toMatchObject({ exitCode: 78, message: 'c.json: nested deeper than 1000 levels' });
  });

  test('a file that is not there is a usage error', async () => {
    await expect(readConfigFile(workspace.at('none.json'), {})).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('ENOENT'),
    });
  });
});
