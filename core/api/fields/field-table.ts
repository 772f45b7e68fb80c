import { reject } from '../delivery.ts';
import type { CdpEvent, JsonObject, JsonValue } from '../event.ts';
import type { Found } from '../events/first-of.ts';
import { isBlank, keysOf, valueAt, type Cast, type Path } from './mapping.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import type { AnyPayloadBuilder, PayloadBuilder } from './payload-builder.ts';
import { isNoId, usableId } from '../person/identifier.ts';
import { cutText } from './text-length.ts';

/** One row: the field `to`, from the first of the paths `from` whose value casts, or from a reader. */
export type FieldRow<P> = {
  [K in keyof P & string]: (PathSource<NonNullable<P[K]>> | ReaderSource<NonNullable<P[K]>>) & {
    readonly to: K;
    /** The text of the note if there is nothing at any path: the vendor asks for this field. */
    readonly recommended?: string;
    /** The text of the note if there is something, and none of it casts. Default: the table's. */
    readonly unusable?: string;
    /**
     * The vendor takes no event without this field: the event is refused as missing_field with this sentence, or as
     * invalid_value with that of `unusable`.
     */
    readonly required?: string;
    /** A longer text is truncated, with a note. Default: the table's. */
    readonly longest?: TextLimit;
    /**
     * The text of the note `unadvised` on a value that is sent all the same; `undefined` where none is due. The event
     * is there for a row that has a reader.
     */
    readonly unadvised?: (value: NonNullable<P[K]>, event?: CdpEvent) => string | undefined;
  };
}[keyof P & string];

/**
 * The fields that rows set, each an optional member: so that the type of a payload need not repeat its table.
 *
 * @example
 * const deviceRows = [
 *   { to: 'os', from: 'context.os.name', as: asText },
 *   { to: 'width', from: 'context.screen.width', as: asCount },
 * ] as const;
 * interface AcmeEvent extends FieldsOf<typeof deviceRows> {
 *   name: string;
 * }
 * const deviceFields = fieldTable<AcmeEvent>(deviceRows);
 */
export type FieldsOf<Rows extends readonly { readonly to: string; readonly as: Cast<unknown> }[]> = {
  [Row in Rows[number] as Row['to']]?: NonNullable<ReturnType<Row['as']>>;
};

interface PathSource<V> {
  readonly from: Path | readonly Path[];
  readonly as: Cast<V>;
  readonly read?: never;
}

interface ReaderSource<V> {
  /**
   * Reads the event: what `firstOf`, `orderIdOf` and the like return. A value of `undefined` is there and unusable.
   * Such a row is for events only, not for `of`.
   */
  readonly read: (event: CdpEvent) => Found<V | undefined> | undefined;
  /** Where it should stand: for the notes on an event that has none. */
  readonly from?: Path | readonly Path[];
  readonly as?: never;
}

/** The length of a text, in UTF-16 units as JavaScript counts, and the text of the note if it is truncated. */
export interface TextLimit {
  readonly length: number;
  readonly message: string;
}

/** What holds for all rows of a table. */
export interface FieldTableOptions {
  /** The object of the event that the paths of the rows begin in, such as `properties`. Default: the event. */
  readonly from?: Path;
  /** The text of the note if a value is there and does not cast. Default: no note. */
  readonly unusable?: string | ((to: string) => string);
  /** A value that counts as nothing, if it does not cast: no note. Default: `isBlank`; of a `usableId`, `isNoId`. */
  readonly isNothing?: (value: JsonValue) => boolean;
  /** Notes every path whose value does not cast, also when a later one does. Default: only if none does. */
  readonly noteEvery?: boolean;
  /** Longer texts are truncated, with a note. */
  readonly longest?: TextLimit;
}

/** A compiled table: writes its fields, and its notes, for one event or for one object of it. */
export interface FieldTable<P extends object> {
  (event: CdpEvent, out: PayloadBuilder<P>): void;
  /** The same from any object, such as one product; `at` is its path in the event, for notes and preview. */
  of(object: JsonObject, out: PayloadBuilder<P>, at: Path): void;
}

interface Source {
  /** In the event, or in the object that `of` takes. */
  readonly path: Path;
  readonly eventPath: Path;
  /** The way to the object that holds the value. Sources in one object have the same one. */
  readonly within: readonly string[];
  readonly key: string;
}

