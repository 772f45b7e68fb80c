/** A shell block of a page, and the answer that the page shows behind it. */
export interface Step {
  readonly command: string;
  readonly answer: string | undefined;
}

export const stepsOf = (page: string): readonly Step[] =>
  [...page.matchAll(/^```sh\n([^]*?)^```\n(?:\n```(?:json|text)\n([^]*?)^```\n)?/gm)].map(
    ([, command = '', answer]) => ({ command, answer }),
  );

const isTime = (text: unknown): boolean => typeof text === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text);

/** What depends on the moment, or on the speed of the machine. */
const changing =
  /^(?:waiting|oldestMs|perSecond|p50|p95|p99|requests|seq|lastDelivered|latencyMs|configHash|attempts)$/;

/**
 * Where an answer differs from the one that a page shows, as a path; nothing where it does not. A time stands for any
 * time, and `...` for what the page leaves out: members of an object, the rest of a list, or of a text.
 */
export function differences(shown: unknown, real: unknown, path = '$'): readonly string[] {
  if (shown === '...' || (isTime(shown) && isTime(real))) return [];
  if (Array.isArray(shown)) {
    if (!Array.isArray(real)) return [`${path} is no list`];
    const items = shown.at(-1) === '...' ? shown.slice(0, -1) : shown;
    if (items.length === shown.length && real.length !== shown.length) return [`${path} has ${real.length} items`];
    return items.flatMap((item, index) => differences(item, real[index], `${path}[${index}]`));
  }
  if (typeof shown === 'object' && shown !== null) {
    if (typeof real !== 'object' || real === null) return [`${path} is no object`];
    const { '...': rest, ...members } = shown as Readonly<Record<string, unknown>>;
    const values = real as Readonly<Record<string, unknown>>;
    const more = rest === undefined ? Object.keys(values).filter((name) => !(name in members)) : [];
    return [
      ...more.map((name) => `${path}.${name} is not shown`),
      ...Object.entries(members).flatMap(([name, value]) =>
        changing.test(name) && name in values ? [] : differences(value, values[name], `${path}.${name}`),
      ),
    ];
  }
  if (typeof shown === 'string' && shown.endsWith('...') && typeof real === 'string')
    return real.startsWith(shown.slice(0, -3)) ? [] : [`${path} begins otherwise`];
  return shown === real ? [] : [`${path} is ${JSON.stringify(real)}`];
}

/** One document, or a line each: JSON where it is JSON. */
function valuesOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [, name = '', json = ''] = /^(data: )?([[{].*)$/.exec(line) ?? [];
        return json === '' ? line : [name, JSON.parse(json) as unknown];
      });
  }
}

/** The same for texts: JSON, NDJSON, or other lines. */
export const textDifferences = (shown: string, real: string): readonly string[] =>
  differences(valuesOf(shown), valuesOf(real));
