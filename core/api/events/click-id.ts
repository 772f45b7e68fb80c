import type { CdpEvent } from '../event.ts';
import { firstIdOf, type Found } from './first-of.ts';
import { eventPlace, valueIn } from '../fields/event-place.ts';
import type { Cast, Path } from '../fields/mapping.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';
import { usableId } from '../person/identifier.ts';
import { checkMembers } from '../member-check.ts';

/** Where a click id may stand. */
export interface ClickIdSources {
  /** Its name in the query of the landing page's URL, such as `gclid`; of several, the first one that is there. */
  readonly parameter: string | readonly string[];
  /** Where an event may hold it otherwise, best first. */
  readonly paths?: readonly Path[];
  /** What may be a click id, wherever it stands. Default: `usableId`. */
  readonly as?: Cast<string>;
}

/** The pages that an event may name, best first. A canonical URL may lack the query, which `search` still has. */
const landingPages = ['context.page.url', 'properties.url', 'context.page.search'].map(eventPlace);

/**
 * Returns a reader of the click that led to an event: out of the query of the landing page, else from the paths; in its
 * own case, because click ids are case-sensitive. A word for nothing, as in `?epik=undefined`, is none. What stands at
 * a path and is no id has a value of `undefined`, as with `firstIdOf`. Call it at module level.
 *
 * @example
 * const epikOf = clickIdOf({ parameter: 'epik', paths: ['properties.epik'] });
 * out.take('click_id', epikOf(event));
 */
export function clickIdOf(sources: ClickIdSources): (event: CdpEvent) => Found<string | undefined> | undefined {
  checkMembers('clickIdOf()', sources, { parameter: 'required', paths: 'optional', as: 'optional' });
  const { parameter, paths = [], as = usableId } = sources;
  const names = (typeof parameter === 'string' ? [parameter] : parameter).map((name) => ({ name, mark: `${name}=` }));
  const mappedIdOf = firstIdOf(paths, as);
  return (event) => {
    for (const page of landingPages) {
      const url = valueIn(event, page);
      if (typeof url !== 'string' || url === '') continue;
      for (const { name, mark } of names) {
        // Most URLs have none: a search is cheaper than parsing.
        if (!url.includes(mark)) continue;
        const raw = queryOf(trimInvisible(url)).get(name);
        const value = raw === null ? undefined : as(raw);
        if (value !== undefined) return { value, path: page.path };
      }
    }
    return mappedIdOf(event);
  };
}

/** The query of a URL, or of `?a=b` and `a=b` alone. */
function queryOf(url: string): URLSearchParams {
  const [query] = url.slice(url.indexOf('?') + 1).split('#', 1);
  return new URLSearchParams(query);
}
