import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import {
  AbortedError,
  ConfigurationError,
  InstrumentationError,
  NetworkError,
  PlatformError,
  RetryableError,
  ThrottledError,
  UnauthorizedError,
} from '@rudderstack/integrations-lib/build/errors/index.js';
import type { Outcome, Reason } from '../../core/index.ts';
import { loadRudderLibrary } from '../../core/adapters/rudder-library.ts';
import { statTags, toRudderError, toRudderErrors, toRudderStatus } from '../../core/adapters/rudder.ts';
import { testConnection, track } from '../support/runtime/test-connection.ts';

const eventId = 'm-1';
const because = (code: Reason['code'], more: Partial<Reason> = {}): Reason => ({
  code,
  message: `because ${code}`,
  ...more,
});
const rejected = (code: Reason['code'], more?: Partial<Reason>): Outcome => ({
  kind: 'rejected',
  eventId,
  reason: because(code, more),
});
const deferred = (code: Reason['code'], more?: Partial<Reason>): Outcome => ({
  kind: 'deferred',
  eventId,
  reason: because(code, more),
});
const delivered: Outcome = { kind: 'delivered', eventId, attempts: 1 };

describe("outcomes as RudderStack's errors", () => {
  test.each([
    ['an event at fault', rejected('missing_identifier'), InstrumentationError, 400, 'instrumentation'],
    ["a vendor's no", rejected('vendor_rejected', { status: 422 }), AbortedError, 422, 'aborted'],
    ['a defect of ours', rejected('internal_error'), PlatformError, 400, undefined],
    ['throttling', deferred('rate_limited', { status: 429 }), ThrottledError, 429, 'throttled'],
    ['an outage', deferred('vendor_unavailable', { status: 503 }), NetworkError, 503, 'retryable'],
    ['a network that fails', deferred('network'), RetryableError, 500, 'retryable'],
    [
      'refused credentials',
      { kind: 'suspended', eventId, reason: because('unauthorized', { status: 403 }) } as Outcome,
      UnauthorizedError,
      403,
      'aborted',
    ],
    [
      'wrong settings',
      { kind: 'suspended', eventId, reason: because('misconfigured') } as Outcome,
      ConfigurationError,
      400,
      'configuration',
    ],
    [
      'a lost answer',
      { kind: 'unknown', eventId, reason: because('ambiguous_delivery') } as Outcome,
      AbortedError,
      400,
      'aborted',
    ],
  ])('%s', (_what, outcome, kind, status, errorType) => {
    const error = toRudderError(outcome);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ status, message: 'reason' in outcome ? outcome.reason.message : '' });
    expect((error?.statTags as Record<string, string> | undefined)?.['errorType']).toBe(errorType);
  });

  test.each([
    ['a 200 with an error inside', rejected('vendor_rejected', { status: 200 }), 400],
    ['a 501', rejected('vendor_rejected', { status: 501 }), 400],
    [
      'an answer nobody documents',
      { kind: 'unknown', eventId, reason: because('ambiguous_delivery', { status: 204 }) } as Outcome,
      400,
    ],
  ])('%s is final for hosts that go by the number', (_what, outcome, status) => {
    expect(toRudderError(outcome)?.status).toBe(status);
  });

  test.each([200, 408, 425, undefined])(
    'a deferral after %s is one to send again for hosts that go by the number',
    (status) => {
      expect(toRudderError(deferred('vendor_unavailable', status === undefined ? {} : { status }))?.status).toBe(500);
    },
  );

  test('delivered and skipped are no errors', () => {
    expect(toRudderError(delivered)).toBeUndefined();
    expect(toRudderError({ kind: 'skipped', eventId, reason: because('unmapped_event') })).toBeUndefined();
  });

  describe('judged by their status, as RudderStack’s server does', () => {
    /** What the server makes of a job with such a status. */
    const jobState = (status: number): string => {
      if (status === 298) return 'filtered';
      if (status >= 200 && status < 300) return 'succeeded';
      return status === 408 || status === 429 || status >= 500 || status < 200 ? 'retried' : 'aborted';
    };

    test.each<[string, Outcome, string]>([
      ['delivered', delivered, 'succeeded'],
      ['skipped', { kind: 'skipped', eventId, reason: because('unmapped_event') }, 'filtered'],
      ['rejected', rejected('vendor_rejected', { status: 200 }), 'aborted'],
      ['deferred', deferred('vendor_unavailable', { status: 503 }), 'retried'],
      ['deferred by a 425', deferred('vendor_unavailable', { status: 425 }), 'retried'],
      ['throttled', deferred('rate_limited', { status: 429 }), 'retried'],
      ['suspended', { kind: 'suspended', eventId, reason: because('unauthorized', { status: 401 }) }, 'aborted'],
      ['unknown', { kind: 'unknown', eventId, reason: because('ambiguous_delivery') }, 'aborted'],
    ])('an event that is %s', (_kind, outcome, state) => {
      expect(jobState(toRudderStatus(outcome))).toBe(state);
    });

    test('an event that the connection does not subscribe to is filtered, and is no error in its tags', async () => {
      const { deliver, vendor } = testConnection({ connection: { subscribe: "properties.lane = 'vip'" } });
      const [unwanted, wanted] = (await deliver([track('m-1'), track('m-2', { lane: 'vip' })])) as [Outcome, Outcome];
      expect(unwanted).toMatchObject({ kind: 'skipped', reason: { code: 'not_subscribed' } });
      expect([toRudderStatus(unwanted), toRudderStatus(wanted)]).toEqual([298, 200]);
      expect(toRudderError(unwanted)).toBeUndefined();
      expect(statTags(unwanted, 'acme')).toEqual(statTags(wanted, 'acme'));
      expect(vendor.requests.map(({ ids }) => ids)).toEqual([['m-2']]);
    });
  });

  test("the vendor's words travel as the destination's response", () => {
    expect(toRudderError(rejected('vendor_rejected', { detail: 'bad thing' }))?.destinationResponse).toBe('bad thing');
  });

  test('stat tags name the destination and the kind of error', () => {
    expect(statTags(deferred('rate_limited'), 'adroll-email')).toMatchObject({
      destType: 'ADROLL_EMAIL',
      module: 'destination',
      implementation: 'native',
      feature: 'dataDelivery',
      errorCategory: 'network',
      errorType: 'throttled',
    });
    expect(statTags(delivered, 'adroll')).not.toHaveProperty('errorCategory');
  });

  test('many outcomes keep their order, and the event loop its turns', async () => {
    const outcomes = Array.from({ length: 60_000 }, (_, index) =>
      index % 3 === 0 ? delivered : rejected('invalid_value'),
    );
    let turns = 0;
    let counting = true;
    const count = (): void => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const errors = await toRudderErrors(outcomes);
    counting = false;
    expect(errors.map((error) => error === undefined)).toEqual(outcomes.map(({ kind }) => kind === 'delivered'));
    expect(turns).toBeGreaterThan(0);
  });

  test('a host that does not ask for it never loads the library', () => {
    const script = `
      import { createRequire } from 'node:module';
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('@rudderstack'));
      await import('./core/index.ts');
      const before = loaded();
      await import('./core/adapters/rudder.ts');
      process.stdout.write(before + ' ' + loaded());`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('false true');
  });
});

