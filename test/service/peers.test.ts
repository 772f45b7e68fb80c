// Tests core/service/peers.ts.
import { describe, expect, test } from '@jest/globals';
import { loadHono, loadNodeServer, loadZodToOpenApi } from '../../core/service/peers.ts';

const missing = (id: string): never => {
  throw Object.assign(new Error(`Cannot find module '${id}'`), { code: 'MODULE_NOT_FOUND' });
};

describe('F-33 a package of the service that is not installed', () => {
  test.each([
    [loadHono, 'hono', '4.13.19'],
    [loadNodeServer, '@hono/node-server', '2.1.8'],
    [loadZodToOpenApi, '@asteasolutions/zod-to-openapi', '9.1.0'],
  ])('is named with the command that installs it', (load, name, version) => {
    expect(() => load(missing)).toThrow(
      `spillway/service needs ${name}, which is not installed. Run: npm install ${name}@${version}`,
    );
  });
});