interface Row {
  readonly to: string;
  readonly sources: readonly Source[];
  readonly as: Cast<unknown>;
  readonly read: ((event: CdpEvent) => Found<unknown> | undefined) | undefined;
  readonly recommended: string | undefined;
  readonly unusable: string | undefined;
  readonly required: string | undefined;
  readonly isNothing: (value: JsonValue) => boolean;
  /** Whether there are words for an event without it. */
  readonly isAskedFor: boolean;
  readonly longest: TextLimit | undefined;
  readonly unadvised: ((value: unknown, event?: CdpEvent) => string | undefined) | undefined;
  /** Whether a value is looked at once more before it is set, or with it. */
  readonly isJudged: boolean;
}

/**
 * Compiles a table of fields. Call it at module level: paths are split once.
 *
 * @example
 * interface AcmeEvent {
 *   amount?: number;
 *   currency?: string;
 *   order?: string;
 * }
 * const fields = fieldTable<AcmeEvent>(
 *   [
 *     { to: 'amount', from: ['total', 'revenue'], as: asAmount, recommended: 'Acme asks for it' },
 *     { to: 'currency', from: 'currency', as: asCurrency },
 *     { to: 'order', read: orderIdOf },
 *   ],
 *   { from: 'properties', unusable: (to) => `Acme does not take this as ${to}` },
 * );
 * fields(event, out);
 */
export function fieldTable<P extends object>(
  rows: readonly FieldRow<P>[],
  options: FieldTableOptions = {},
): FieldTable<P> {
  checkMembers('fieldTable(): the options', options, optionMembers);
  const { from, unusable, isNothing, noteEvery = false, longest } = options;
  if (longest !== undefined) checkMembers('fieldTable(): longest', longest, limitMembers);
  for (const [index, row] of rows.entries()) checkRow(row as unknown as AnyRow, index);
  const prefix = from === undefined ? '' : `${from}.`;
  const baseKeys = from === undefined ? noKeys : keysOf(from);
  const ways = new Map<string, readonly string[]>([['', noKeys]]);
  const wayTo = (keys: readonly string[]): readonly string[] => {
    const path = keys.join('.');
    const known = ways.get(path) ?? keys;
    ways.set(path, known);
    return known;
  };
  const compiled = rows.map((row): Row => ({
    to: row.to,
    sources: [row.from ?? []].flat().map((path) => {
      const keys = keysOf(path);
      return { path, eventPath: prefix + path, within: wayTo(keys.slice(0, -1)), key: keys.at(-1) as string };
    }),
    as: row.as as Cast<unknown>,
    read: row.read,
    recommended: row.recommended,
    unusable: row.unusable ?? (typeof unusable === 'function' ? unusable(row.to) : unusable),
    required: row.required,
    isNothing: isNothing ?? (row.as === usableId ? isNoId : isBlank),
    isAskedFor: (row.required ?? row.recommended) !== undefined,
    longest: row.longest ?? longest,
    unadvised: row.unadvised as Row['unadvised'],
    isJudged: (row.longest ?? longest ?? row.unadvised) !== undefined,
  }));

  /** `at` is undefined where the paths are those of the event, which `event` is then. */
  const fill = (object: object, untyped: PayloadBuilder<P>, at: Path | undefined, event?: CdpEvent): void => {
    const out = untyped as AnyPayloadBuilder;
    const { traced } = out;
    // Neighbours in a table mostly read from the same object, so it stays at hand.
    let holder = object;
    let within = noKeys;
    for (let index = 0; index < compiled.length; index += 1) {
      const row = compiled[index] as Row;
      if (row.read !== undefined) {
        takeRead(out, row, row.read, event);
        continue;
      }
      const { sources } = row;
      let refused: Source | undefined;
      let isFilled = false;
      for (let place = 0; place < sources.length; place += 1) {
        const source = sources[place] as Source;
        if (source.within !== within) {
          within = source.within;
          holder = objectAt(object, within);
        }
        const raw = memberOf(holder, source.key);
        if (raw === undefined || raw === null) continue;
        const value = row.as(raw);
        if (value !== undefined) {
          if (traced || row.isJudged) put(out, row, value, pathOf(source, at));
          else out.set(row.to, value, source.eventPath);
          isFilled = true;
          break;
        }
        if ((row.unusable === undefined && row.required === undefined) || row.isNothing(raw)) continue;
        if (noteEvery && row.unusable !== undefined) out.drop(pathOf(source, at), row.unusable, row.to);
        refused ??= source;
      }
      if (isFilled || (refused === undefined && !row.isAskedFor)) continue;
      const place = refused ?? sources[0];
      fillGap(out, row, refused !== undefined, place && pathOf(place, at));
    }
  };
  const table = (event: CdpEvent, out: PayloadBuilder<P>): void => {
    fill(objectAt(event, baseKeys), out, undefined, event);
  };
  return Object.assign(table, {
    of: (object: JsonObject, out: PayloadBuilder<P>, at: Path): void => fill(object, out, at),
  });
}

