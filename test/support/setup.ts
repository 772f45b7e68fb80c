import http from 'node:http';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Dispatcher } from 'undici';
import { forbidProcessesAndWrites } from './no-machine.ts';
import { forbidNetwork } from './no-network.ts';
import { isUnitTest } from './unit-tests.ts';

// nock, undici and what they need cost a test file 0.2 s of CPU: they are loaded by the tests that use them, not here.

/** Where undici looks for its global dispatcher, old and new place; once set, it keeps what is there. */
const globalDispatchers = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')];

/** For undici calls without a dispatcher of their own: through node:http, where nock sees them. */
const visibleToNock = {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    void import('../../core/testing/kit/node-http-dispatcher.ts').then(({ NodeHttpDispatcher }) =>
      // compose() puts undici's own adapter in between: request() and fetch() come with handlers of the older kind.
      new NodeHttpDispatcher().compose((dispatch) => (given, told) => dispatch(given, told)).dispatch(options, handler),
    );
    return true;
  },
};
for (const place of globalDispatchers) {
  Object.defineProperty(globalThis, place, { value: visibleToNock, writable: true, configurable: true });
}

const ownRequest = http.request;
const nockIsLoaded = (): boolean => http.request !== ownRequest;
const testFile = path.relative(process.cwd(), expect.getState().testPath ?? '').replaceAll(path.sep, '/');
let allowNetwork = (): void => undefined;
let allowMachine = (): void => undefined;
if (isUnitTest(testFile)) allowMachine = forbidProcessesAndWrites();

beforeAll(async () => {
  allowNetwork = forbidNetwork();
  if (!nockIsLoaded()) return;
  const { default: nock } = await import('nock');
  nock.disableNetConnect();
  nock.enableNetConnect(/^(?:localhost|127\.0\.0\.1|\[?::1\]?)(?::\d+)?$/);
});

afterEach(async () => {
  if (!nockIsLoaded()) return;
  const { default: nock } = await import('nock');
  const pending = nock.pendingMocks();
  nock.cleanAll();
  if (pending.length > 0) throw new Error(`unused nock mocks: ${pending.join(', ')}`);
});

afterAll(async () => {
  allowNetwork();
  allowMachine();
  if (!nockIsLoaded()) return;
  const { default: nock } = await import('nock');
  nock.restore();
});
