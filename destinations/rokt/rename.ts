import type { Cast, JsonObject, JsonValue, Note, Trace } from '../../core/api/index.ts';

/** One row: the first of `names` whose value casts fills the field `to`. Names are of one object of the event. */
export type Renaming<P> = {
  [K in keyof P & string]: {
    readonly to: K;
    readonly names: readonly string[];
    readonly as: Cast<NonNullable<P[K]>>;
    /** Rokt asks for it: its absence is noted (ROKT-36). */
    readonly recommended?: boolean;
  };
}[keyof P & string];

/**
 * Like core's compileFields, for fields that all come from one object at `source`, and in the same pass it notes what
 * the customer should know: a value in a shape Rokt would not take is dropped, a recommended field is missing.
 */
export function compileRenaming<P extends object>(
  rules: readonly Renaming<P>[],
  source: string,
  place: string,
): (object: JsonObject, fields: P, notes: Note[], trace: Trace | undefined) => void {
  const rows = rules.map(({ to, names, as, recommended }) => ({
    to,
    names,
    as: as as Cast<JsonValue>,
    unusable: note('dropped', `${place}.${to}`, 'The event has a value here that Rokt would not take'),
    absent: recommended === true ? note('recommended_missing', `${place}.${to}`, 'Rokt asks for it') : undefined,
  }));
  return (object, fields, notes, trace) => {
    for (const row of rows) {
      let lack = row.absent;
      for (const name of row.names) {
        const found = object[name];
        if (found === undefined || found === null) continue;
        const value = row.as(found);
        if (value === undefined) {
          if (!isBlank(found)) lack = row.unusable;
          continue;
        }
        (fields as Record<string, JsonValue>)[row.to] = value;
        trace?.from(`${place}.${row.to}`, `${source}.${name}`);
        lack = undefined;
        break;
      }
      if (lack !== undefined) notes.push(lack);
    }
  };
}

const note = (code: Note['code'], field: string, message: string): Note => Object.freeze({ code, field, message });

const isBlank = (value: JsonValue): boolean => typeof value === 'string' && value.trim() === '';
