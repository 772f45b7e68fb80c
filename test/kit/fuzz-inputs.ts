import type * as FastCheck from 'fast-check';
import type { CdpEvent } from '../../core/index.ts';
import { canonicalEvents } from './events.ts';
import type { Subject } from './subject.ts';
import type { ScriptedReply } from './vendor-double.ts';

/** Invents inputs near enough to real ones to get past the gate and far enough off to find what nobody thought of. */
export function fuzzInputs(fc: typeof FastCheck, subject: Subject) {
  const texts = fc.oneof(
    // Of all code points fast-check makes a table that takes a second; the odd ones are given by hand.
    fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    fc.constantFrom('é日本\u{1f600}\u0301', '\udc00\ud800', '\u2028\ufeff'),
    fc.constantFrom(
      '',
      ' ',
      '__proto__',
      'constructor',
      'toString',
      '\ud800',
      '1e999',
      '-1',
      'NaN',
      '2026-02-30',
      'null',
    ),
  );
  const values: FastCheck.Arbitrary<unknown> = fc.oneof(
    texts,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom(null, undefined, Number.NaN, Infinity, -0, 1e21),
    fc.array(fc.oneof(texts, fc.double()), { maxLength: 3 }),
    fc.dictionary(texts, fc.oneof(texts, fc.double(), fc.constant(null)), { maxKeys: 3 }),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const known: readonly CdpEvent[] = [
    ...subject.cases.flatMap(({ events }) => events),
    ...Object.values(canonicalEvents),
  ];
  const changes = fc.array(fc.tuple(fc.nat(), values), { maxLength: 6 });

  const events: FastCheck.Arbitrary<CdpEvent> = fc
    .tuple(fc.constantFrom(...known), changes)
    .map(([event, edits]) => changed(event, edits) as CdpEvent);
  const configs = changes.map((edits) => changed(subject.config, edits));
  const replies: FastCheck.Arbitrary<ScriptedReply> = fc.oneof(
    fc.constantFrom(...subject.cases.flatMap((loaded) => loaded.replies)),
    fc.record({
      status: fc.integer({ min: 200, max: 599 }),
      headers: fc.oneof(
        fc.constant({}),
        fc.record({ 'retry-after': fc.constantFrom('0', '3', '-1', 'soon', '1e9', '') }),
      ),
      body: fc.oneof(texts, fc.jsonValue({ maxDepth: 4 }), bodies(fc, subject)),
    }),
    fc.constantFrom({ fault: 'reset' }, { fault: 'timeout' }, { fault: 'refused' }),
  ) as FastCheck.Arbitrary<ScriptedReply>;
  return { events, configs, replies };
}

/** The vendor's own words, with parts exchanged. */
function bodies(fc: typeof FastCheck, subject: Subject): FastCheck.Arbitrary<unknown> {
  const known = subject.cases.flatMap(({ replies }) =>
    replies.flatMap((reply) => ('status' in reply ? [reply.body] : [])),
  );
  const edits = fc.array(fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 2 })), { maxLength: 3 });
  return fc.tuple(fc.constantFrom(undefined, ...known), edits).map(([body, parts]) => changed(body, parts));
}

/** A copy with values exchanged: a number picks a place among all there are. */
function changed(original: unknown, edits: readonly (readonly [number, unknown])[]): unknown {
  let copy: unknown = structuredClone(original);
  for (const [pick, value] of edits) {
    const places = placesIn(copy);
    const place = places[pick % Math.max(1, places.length)];
    if (place === undefined) copy = value;
    else place.holder[place.key] = value;
  }
  return copy;
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

const placesIn = (value: unknown): readonly Place[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, part]) => [
        { holder: value as Record<string, unknown>, key },
        ...placesIn(part),
      ]);
