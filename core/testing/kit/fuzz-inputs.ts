import type * as FastCheck from 'fast-check';
import type { CdpEvent } from '../../index.ts';
import { canonicalEvents } from './events.ts';
import type { ContractFolder } from './contract-folder.ts';
import type { ScriptedReply } from './vendor-double.ts';

/** Generates inputs close enough to real ones to pass the gate, and odd enough to find what nobody thought of. */
export function fuzzInputs(fc: typeof FastCheck, folder: ContractFolder) {
  const texts = fc.oneof(
    // For all code points fast-check builds a table, which takes a second; the odd ones are listed by hand.
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
    ...folder.cases.flatMap(({ events }) => events),
    ...Object.values(canonicalEvents),
  ];
  const changes = fc.array(fc.tuple(fc.nat(), values), { maxLength: 6 });

  const events: FastCheck.Arbitrary<CdpEvent> = fc
    .tuple(fc.constantFrom(...known), changes)
    .map(([event, edits]) => mutated(event, edits) as CdpEvent);
  const configs = changes.map((edits) => mutated(folder.config, edits));
  const replies: FastCheck.Arbitrary<ScriptedReply> = fc.oneof(
    fc.constantFrom(...folder.cases.flatMap((loaded) => loaded.replies)),
    fc.record({
      status: fc.integer({ min: 200, max: 599 }),
      headers: fc.oneof(
        fc.constant({}),
        fc.record({ 'retry-after': fc.constantFrom('0', '3', '-1', 'soon', '1e9', '') }),
      ),
      body: fc.oneof(texts, fc.jsonValue({ maxDepth: 4 }), bodies(fc, folder)),
    }),
    fc.constantFrom({ fault: 'reset' }, { fault: 'timeout' }, { fault: 'refused' }),
  ) as FastCheck.Arbitrary<ScriptedReply>;
  return { events, configs, replies };
}

/** Recorded bodies, with parts replaced. */
function bodies(fc: typeof FastCheck, folder: ContractFolder): FastCheck.Arbitrary<unknown> {
  const known = folder.cases.flatMap(({ replies }) =>
    replies.flatMap((reply) => ('status' in reply ? [reply.body] : [])),
  );
  const edits = fc.array(fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 2 })), { maxLength: 3 });
  return fc.tuple(fc.constantFrom(undefined, ...known), edits).map(([body, parts]) => mutated(body, parts));
}

/** A copy with values replaced; each number picks one of the paths. */
function mutated(original: unknown, edits: readonly (readonly [number, unknown])[]): unknown {
  let copy: unknown = structuredClone(original);
  for (const [pick, drawn] of edits) {
    // What was drawn before may be frozen by a delivery, and shrinking draws it again.
    const value: unknown = structuredClone(drawn);
    const paths = pathsIn(copy);
    const path = paths[pick % Math.max(1, paths.length)];
    if (path === undefined) copy = value;
    else path.parent[path.key] = value;
  }
  return copy;
}

interface FuzzPath {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

const pathsIn = (value: unknown): readonly FuzzPath[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, part]) => [
        { parent: value as Record<string, unknown>, key },
        ...pathsIn(part),
      ]);
