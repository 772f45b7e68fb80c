// Tests core/hosts/cli: the origins that it may deliver to.
import { mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { fakeTerminal, type Ran } from '../support/cli/fake-terminal.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, eventLines } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);

const api = pathToFileURL(path.join(import.meta.dirname, '../../core/api/index.ts')).href;
mkdirSync(workspace.at('folders/hook'), { recursive: true });
workspace.write(
  'folders/hook/index.ts',
  `import { defineDestination, errorTable, jsonArray, payload, z } from '${api}';
export default defineDestination({
  manifest: {
    slug: 'hook', displayName: 'Hook', aliases: [], summary: 'Sends events to a URL.', stage: 'alpha',
    reference: { url: 'https://hook.example/', checkedOn: '2026-01-15' }, accepts: ['track'], hosts: 'origins',
    limits: { maxItems: 10, maxBytes: 10_000, maxAgeMs: 0 }, pace: { concurrency: 1, timeoutMs: 10_000 },
    replay: 'tolerated',
  },
  config: z.strictObject({ url: z.string() }),
  transform: (event) => payload({ id: event.messageId, name: event.event }),
  frame: () => jsonArray,
  request: ({ url }) => ({ method: 'POST', url, headers: {} }),
  response: { ...errorTable(), success: [{ body: /^{}$/ }] },
});
`,
);

let server: Awaited<ReturnType<typeof startVendorServer>> | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function spillway(command: string, more: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const args = ['--destinations', workspace.at('folders'), ...more];
  return fakeTerminal(eventLines(3), env).run(...command.split(' '), ...args);
}

describe('--allow-origin', () => {
  test('lets a webhook deliver to a program on this machine, and the variable does the same', async () => {
    server = await startVendorServer();
    const { origin, received } = server;
    const config = workspace.write('hook.json', { config: { url: `${origin}/in` } });
    const deliver = (flags: string[], env?: Record<string, string>) =>
      spillway('deliver hook', ['--config', config, '--quiet', ...flags], env);
    expect(await deliver(['--allow-origin', 'https://a.example', '--allow-origin', origin])).toMatchObject({ code: 0 });
    expect(received).toHaveLength(3);
    expect(await deliver([], { SPILLWAY_ALLOW_ORIGIN: `https://a.example ${origin}` })).toMatchObject({ code: 0 });
    expect(received).toHaveLength(6);
  });

  test('is asked for where it is missing, or does not have the origin of the settings', async () => {
    const config = workspace.write('hook.json', { config: { url: 'https://hooks.example.com/in' } });
    const validate = (...flags: string[]) => spillway('validate hook', ['--config', config, ...flags]);
    expect(await validate()).toMatchObject({ code: 78, stderr: expect.stringContaining('--allow-origin') });
    expect(await validate('--allow-origin', 'https://other.example')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('the URL is at none of the origins that the host program allows'),
    });
    expect(await validate('--allow-origin', 'https://hooks.example.com')).toMatchObject({ code: 0 });
  });

  test('is a usage error where it is no origin', async () => {
    const config = workspace.write('hook.json', { config: { url: 'https://hooks.example.com/in' } });
    for (const url of ['http://hooks.example.com', 'https://10.0.0.1', 'https://hooks.example.com/in'])
      expect(await spillway('validate hook', ['--config', config, '--allow-origin', url])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/allow-origin: an (?:allowed )?origin /),
      });
  });

  test('holds for the connections of a work file', async () => {
    server = await startVendorServer();
    const { origin, received } = server;
    const hook = { id: 'hook-1', destination: 'hook', config: { url: `${origin}/in` } };
    const config = workspace.write('work.json', { connections: [hook] });
    const flags = ['--config', config, '--store', workspace.at('store'), '--quiet'];
    expect(await spillway('enqueue hook-1', flags)).toMatchObject({ code: 78 });
    expect(await spillway('enqueue hook-1', [...flags, '--allow-origin', origin])).toMatchObject({ code: 0 });
    expect(await spillway('work --until-idle', [...flags, '--allow-origin', origin])).toMatchObject({ code: 0 });
    expect(received).toHaveLength(3);
  });

  test.each([
    ['beside the settings', (hook: object) => ({ ...hook, allowedOrigins: [] }), 'allowedOrigins: is not for a file'],
    [
      'in the options',
      (hook: object) => ({ ...hook, options: { allowedOrigins: [] } }),
      `options: "allowedOrigins" is an option of createRuntime(): the host program's`,
    ],
  ])('cannot stand in a file, %s', async (_, change, why) => {
    const allow = ['--allow-origin', 'https://hooks.example.com'];
    const single = workspace.write('one.json', change({ config: { url: 'https://hooks.example.com/in' } }));
    const one = await spillway('validate hook', ['--config', single, ...allow]);
    expect(one).toMatchObject({ code: 78, stderr: expect.stringContaining(why) });
    const hook = { id: 'hook-1', destination: 'hook', config: { url: 'https://hooks.example.com/in' } };
    const several = workspace.write('work.json', { connections: [change(hook)] });
    const flags = ['--config', several, '--store', workspace.at('store'), ...allow];
    expect(await spillway('enqueue hook-1', flags)).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(`connections.0.${why}`),
    });
  });
});
