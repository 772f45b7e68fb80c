import type { CdpEvent } from '../../index.ts';
import type { LoadedCase } from './case.ts';
import type { ContractFolder } from './contract-folder.ts';
import { connectionOf, withKitConnection } from './kit-connection.ts';
import { partOf, personIn } from './personal-data.ts';
import type { SeenRequest } from './seen-request.ts';
import { inOrder } from './vendor-double.ts';

/**
 * What the requests of the cases carry of a person unhashed, by kind and path, and how they write the amounts: two
 * lines for a reader to judge. Of a person no value is named; amounts are those of the cases.
 */
export async function sentData(folder: ContractFolder): Promise<readonly string[]> {
  const clear = new CasesByPart();
  const amounts = new CasesByPart();
  for (const loaded of folder.cases) {
    const leaves = (await requestsOf(folder, loaded)).flatMap(leavesOf);
    for (const event of loaded.events) {
      for (const { path, value } of leaves) {
        for (const [kind, text] of personIn(event)) if (shows(value, text)) clear.add(kind, path, loaded.name);
        for (const [name, amount] of amountsIn(event)) {
          if (isAmount(value, amount)) amounts.add(`${name} ${amount}`, JSON.stringify(value), loaded.name);
        }
      }
    }
  }
  return [
    `sends in clear: ${clear.text(([kind, path]) => `${kind} (${path})`) || 'nothing of a person'}`,
    `sends amounts: ${amounts.text(([amount, form]) => `${amount} as ${form}`) || 'none as the event has it'}`,
  ];
}

/** The names of the cases in which something is sent. */
class CasesByPart {
  readonly #cases = new Map<string, { readonly part: readonly [string, string]; readonly names: Set<string> }>();

  add(what: string, where: string, name: string): void {
    const key = JSON.stringify([what, where]);
    const entry = this.#cases.get(key) ?? { part: [what, where] as const, names: new Set<string>() };
    entry.names.add(name);
    this.#cases.set(key, entry);
  }

  /** The most frequent first. */
  text(describe: (part: readonly [string, string]) => string): string {
    const entries = [...this.#cases.values()].sort((a, b) => b.names.size - a.names.size);
    const shown = entries.slice(0, mostParts).map(({ part, names }) => {
      const cases = `${names.size} ${names.size === 1 ? 'case' : 'cases'}`;
      return `${describe(part)} in ${cases}`;
    });
    const more = entries.length - shown.length;
    return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
  }
}

const mostParts = 8;

/** Requests of a case; none if it goes wrong, which its own check says. */
const requestsOf = (folder: ContractFolder, contractCase: LoadedCase): Promise<readonly SeenRequest[]> =>
  withKitConnection(
    folder,
    inOrder(...contractCase.replies),
    async (kit) => {
      await kit.deliver(contractCase.events);
      return kit.vendor.requests;
    },
    { ...connectionOf(contractCase), unobserved: true },
  ).catch(() => []);

interface Leaf {
  readonly path: string;
  readonly value: unknown;
}

function leavesOf({ url, body }: SeenRequest): readonly Leaf[] {
  const query = [...new URL(url).searchParams].map(([name, value]) => ({ path: `?${name}`, value }));
  return [...query, ...leavesIn(body, '')];
}

function leavesIn(value: unknown, path: string): readonly Leaf[] {
  if (Array.isArray(value)) return value.flatMap((part) => leavesIn(part, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [{ path: path || 'body', value }];
  return Object.entries(value).flatMap(([name, part]) => leavesIn(part, path === '' ? name : `${path}.${name}`));
}

/** A short text must be all of the value. */
const shows = (value: unknown, text: string): boolean => {
  if (typeof value !== 'string') return false;
  const [sent, own] = [value.toLowerCase(), text.toLowerCase()];
  return sent === own || (own.length >= 6 && sent.includes(own));
};

const amountsIn = (event: CdpEvent): readonly (readonly [string, number])[] => {
  const properties = partOf(partOf(event)['properties']);
  return ['total', 'revenue', 'value', 'price'].flatMap((name) => {
    const amount = properties[name];
    return typeof amount === 'number' && amount !== 0 ? [[name, amount] as const] : [];
  });
};

/** The amount as it is, as a text, or in the smallest unit. */
const isAmount = (value: unknown, amount: number): boolean =>
  (typeof value === 'number' || (typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value))) &&
  (Number(value) === amount || Number(value) === Math.round(amount * 100));
