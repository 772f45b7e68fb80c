import type { CdpEvent, JsonObject, JsonValue } from './event.ts';
import { isBlank, isMissing, keysOf, valueAt, type Cast, type Path } from './mapping.ts';
import type { PayloadBuilder } from './payload-builder.ts';
import { cutText } from './text-length.ts';

/** One row: the field `to`, from the first of the paths `from` whose value casts. */
export type FieldRow<P> = {
  [K in keyof P & string]: {
    readonly to: K;
    readonly from: Path | readonly Path[];
    readonly as: Cast<NonNullable<P[K]>>;
    /** The text of the note if there is nothing at any path: the vendor asks for this field. */
    readonly recommended?: string;
    /** The text of the note if there is something, and none of it casts. Default: the table's. */
    readonly unusable?: string;
    /** A longer text is truncated, with a note. Default: the table's. */
    readonly longest?: TextLimit;
  };
}[keyof P & string];

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
  /** A value that counts as nothing, if it does not cast: no note. Default: `isBlank`. */
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
  readonly keys: readonly string[];
}

interface Row {
  readonly to: string;
  readonly sources: readonly Source[];
  readonly as: Cast<unknown>;
  readonly recommended: string | undefined;
  readonly unusable: string | undefined;
  readonly longest: TextLimit | undefined;
}

/**
 * Compiles a table of fields. Call it at module level: paths are split once.
 *
 * @example
 * interface AcmeEvent {
 *   amount?: number;
 *   currency?: string;
 * }
 * const fields = fieldTable<AcmeEvent>(
 *   [
 *     { to: 'amount', from: ['total', 'revenue'], as: asAmount, recommended: 'Acme asks for it' },
 *     { to: 'currency', from: 'currency', as: asCurrency },
 *   ],
 *   { from: 'properties', unusable: (to) => `Acme does not take this as ${to}` },
 * );
 * fields(event, out);
 */
export function fieldTable<P extends object>(
  rows: readonly FieldRow<P>[],
  { from, unusable, isNothing = isBlank, noteEvery = false, longest }: FieldTableOptions = {},
): FieldTable<P> {
  const prefix = from === undefined ? '' : `${from}.`;
  const baseKeys = from === undefined ? [] : keysOf(from);
  const compiled = rows.map((row): Row => ({
    to: row.to,
    sources: (typeof row.from === 'string' ? [row.from] : row.from).map((path) => ({
      path,
      eventPath: prefix + path,
      keys: keysOf(path),
    })),
    as: row.as as Cast<unknown>,
    recommended: row.recommended,
    unusable: row.unusable ?? (typeof unusable === 'function' ? unusable(row.to) : unusable),
    longest: row.longest ?? longest,
  }));

  /** `at` is undefined where the paths are those of the event. */
  const fill = (object: object, untyped: PayloadBuilder<P>, at: Path | undefined): void => {
    const out = untyped as PayloadBuilder<Record<string, unknown>>;
    for (const row of compiled) {
      let refused: Source | undefined;
      let isFilled = false;
      for (const source of row.sources) {
        const { keys } = source;
        const raw = keys.length === 1 ? memberOf(object, keys[0] as string) : valueAt(object, keys);
        if (isMissing(raw)) continue;
        const value = row.as(raw);
        if (value !== undefined) {
          put(out, row, value, source, at);
          isFilled = true;
          break;
        }
        if (isNothing(raw)) continue;
        if (noteEvery && row.unusable !== undefined) out.drop(pathOf(source, at), row.unusable, row.to);
        refused ??= source;
      }
      if (!isFilled && (row.recommended ?? row.unusable) !== undefined) noteGap(out, row, refused, at);
    }
  };
  const table = (event: CdpEvent, out: PayloadBuilder<P>): void => {
    const object = baseKeys.length === 0 ? event : valueAt(event, baseKeys);
    fill(typeof object === 'object' && object !== null ? object : nothing, out, undefined);
  };
  return Object.assign(table, {
    of: (object: JsonObject, out: PayloadBuilder<P>, at: Path): void => fill(object, out, at),
  });
}

const nothing = Object.freeze({});

const memberOf = (object: object, key: string): JsonValue | undefined =>
  (object as Readonly<Record<string, JsonValue | undefined>>)[key];

const pathOf = (source: Source, at: Path | undefined): Path =>
  at === undefined ? source.eventPath : `${at}.${source.path}`;

function put(
  out: PayloadBuilder<Record<string, unknown>>,
  { to, longest }: Row,
  value: unknown,
  source: Source,
  at: Path | undefined,
): void {
  const from = at === undefined || !out.traced ? source.eventPath : pathOf(source, at);
  if (longest === undefined || typeof value !== 'string' || value.length <= longest.length) {
    return out.set(to, value, from);
  }
  out.set(to, cutText(value, longest.length), from);
  out.note('truncated', pathOf(source, at), longest.message, to);
}

/** Says why a field is empty: a value was refused, or there is none. */
function noteGap(
  out: PayloadBuilder<Record<string, unknown>>,
  { to, sources, unusable, recommended }: Row,
  refused: Source | undefined,
  at: Path | undefined,
): void {
  const [first] = sources;
  if (refused !== undefined) {
    if (unusable !== undefined) out.drop(pathOf(refused, at), unusable, to);
    else if (recommended !== undefined) out.recommend(pathOf(refused, at), recommended, to);
  } else if (recommended !== undefined && first !== undefined) out.recommend(pathOf(first, at), recommended, to);
}
