import { describe, expect, test } from '@jest/globals';
import { createRuntime, z, type AnyDestination } from '../../core/index.ts';
import adroll from '../../destinations/adroll/index.ts';

const settings = { advertisableEid: 'ADV', pixelEid: 'PIX', serverAccessToken: 'token-example' };

/** What is wrong with the settings and options, as `path: message`. */
function problems(config: object, options: object = {}, destination: AnyDestination = adroll as AnyDestination) {
  const opened = createRuntime({ destinations: [destination] }).open(destination, { ...settings, ...config }, options);
  return opened.kind === 'invalid' ? opened.issues.map(({ path, message }) => `${path}: ${message}`) : [];
}

describe('E26 a key in the wrong place', () => {
  test('an option among the settings is told with its place', () => {
    expect(problems({ retry: {}, maxItems: 3 })).toEqual([
      'config: "retry" is an option, not a setting: it belongs at options.retry, beside "config"',
      'config: "maxItems" is an option, not a setting: it belongs at options.limits.maxItems, beside "config"',
    ]);
    expect(problems({ options: {} })).toEqual(['config: "options" stands beside "config", not in it']);
  });

  test('a setting among the options is told with its place', () => {
    expect(problems({}, { dryRun: true })).toEqual([
      'options: "dryRun" is a setting, not an option: it belongs at config.dryRun',
    ]);
    expect(problems({}, { limits: { gzip: true } })).toEqual([
      'options.limits: "gzip" is a setting, not an option: it belongs at config.gzip',
    ]);
  });

  test('an option at the wrong depth is told with its place', () => {
    expect(problems({}, { maxItems: 3, ratio: 1 })).toEqual([
      'options: "maxItems" belongs at options.limits.maxItems',
      'options: "ratio" belongs at options.retry.budget.ratio',
    ]);
  });

  test("an option of the host program's is told in either place", () => {
    const why = '"allowedOrigins" is an option of createRuntime(): the host program\'s, never a connection\'s';
    expect(problems({ allowedOrigins: [] }, { allowedOrigins: [] })).toEqual([`config: ${why}`, `options: ${why}`]);
  });

  test('of very many unknown keys, twenty are named', () => {
    const keys = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`key${n}`, 1]));
    expect(problems(keys)).toHaveLength(21);
    expect(problems({}, keys).at(-1)).toBe('options: 980 more keys are unrecognized');
  });

  test('every unknown key names the nearest, with no value', () => {
    expect(
      problems({ pixelEId: 'secret-1', dryrun: true }, { onAmbigous: 'secret-2', limits: { maxItem: 1 } }),
    ).toEqual([
      'config: Unrecognized key: "pixelEId"; do you mean "pixelEid"?',
      'config: Unrecognized key: "dryrun"; do you mean "dryRun"?',
      'options.limits: Unrecognized key: "maxItem"; do you mean "maxItems"?',
      'options: Unrecognized key: "onAmbigous"; do you mean "onAmbiguous"?',
    ]);
  });

  test('inside lists, records and rules over several fields, names of that object are meant', () => {
    const inner = z.strictObject({ width: z.number().optional() });
    const config = z
      .strictObject({
        list: z.array(inner).default([]),
        byName: z.record(z.string(), inner).optional(),
        either: z.union([z.string(), inner]).optional(),
      })
      .refine(() => true)
      .transform((value) => value);
    const destination = { ...adroll, config } as unknown as AnyDestination;
    const opened = createRuntime({ destinations: [destination] }).open(destination, {
      list: [{ widht: 1 }],
      byName: { a: { rate: 1 } },
      lst: [],
    });
    expect(opened).toMatchObject({
      kind: 'invalid',
      issues: [
        { path: 'config.list.0', message: 'Unrecognized key: "widht"; do you mean "width"?' },
        { path: 'config.byName.a', message: 'Unrecognized key: "rate"; there are: width' },
        { path: 'config', message: 'Unrecognized key: "lst"; do you mean "list"?' },
      ],
    });
  });
});
