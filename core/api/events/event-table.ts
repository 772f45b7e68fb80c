import type { CdpEvent } from '../event.ts';
import { textReader } from '../fields/mapping.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';

/** White space and the format characters, as trimInvisible() knows them, `_` and `-`. */
const betweenWords = /[\s_\p{Cf}-]/gu;

/** A name without case, space, `_` and `-`: "Order Completed" and "order_completed" are one. */
export const plainName = (name: string): string => name.replace(betweenWords, '').toLowerCase();

/** Names with what each means: an object such as a setting, or pairs. */
export type NameEntries<T> = Readonly<Record<string, T>> | Iterable<readonly [string, T]>;

export interface EventTableOptions<T> {
  /** For track events, by `event`. A later list overrides an earlier one: the defaults first, then the customer's. */
  readonly track?: readonly NameEntries<T>[];
  /** For page and screen calls, by `pageName`. */
  readonly page?: readonly NameEntries<T>[];
  /**
   * `plain`: names are compared as `plainName` spells them. Default: `exact`, but for what nobody sees at the ends of a
   * name: see trimInvisible().
   */
  readonly names?: 'exact' | 'plain';
}

export interface EventTable<T> {
  (event: CdpEvent): T | undefined;
  /** Whether the table names this event, also where it means `undefined`. */
  has(event: CdpEvent): boolean;
}

/**
 * The name of a page or screen call: its `name`, else `properties.name`, trimmed; `undefined` without one.
 *
 * @example
 * const isHome = pageName(event)?.toLowerCase() === 'home';
 */
export function pageName(event: CdpEvent): string | undefined {
  const name = writtenPageName(event);
  return name === undefined ? undefined : trimInvisible(name) || undefined;
}

const writtenPageName = textReader('name', 'properties.name');

/**
 * Compiles what events mean to a vendor, by their names. Call it when the connection opens (`prepare`), or at module
 * level without settings. An event called "constructor" finds nothing.
 *
 * @example
 * const settings = { eventNames: { 'Order Completed': 'skip' } };
 * const meaningOf = eventTable<string>({
 *   track: [{ 'Order Completed': 'purchase', 'Product Added': 'addToCart' }, settings.eventNames],
 *   page: [{ Pricing: 'highValuePage' }],
 * });
 * const meaning = meaningOf(event);
 */
export function eventTable<T>(options: EventTableOptions<T>): EventTable<T> {
  checkMembers('eventTable()', options, optionMembers);
  const { track = [], page = [], names = 'exact' } = options;
  const tracks = new NameMap<T>(track, names);
  const pages = new NameMap<T>(page, names);
  const table = (event: CdpEvent): T | undefined => {
    if (event.type === 'track') return tracks.get(event.event);
    if (event.type !== 'page' && event.type !== 'screen') return undefined;
    const name = pages.size === 0 ? undefined : pageName(event);
    return name === undefined ? undefined : pages.get(name);
  };
  const has = (event: CdpEvent): boolean => {
    if (event.type === 'track') return tracks.has(event.event);
    const name = event.type === 'page' || event.type === 'screen' ? pageName(event) : undefined;
    return name !== undefined && pages.has(name);
  };
  return Object.assign(table, { has });
}

const optionMembers: MemberTable<EventTableOptions<unknown>> = {
  track: 'optional',
  page: 'optional',
  names: 'optional',
};

/** Names come from events, hence Maps: an object would also answer to "constructor". */
class NameMap<T> {
  /** By the spellings of the lists, trimmed: nearly all events are spelled so, and need no normal form. */
  private readonly spelled = new Map<string, T>();
  private readonly plain: Map<string, T> | undefined;

  constructor(lists: readonly NameEntries<T>[], names: 'exact' | 'plain') {
    const entries = lists.flatMap((list): (readonly [string, T])[] =>
      Symbol.iterator in list ? [...(list as Iterable<readonly [string, T]>)] : Object.entries(list),
    );
    for (const [name, meaning] of entries) this.spelled.set(trimInvisible(name), meaning);
    if (names === 'exact') return;
    const plain = new Map(entries.map(([name, meaning]) => [plainName(name), meaning]));
    this.plain = plain;
    for (const name of this.spelled.keys()) this.spelled.set(name, plain.get(plainName(name)) as T);
  }

  get size(): number {
    return this.spelled.size;
  }

  get(name: string): T | undefined {
    const meaning = this.spelled.get(name);
    if (meaning !== undefined || this.spelled.has(name)) return meaning;
    // Nearly all names that the table does not have are of other events, and have nothing around them.
    if (this.plain !== undefined) return this.plain.get(plainName(name));
    const bare = bareName(name);
    return bare === name ? undefined : this.spelled.get(bare);
  }

  has(name: string): boolean {
    if (this.spelled.has(name)) return true;
    return this.plain === undefined ? this.spelled.has(bareName(name)) : this.plain.has(plainName(name));
  }
}

/** A folder's own test may hand over an event without a name. */
const bareName = (name: string): string => (typeof name === 'string' ? trimInvisible(name) : name);
