import { payload, reject, type Routing, type Transformed, type Unsent } from '../delivery.ts';
import type { TransformContext } from '../destination.ts';
import type { Found } from '../events/first-of.ts';
import { isObject, type Path, type Trace } from './mapping.ts';
import type { Note } from '../outcome.ts';

/**
 * Collects one event's payload: its fields, where each came from, and notes on what was lost.
 *
 * A source is the event's path, or words such as `config.pixelEid`; preview alone shows it. A note names the event's
 * path (the customer can correct that), and the payload's path if `field` is given.
 */
export interface PayloadBuilder<P extends object> {
  /** The payload, or the part of it, under construction. */
  readonly value: P;
  /** Of the whole event: all parts share them. */
  readonly notes: readonly Note[];
  /** Whether this is a preview: only then does a source have a reader. Spares the making of long texts. */
  readonly traced: boolean;
  /** Sets a field; `undefined` sets nothing. */
  set<K extends keyof P & string>(field: K, value: P[K] | undefined, source: string): void;
  /**
   * Sets a field to what a reader found: `firstOf`, `orderIdOf` and the like. A value of `undefined` is there and
   * unusable, which it notes. Returns whether the field is set.
   */
  take<K extends keyof P & string>(field: K, source: Found<NonNullable<P[K]> | undefined> | undefined): boolean;
  /** The builder of a nested object. It joins the payload at its first field, so an empty one is never sent. */
  part<K extends keyof P & string>(field: K): PayloadBuilder<NonNullable<P[K]> & object>;
  /** Notes that a value of the event is left out; `strict` (a setting of the connection) refuses the event for it. */
  drop(source: Path, message: string, field?: keyof P & string, strict?: boolean): void;
  /** Notes that the event lacks what the vendor asks for; `strict` refuses the event for it. */
  recommend(source: Path, message: string, field?: keyof P & string, strict?: boolean): void;
  /** Adds a note. The same note (code, path and message) is added once; an event has at most 100. */
  note(code: Note['code'], source: Path, message: string, field?: keyof P & string): void;
  /** Adds a note that is a constant of the folder, once. */
  addNote(note: Note): void;
  /** The event cannot be sent: `payload()` returns this. The first refusal counts. */
  refuse(refusal: Unsent): void;
  /** Whether the event is refused: a folder can spare what is left to do. */
  readonly isRefused: boolean;
  /** What `transform()` returns: the payload, how it travels, and the notes; or the first refusal. */
  payload(routing?: Routing): Transformed<P>;
}

/** The builder of any payload, for what does not know its fields. */
// oxlint-disable-next-line typescript/no-explicit-any -- fields that a customer names have no type
export type AnyPayloadBuilder = PayloadBuilder<any>;

/**
 * Starts the payload of one event. `base` has its required fields, except those (`Later`) that a required row of a
 * table sets, or without which the folder refuses; `sources`, a constant at module level, says for preview where the
 * fields of `base` come from, and those of the objects in it: `{ kind: 'constant', user: { id: 'userId' } }`.
 *
 * @example
 * interface Purchase {
 *   kind: string;
 *   order_id?: string;
 *   user?: { email?: string };
 * }
 * const sources = { kind: 'constant' };
 * const orderIdOf = firstOf(['properties.order_id', 'properties.orderId'], usableId);
 * const emailOf = firstOf(['context.traits.email', 'properties.email'], asText);
 *
 * export function toPurchase(event: CdpEvent, context: TransformContext): Transformed<Purchase> {
 *   const out = payloadBuilder<Purchase>(context, { kind: 'purchase' }, sources);
 *   if (!out.take('order_id', orderIdOf(event))) out.recommend('properties.order_id', 'Acme asks for it', 'order_id');
 *   out.part('user').take('email', emailOf(event));
 *   return out.payload();
 * }
 */
export function payloadBuilder<P extends object>(
  context: Pick<TransformContext, 'trace'>,
  base: P,
  sources?: Sources<P>,
): PayloadBuilder<P>;
export function payloadBuilder<P extends object, Later extends keyof P>(
  context: Pick<TransformContext, 'trace'>,
  base: Omit<P, Later>,
  sources?: Sources<P>,
): PayloadBuilder<P>;
export function payloadBuilder<P extends object>(
  { trace }: Pick<TransformContext, 'trace'>,
  base: P,
  sources?: Sources<P>,
): PayloadBuilder<P> {
  if (trace !== undefined && sources !== undefined) traceBase(base, sources, trace, '');
  return new Builder(base, { notes: [], trace, refusal: undefined }, undefined, '', false);
}

/** Of the fields of an object, and of those of the objects in it. */
type Sources<P> = { readonly [K in keyof P & string]?: string | SourcesWithin<NonNullable<P[K]>> };
type SourcesWithin<V> = V extends readonly unknown[] ? never : V extends object ? Sources<V> : never;

/**
 * The builder of an object that the folder puts in its place itself, such as a member of a list: `place` is its path
 * in the payload of `out`.
 *
 * @example
 * const attributes: Record<string, string> = {};
 * out.set('events', [{ type: 'custom', attributes }], 'constant');
 * builderAt(out, attributes, 'events[0].attributes').set('size', 'XL', 'properties.size');
 */
export function builderAt<P extends object>(
  out: AnyPayloadBuilder,
  target: P,
  place: string,
  sources?: Sources<P>,
): PayloadBuilder<P> {
  const owner = out as unknown as Builder<object>;
  const { shared } = owner;
  if (shared.trace !== undefined && sources !== undefined)
    traceBase(target, sources, shared.trace, `${owner.prefix()}${place}.`);
  return new Builder(target, shared, owner, place, false);
}

