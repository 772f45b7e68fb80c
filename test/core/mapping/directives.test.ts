// Tests core/mapping/directives: each directive by a table, and what all of them have in common.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../../core/api/index.ts';
import { directives } from '../../../core/mapping/directives/directive-table.ts';
import { mappingOf } from '../../support/mapping/mapping-of.ts';

interface Row {
  readonly side: JsonValue;
  /** Default: the event of the table. */
  readonly event?: JsonObject;
  /** Nothing, if it is missing. */
  readonly yields?: JsonValue;
  readonly unfit?: string;
}
const table = JSON.parse(readFileSync(path.join(import.meta.dirname, 'directives.json'), 'utf8')) as {
  readonly event: JsonObject;
  readonly directives: Readonly<Record<string, readonly Row[]>>;
};

describe.each(Object.entries(table.directives))('%s', (_name, rows) => {
  it.each(rows.map((row) => [JSON.stringify(row.side), row] as const))('%s', (_side, row) => {
    const event = row.event ?? table.event;
    const before = structuredClone(event);
    const { event: mapped, notes } = mappingOf({ set: { made: row.side } }).apply(event);
    expect(mapped).toEqual('yields' in row ? { ...before, made: row.yields } : before);
    expect(JSON.stringify(mapped)).toBe(JSON.stringify('yields' in row ? { ...before, made: row.yields } : before));
    expect(notes).toEqual(
      row.unfit === undefined ? undefined : [{ code: 'mapping_unfit', field: 'made', message: row.unfit }],
    );
  });
});

it('@flatten takes a Date for the text that JSON makes of it, not for an object without members', () => {
  const event = { at: { day: new Date(0), nan: Number.NaN } };
  const { event: mapped } = mappingOf({ set: { made: { '@flatten': { value: { '@path': 'at' } } } } }).apply(event);
  expect(mapped).toMatchObject({ made: { day: '1970-01-01T00:00:00.000Z', nan: null } });
});

it('there is a table for every directive', () => {
  expect(Object.keys(table.directives)).toEqual(['raw JSON', ...directives.keys()]);
});
