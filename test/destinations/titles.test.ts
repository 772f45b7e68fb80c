import { describe, expect, it } from '@jest/globals';
import { catalogueEntry, type AnyDestination, type JsonSchema } from '../../core/index.ts';
import adrollEmail from '../../destinations/adroll-email/index.ts';
import adroll from '../../destinations/adroll/index.ts';

/** The places of a form without a title: members, options, elements of lists, names and values of maps. */
function untitled(schema: JsonSchema, at: string): readonly string[] {
  const parts: [string, JsonSchema][] = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>).map(
    ([name, part]) => [`${at}.${name}`, part],
  );
  for (const word of ['anyOf', 'oneOf', 'allOf'])
    for (const [index, part] of ((schema[word] ?? []) as readonly JsonSchema[]).entries())
      parts.push([`${at}.${word}[${index}]`, part]);
  for (const word of ['items', 'propertyNames', 'additionalProperties']) {
    const part = schema[word];
    if (typeof part === 'object') parts.push([`${at}.${word}`, part as JsonSchema]);
  }
  const bare = parts.filter(([, part]) => typeof part['title'] !== 'string').map(([place]) => place);
  const values = (schema['enum'] ?? []) as readonly unknown[];
  const labels = ((schema['oneOf'] ?? []) as readonly JsonSchema[]).map((part) => part['const']);
  const unlabelled = values.filter((value) => !labels.includes(value)).map((value) => `${at}=${String(value)}`);
  return [...bare, ...unlabelled, ...parts.flatMap(([place, part]) => untitled(part, place))];
}

describe('F-85 the forms of AdRoll and AdRoll Email', () => {
  const destinations: readonly AnyDestination[] = [adroll, adrollEmail];

  it.each(destinations.map((destination) => [destination.manifest.slug, destination] as const))(
    '%s: every setting, option, value, list and map has a title',
    (_slug, destination) => {
      expect(untitled(catalogueEntry(destination).configSchema, 'config')).toEqual([]);
    },
  );

  it('every input of the fourteen operations has one, down to the fields of an email', () => {
    const { operations } = catalogueEntry(adrollEmail as AnyDestination);
    expect(operations.flatMap(({ name, inputSchema }) => untitled(inputSchema, name))).toEqual([]);
    expect(operations).toHaveLength(14);
  });
});