/** Sets a property of any name: plain assignment to `__proto__` would set the prototype and lose the value. */
export function setOwn(target: object, name: string, value: unknown): void {
  if (name !== '__proto__') (target as Record<string, unknown>)[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

/** More than people read; an event with thousands of odd products must not cost thousands of notes. */
const mostNotes = 100;

/** What all parts of one event's payload have in common. */
interface Shared {
  readonly notes: Note[];
  readonly trace: Trace | undefined;
  refusal: Unsent | undefined;
}

class Builder<P extends object> implements PayloadBuilder<P> {
  // Declared only: one builder is made per event, and a field definition costs more than an assignment.
  declare readonly value: P;
  declare readonly shared: Shared;
  /** The builder of the object that this one is in; `undefined` for the payload itself. */
  declare private readonly owner: Builder<object> | undefined;
  /** Where in it: a field, or a path such as `events[0]`. */
  declare private readonly place: string;
  /** Whether this part is not in the payload yet. */
  declare private isApart: boolean;
  declare private parts: Builder<object>[] | undefined;

  constructor(value: P, shared: Shared, owner: Builder<object> | undefined, place: string, isApart: boolean) {
    this.value = value;
    this.shared = shared;
    this.owner = owner;
    this.place = place;
    this.isApart = isApart;
    this.parts = undefined;
  }

  /** Of this object in the payload, with the dot: `identifiers.`; '' for the payload itself. For notes and preview. */
  prefix(): string {
    return this.owner === undefined ? '' : `${this.owner.prefix()}${this.place}.`;
  }

  get notes(): readonly Note[] {
    return this.shared.notes;
  }

  get traced(): boolean {
    return this.shared.trace !== undefined;
  }

  set<K extends keyof P & string>(field: K, value: P[K] | undefined, source: string): void {
    if (value === undefined) return;
    if (this.isApart) this.join();
    // Lengths first: a field is set some fifteen times an event, and comparing texts costs more.
    if (field.length === 9 && field === '__proto__') setOwn(this.value, field, value);
    else this.value[field] = value;
    const { trace } = this.shared;
    if (trace !== undefined) trace.from(this.prefix() + field, source);
  }

  take<K extends keyof P & string>(field: K, source: Found<NonNullable<P[K]> | undefined> | undefined): boolean {
    if (source === undefined) return false;
    if (source.value === undefined) {
      this.note('dropped', source.path, `Left out: not usable as ${field}`, field);
      return false;
    }
    this.set(field, source.value, source.path);
    return true;
  }

  part<K extends keyof P & string>(field: K): PayloadBuilder<NonNullable<P[K]> & object> {
    type Part = NonNullable<P[K]> & object;
    const { parts } = this;
    if (parts !== undefined) {
      for (const part of parts) if (part.place === field) return part as unknown as Builder<Part>;
    }
    const existing: unknown = this.value[field];
    const isThere = typeof existing === 'object' && existing !== null && Object.hasOwn(this.value, field);
    const owner = this as unknown as Builder<object>;
    const part = new Builder<Part>((isThere ? existing : {}) as Part, this.shared, owner, field, !isThere);
    if (parts === undefined) this.parts = [part as unknown as Builder<object>];
    else parts.push(part as unknown as Builder<object>);
    return part;
  }

  drop(source: Path, message: string, field?: keyof P & string, strict = false): void {
    this.note('dropped', source, message, field);
    if (strict) this.refuse(reject('invalid_value', message, source));
  }

  recommend(source: Path, message: string, field?: keyof P & string, strict = false): void {
    this.note('recommended_missing', source, message, field);
    if (strict) this.refuse(reject('invalid_value', message, source));
  }

  note(code: Note['code'], source: Path, message: string, field?: keyof P & string): void {
    if (!this.takesNote(code, source, message)) return;
    this.shared.notes.push(
      field === undefined
        ? { code, field: source, message }
        : { code, field: source, payloadField: this.prefix() + field, message },
    );
  }

  addNote(note: Note): void {
    if (this.takesNote(note.code, note.field, note.message)) this.shared.notes.push(note);
  }

  refuse(refusal: Unsent): void {
    this.shared.refusal ??= refusal;
  }

  get isRefused(): boolean {
    return this.shared.refusal !== undefined;
  }

  payload(routing?: Routing): Transformed<P> {
    const { notes, refusal } = this.shared;
    return refusal ?? payload(this.value, routing, notes.length === 0 ? undefined : notes);
  }

  private takesNote(code: Note['code'], field: string, message: string): boolean {
    const { notes } = this.shared;
    if (notes.length >= mostNotes) return false;
    for (const note of notes) {
      if (note.message === message && note.field === field && note.code === code) return false;
    }
    return true;
  }

  /** Puts this part, and the parts that it is in, into the payload. */
  private join(): void {
    this.isApart = false;
    const { owner } = this;
    if (owner === undefined) return;
    if (owner.isApart) owner.join();
    setOwn(owner.value, this.place, this.value);
  }
}

function traceBase(base: object, sources: Readonly<Record<string, unknown>>, trace: Trace, prefix: string): void {
  for (const field of Object.keys(sources)) {
    const source = sources[field];
    const value = (base as Record<string, unknown>)[field];
    if (value === undefined) continue;
    if (typeof source === 'string') trace.from(prefix + field, source);
    else if (isObject(source) && isObject(value)) traceBase(value, source, trace, `${prefix}${field}.`);
  }
}
