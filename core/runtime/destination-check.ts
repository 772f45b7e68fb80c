import { contractVersion, type AnyDestination } from '../api/destination.ts';
import { isFunction, isThenable, kindOf } from './argument-check.ts';

/** What keeps a value from being a destination; `undefined` for one. The manifest's contents are the loader's to check. */
export function whatIsMissing(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `must be a destination, not ${kindOf(value)}`;
  const given = value as Partial<AnyDestination> & { readonly default?: unknown };
  if (given.contract === undefined) {
    const module = typeof given.default === 'object' && given.default !== null && 'contract' in given.default;
    return `does not come from defineDestination()${module ? '; its default export does' : ''}`;
  }
  if (given.contract !== contractVersion)
    return `is written against contract ${String(given.contract)}, this core speaks ${String(contractVersion)}`;
  if (typeof given.manifest?.slug !== 'string') return 'has no manifest with a slug';
  if (!isFunction((given.config as { readonly safeParse?: unknown } | undefined)?.safeParse))
    return 'config is missing';
  if (!isFunction(given.transform)) return 'transform is missing';
  if (!isFunction((given.response as { readonly classifyError?: unknown } | undefined)?.classifyError))
    return 'response is missing, or has no classifyError';
  if ((given.request === undefined) === (given.send === undefined)) return 'must have either request or send';
  return undefined;
}

/** By slug. Throws, naming the place in the list, for what is no list of destinations. */
export function checkedDestinations(given: unknown): ReadonlyMap<string, AnyDestination> {
  if (!Array.isArray(given)) {
    const hint = isThenable(given) ? '; await loadDestinations()' : '';
    throw new TypeError(`destinations: must be an array of destinations, not ${kindOf(given)}${hint}`);
  }
  const bySlug = new Map<string, AnyDestination>();
  for (let index = 0; index < given.length; index++) {
    const one: unknown = given[index];
    const wrong = whatIsMissing(one);
    if (wrong !== undefined) throw new TypeError(`destinations[${index}]: ${wrong}`);
    const destination = one as AnyDestination;
    const { slug } = destination.manifest;
    if (bySlug.has(slug)) throw new Error(`destinations: "${slug}" is there twice`);
    bySlug.set(slug, destination);
  }
  return bySlug;
}
