import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { directives } from '../../../core/mapping/directives/directive-table.ts';
import { makeMappingShape } from '../../../core/mapping/mapping-shape.ts';

it('the JSON Schema of a mapping says what its members are, and names every directive', () => {
  const schema = z.toJSONSchema(makeMappingShape(), { io: 'input' });
  expect(schema).toMatchObject({
    type: 'object',
    title: 'Mapping',
    additionalProperties: false,
    properties: {
      set: { type: 'object', title: 'Set' },
      unset: { type: 'array', title: 'Unset', items: { type: 'string' } },
    },
  });
  for (const name of directives.keys()) expect(JSON.stringify(schema)).toContain(name);
});

it.each([
  [{}, true],
  [{ set: { a: { '@path': 'b' } }, unset: ['c'] }, true],
  [{ set: [] }, false],
  [{ unset: 'a' }, false],
  [{ unset: [''] }, false],
  [{ sets: {} }, false],
])('the shape of a mapping takes what may be one: %j', (option, isTaken) => {
  expect(makeMappingShape().safeParse(option).success).toBe(isTaken);
});
