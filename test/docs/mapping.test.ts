import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { catalogueEntry, compileMapping, compileQuery, z, type ConnectionOptions } from '../../core/index.ts';
import { directives } from '../../core/mapping/directives/directive-table.ts';
import rokt from '../../destinations/rokt/index.ts';
import { root } from '../support/docs/pages.ts';

const page = readFileSync(path.join(root, 'docs/mapping.md'), 'utf8');

interface Example {
  readonly title: string;
  readonly options: ConnectionOptions;
  readonly event: object | undefined;
  readonly result: object | undefined;
  readonly taken: object | undefined;
  readonly left: object | undefined;
}

/** An example begins with its options, and ends where the next one begins. */
const examples: readonly Example[] = page
  .split('```json options\n')
  .slice(1)
  .map((text, index) => {
    const before = page
      .split('```json options\n')
      .slice(0, index + 1)
      .join('');
    const title = [...before.matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? '';
    const json = (source: string | undefined): object | undefined =>
      source === undefined ? undefined : (JSON.parse(source) as object);
    const block = (name: string) => json(new RegExp(`\`\`\`json ${name}\\n([^\`]+)\`\`\``).exec(text)?.[1]);
    return {
      title: `${title} (${index + 1})`,
      options: json(text.split('```')[0]) as ConnectionOptions,
      event: block('event'),
      result: block('result'),
      taken: block('taken'),
      left: block('left'),
    };
  });

const takes = ({ subscribe = 'true = true' }: ConnectionOptions, event: object): boolean => {
  const query = compileQuery(subscribe);
  if (!query.ok) throw new Error(JSON.stringify(query.issues));
  return query.matches(event);
};

const form = z.fromJSONSchema(catalogueEntry(rokt).optionsSchema);

describe('docs/mapping.md', () => {
  it('has ten recipes and more', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  it.each(examples)('does what it shows: $title', ({ options, event, result, taken, left }) => {
    expect([event, taken]).not.toEqual([undefined, undefined]);
    if (taken !== undefined) expect(takes(options, taken)).toBe(true);
    if (left !== undefined) expect(takes(options, left)).toBe(false);
    if (event === undefined) return;
    const mapping = compileMapping(options.mapping ?? {});
    if (!mapping.ok) throw new Error(JSON.stringify(mapping.issues));
    expect(takes(options, event)).toBe(true);
    expect(mapping.apply(event)).toEqual({ event: result, notes: undefined });
  });

  it.each(examples)('shows options that the JSON Schema of options takes: $title', ({ options }) => {
    expect(form.safeParse(options).error).toBeUndefined();
  });

  it('names every directive there is', () => {
    const inTable = [...page.matchAll(/^\| `\{"(@\w+)"/gm)].map(([, name]) => name);
    expect(new Set(inTable)).toEqual(new Set(directives.keys()));
  });
});