const optionMembers: MemberTable<FieldTableOptions> = {
  from: 'optional',
  unusable: 'optional',
  isNothing: 'optional',
  noteEvery: 'optional',
  longest: 'optional',
};

type AnyRow = FieldRow<Record<string, string>>;

const rowMembers: MemberTable<AnyRow> = {
  to: 'required',
  from: 'optional',
  as: 'optional',
  read: 'optional',
  recommended: 'optional',
  unusable: 'optional',
  required: 'optional',
  longest: 'optional',
  unadvised: 'optional',
};

const limitMembers: MemberTable<TextLimit> = { length: 'required', message: 'required' };

const noRow: Partial<AnyRow> = {};

function checkRow(row: AnyRow, index: number): void {
  const { to, from, as, read, longest } = (row as AnyRow | null | undefined) ?? noRow;
  const where = `fieldTable(): rows[${index}]${typeof to === 'string' ? ` (${to})` : ''}`;
  checkMembers(where, row, rowMembers);
  if (typeof (read ?? as) !== 'function') throw new TypeError(`${where}: needs a function: \`as\`, or \`read\``);
  if (read === undefined && from === undefined) throw new TypeError(`${where}: from is missing`);
  if (longest !== undefined) checkMembers(`${where}.longest`, longest, limitMembers);
}

const nothing = Object.freeze({});
const noKeys: readonly string[] = [];

function objectAt(object: object, keys: readonly string[]): object {
  const value = keys.length === 0 ? object : valueAt(object, keys);
  return typeof value === 'object' && value !== null ? value : nothing;
}

const memberOf = (object: object, key: string): JsonValue | undefined =>
  (object as Readonly<Record<string, JsonValue | undefined>>)[key];

const pathOf = (source: Source, at: Path | undefined): Path =>
  at === undefined ? source.eventPath : `${at}.${source.path}`;

/** A row with a reader, which knows the event's path. */
function takeRead(out: AnyPayloadBuilder, row: Row, read: NonNullable<Row['read']>, event: CdpEvent | undefined): void {
  if (event === undefined)
    throw new TypeError(`fieldTable(): the row of "${row.to}" reads the event, not a part of it`);
  const reading = read(event);
  if (reading?.value !== undefined) put(out, row, reading.value, reading.path, event);
  else fillGap(out, row, reading !== undefined, reading?.path ?? row.sources[0]?.eventPath);
}

function put(
  out: AnyPayloadBuilder,
  { to, longest, unadvised }: Row,
  value: unknown,
  path: Path,
  event?: CdpEvent,
): void {
  const advice = unadvised?.(value, event);
  if (advice !== undefined) out.note('unadvised', path, advice, to);
  if (longest === undefined || typeof value !== 'string' || value.length <= longest.length)
    return out.set(to, value, path);
  out.set(to, cutText(value, longest.length), path);
  out.note('truncated', path, longest.message, to);
}

/** Says why a field is empty, if the row has words for it: a value was refused, or there is none. */
function fillGap(
  out: AnyPayloadBuilder,
  { to, unusable, recommended, required }: Row,
  isRefused: boolean,
  path: Path | undefined,
): void {
  if (required !== undefined)
    out.refuse(
      isRefused ? reject('invalid_value', unusable ?? required, path) : reject('missing_field', required, path),
    );
  else if (path === undefined) return;
  else if (isRefused && unusable !== undefined) out.drop(path, unusable, to);
  else if (recommended !== undefined) out.recommend(path, recommended, to);
}