describe('F-33 RudderStack’s library is an optional peer', () => {
  const notFound = (id: string) =>
    Object.assign(new Error(`Cannot find module '${id}'\nRequire stack: ...`), { code: 'MODULE_NOT_FOUND' });
  const { version } = createRequire(import.meta.url)('@rudderstack/integrations-lib/package.json') as {
    version: string;
  };

  test('where it is not installed, the error names the command that installs the version tried here', () => {
    const load = (id: string): unknown => {
      throw notFound(id);
    };
    expect(() => loadRudderLibrary(load)).toThrow(
      'spillway/rudder needs @rudderstack/integrations-lib, which is not installed. ' +
        `Run: npm install @rudderstack/integrations-lib@${version}`,
    );
  });

  test('a version that lacks a module that the adapter needs is told apart, and the module is named', () => {
    const load = (id: string): unknown => {
      if (id.endsWith('tags.js')) throw notFound(id);
      return {};
    };
    expect(() => loadRudderLibrary(load)).toThrow(
      "which does not load (Cannot find module '@rudderstack/integrations-lib/build/tags.js')",
    );
  });

  test('an error of the library itself stays as it is', () => {
    const broken = new TypeError('inside the library');
    const load = (): unknown => {
      throw broken;
    };
    expect(() => loadRudderLibrary(load)).toThrow(broken);
  });

  test('the package asks nobody to install it', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
      readFileSync('package.json', 'utf8'),
    ) as Record<string, Record<string, unknown>>;
    const library = '@rudderstack/integrations-lib';
    expect(dependencies).not.toHaveProperty([library]);
    expect(peerDependencies?.[library]).toBe(`^${version}`);
    expect(peerDependenciesMeta?.[library]).toEqual({ optional: true });
  });
});
