import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { catalogueEntry, createRuntime, z, type AnyDestination, type ConnectionOptions } from '../../core/index.ts';
import { titleless } from '../../core/testing/kit/settings.ts';
import { acme } from '../support/runtime/test-connection.ts';

const destination = acme() as unknown as AnyDestination;
const { optionsSchema } = catalogueEntry(destination);
const form = z.fromJSONSchema(optionsSchema);
const opens = (options: unknown): boolean =>
  createRuntime({ destinations: [destination] }).open('acme', { account: 'a' }, options as ConnectionOptions).kind ===
  'open';

describe('the JSON Schema of the options', () => {
  it('has every option of a connection, each part with what a form shows of it', () => {
    expect(Object.keys(optionsSchema['properties'] as object)).toEqual([
      'id',
      'requiredConsent',
      'onAmbiguous',
      'retry',
      'limits',
      'pace',
      'subscribe',
      'mapping',
    ] satisfies (keyof ConnectionOptions)[]);
    expect(titleless(optionsSchema)).toEqual([]);
    expect(optionsSchema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: {
        onAmbiguous: { oneOf: [{ const: 'report' }, { const: 'retry' }] },
        subscribe: { type: 'string', description: expect.stringContaining("type = 'track'") },
        mapping: { properties: { set: { additionalProperties: { description: expect.stringContaining('@path') } } } },
      },
    });
  });

  it('is the same for every destination, and made once', () => {
    const other = acme({}, { slug: 'other' }) as unknown as AnyDestination;
    expect(catalogueEntry(other).optionsSchema).toBe(optionsSchema);
  });

  it.each<[unknown, boolean]>([
    [{}, true],
    [{ subscribe: "type = 'track'", mapping: { set: { event: 'x' }, unset: ['context.ip'] } }, true],
    [{ mapping: { set: { a: null, b: [1], c: { '@literal': {} } } } }, true],
    [{ id: 'shop', requiredConsent: ['ads'], onAmbiguous: 'retry', retry: { attempts: 2, budget: false } }, true],
    [{ limits: { maxItems: 5, maxAgeMs: 0 }, pace: { concurrency: 1 } }, true],
    [{ pace: { rate: { permits: 3, perMs: 1_000, cost: 'item', burst: 1 } } }, true],
    [{ subscribe: 5 }, false],
    [{ subscribe: ["type = 'track'"] }, false],
    [{ mapping: 'all' }, false],
    [{ mapping: { set: [] } }, false],
    [{ mapping: { unset: 'context.ip' } }, false],
    [{ mapping: { unset: [''] } }, false],
    [{ mapping: { sets: {} } }, false],
    [{ onAmbiguous: 'guess' }, false],
    [{ retry: { attempts: 0 } }, false],
    [{ prepareEvent: 'x' }, false],
    [[], false],
  ])('takes what open() takes, and refuses the forms that it refuses: %j', (options, isTaken) => {
    expect(form.safeParse(options).success).toBe(isTaken);
    expect(opens(options)).toBe(isTaken);
  });

  it('takes every mapping of the tests that compiles', () => {
    const file = path.join(import.meta.dirname, 'mapping/mappings.json');
    const mappings = JSON.parse(readFileSync(file, 'utf8')) as readonly { readonly mapping: unknown }[];
    expect(mappings.length).toBeGreaterThan(20);
    expect(mappings.filter(({ mapping }) => !form.safeParse({ mapping }).success)).toEqual([]);
  });
});
