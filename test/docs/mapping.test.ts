import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import {
  catalogueEntry,
  compileMapping,
  compileQuery,
  createRuntime,
  z,
  type ConnectionOptions,
  type TrackEvent,
} from '../../core/index.ts';
import { directives } from '../../core/mapping/directives/directive-table.ts';
import adroll from '../../destinations/adroll/index.ts';
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
    const { event: mapped, notes } = mapping.apply(event);
    expect({ event: mapped, notes }).toEqual({ event: result, notes: undefined });
  });

  it.each(examples)('shows options that the JSON Schema of options takes: $title', ({ options }) => {
    expect(form.safeParse(options).error).toBeUndefined();
  });

  it('names every directive there is', () => {
    const inTable = [...page.matchAll(/^\| `\{"(@\w+)"/gm)].map(([, name]) => name);
    expect(new Set(inTable)).toEqual(new Set(directives.keys()));
  });
});

describe('docs/mapping.md, from a shop to two vendors', () => {
  const block = (name: string) => JSON.parse(page.split(`\`\`\`json ${name}\n`)[1]?.split('```')[0] ?? '') as object;
  const shop = block('shop') as TrackEvent & { readonly properties: { readonly pedido: object } };
  const { connections } = block('work') as {
    readonly connections: readonly {
      readonly id: string;
      readonly destination: string;
      readonly config: object;
      readonly options: ConnectionOptions;
    }[];
  };
  const runtime = createRuntime({ destinations: [rokt, adroll] });
  afterAll(() => runtime.close());

  const previewOf = async (wanted: string, event: object) => {
    const entry = connections.find(({ id }) => id === wanted);
    if (entry === undefined) throw new Error(`no connection ${wanted}`);
    const opened = runtime.open(entry.destination, entry.config, { ...entry.options, id: wanted });
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const preview = await opened.connection.preview(event as TrackEvent);
    await opened.connection.close();
    return preview;
  };
  const sentTo = async (wanted: string, event: object) => {
    const preview = await previewOf(wanted, event);
    return preview.kind === 'request' ? (JSON.parse(preview.request.body) as object) : preview.reason.code;
  };
  const withOrder = (order: object, more: object = {}) => ({
    ...shop,
    properties: { pedido: { ...shop.properties.pedido, ...order }, ...more },
  });

  it('sends Rokt the body that it shows, a refund with a reference of its own, and no free order', async () => {
    expect(await sentTo('shop-rokt', shop)).toEqual(block('rokt'));
    expect(JSON.stringify(await sentTo('shop-rokt', { ...shop, event: 'Reembolso' }))).toContain(
      '"conversiontype":"refund","quantity":2,"productname":"Zapato","confirmationref":"A-1-refund"',
    );
    expect(await sentTo('shop-rokt', withOrder({ lineas: [{ cantidad: 1, precio: 0 }] }))).toBe('unmapped_event');
  });

  it('sends AdRoll the order without name and phone number, and no refund', async () => {
    const body = await sentTo('shop-adroll', shop);
    expect(body).toMatchObject([{ event_name: 'purchase', conversion_value: '79.8', currency: 'EUR' }]);
    expect(await previewOf('shop-adroll', shop)).toMatchObject({ mapping: { removed: ['contact'], absent: [] } });
    expect(await sentTo('shop-adroll', { ...shop, event: 'Reembolso' })).toBe('not_subscribed');
  });

  it.each(['shop-rokt', 'shop-adroll'])('sends %s no test order', async (id) => {
    expect(await sentTo(id, withOrder({}, { prueba: true }))).toBe('not_subscribed');
  });
});
