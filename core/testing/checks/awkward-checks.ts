import { isDeepStrictEqual } from 'node:util';
import cloneDeep from 'lodash/cloneDeep.js';
import get from 'lodash/get.js';
import isPlainObject from 'lodash/isPlainObject.js';
import mapKeys from 'lodash/mapKeys.js';
import mapValues from 'lodash/mapValues.js';
import unset from 'lodash/unset.js';
import type { AnyDestination, CdpEvent, Note, Reason, TransformContext } from '../../api/index.ts';
import { awkwardExceptions, type AwkwardExceptions } from '../kit/awkward-format.ts';
import { eventOf } from '../kit/case-events.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { deepFreeze } from '../kit/deep-freeze.ts';
import { hasDemo, loadDemo } from '../kit/demo-format.ts';
import { canonicalEvents } from '../kit/events.ts';
import { awkwardEvents, type AwkwardEvent, type AwkwardResult, type Paths } from '../kit/events-awkward.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import { always } from '../kit/vendor-double.ts';
import { must, type Check } from './check.ts';

/** What a folder makes of one row. */
export interface AwkwardCell {
  readonly row: AwkwardEvent;
  /** In a word or two, such as `as plain` or `rejected (missing_field)`; `–` if the folder sends none of its events. */
  readonly text: string;
  /** What is wrong, by the canonical event it is wrong for. */
  readonly problems: readonly string[];
  /** The folder's exception, where it is needed. */
  readonly exception?: string;
}

/** Of a cell in which nothing of the odd value shows. */
const asPlain = 'as plain';

/** The name of a row, by which exceptions call it. */
export const awkwardName = ({ id, title }: AwkwardEvent): string => `${id} ${title}`;

/** That a folder reads what sources write as what they mean. */
export const awkwardChecks: readonly Check[] = [
  {
    title:
      'awkward events: each odd spelling of a value comes to the same as the plain one, or to what awkward.json says',
    async run(folder) {
      const { cells, unneeded } = await awkwardTable(folder);
      const problems = cells.flatMap(({ row, problems: [first, ...others] }) => {
        const more = others.length === 0 ? '' : `, and ${others.length} more`;
        return first === undefined ? [] : [`${awkwardName(row)}: ${first}${more}`];
      });
      must(problems.length === 0, problems.join('\n'));
      must(unneeded.length === 0, `contract/awkward.json: nothing needs the exception "${unneeded[0]}"`);
    },
  },
];

/**
 * All rows for one folder, with the settings of its base case and, where nothing of the odd value shows then, of its
 * demo; and the exceptions that nothing needs.
 */
export async function awkwardTable(
  folder: ContractFolder,
  exceptions = awkwardExceptions(folder.directory),
): Promise<{ readonly cells: readonly AwkwardCell[]; readonly unneeded: readonly string[] }> {
  const configs = [folder.config, ...(hasDemo(folder.directory) ? [loadDemo(folder.directory).settings] : [])];
  const results = new Map<AwkwardEvent, Trial[]>(awkwardEvents.map((row) => [row, []]));
  for (const config of configs) {
    const recorder = recorderOf(folder.definition);
    await withKitConnection(
      { ...folder, definition: recorder.definition },
      always(folder.successReply),
      async (kit) => {
        const connection = await openedFor(kit, recorder, folder);
        for (const row of awkwardEvents) {
          const trials = results.get(row) ?? [];
          if (trials.every(({ text }) => text === asPlain)) trials.push(...(await trialsOf(row, connection)));
        }
        kit.assertNoDefects();
      },
      { config },
    );
  }
  const needed = new Set<string>();
  const cells = awkwardEvents.map((row) => cellOf(row, results.get(row) ?? [], exceptions, needed));
  return { cells, unneeded: Object.keys(exceptions).filter((name) => !needed.has(name)) };
}

/** What a connection makes of an event. */
type Treatment =
  | {
      readonly kind: 'sent';
      readonly payload: unknown;
      readonly routing: object;
      readonly notes: readonly Note[];
      readonly fields: readonly { readonly field: string; readonly source: string }[];
    }
  | { readonly kind: 'skipped' | 'rejected'; readonly reason: Reason };

/** One row with one canonical event that the folder sends. */
interface Trial {
  readonly base: string;
  readonly actual: Treatment;
  readonly text: string;
  /** Undefined if it is as it must be. */
  readonly problem: string | undefined;
}

/** A definition that keeps what its transform() last gave. */
interface Recorder {
  readonly definition: AnyDestination;
  last: { readonly kind: string; readonly payload?: unknown } | undefined;
}

function recorderOf(definition: AnyDestination): Recorder {
  const recorder: Recorder = {
    last: undefined,
    definition: {
      ...definition,
      transform(event: CdpEvent, config: unknown, context: TransformContext) {
        const output = definition.transform(event, config, context);
        recorder.last = output;
        return output;
      },
    } as AnyDestination,
  };
  return recorder;
}

async function treatmentOf(event: CdpEvent, kit: KitConnection, recorder: Recorder): Promise<Treatment> {
  const preview = await kit.connection.preview(deepFreeze(event));
  if (preview.kind !== 'request') return preview;
  const { payload, kind: _, notes: __, ...routing } = recorder.last as Record<string, unknown>;
  return { kind: 'sent', payload, routing, notes: preview.notes, fields: preview.fields };
}

/** A connection, and what it makes of the canonical events. */
interface AwkwardConnection {
  readonly make: (event: CdpEvent) => Promise<Treatment>;
  readonly plain: ReadonlyMap<string, Treatment>;
  readonly displayName: string;
}

async function openedFor(kit: KitConnection, recorder: Recorder, folder: ContractFolder): Promise<AwkwardConnection> {
  const make = (event: CdpEvent): Promise<Treatment> => treatmentOf(event, kit, recorder);
  const plain = new Map<string, Treatment>();
  for (const [name, event] of Object.entries<CdpEvent>(canonicalEvents)) plain.set(name, await make(event));
  return { make, plain, displayName: folder.definition.manifest.displayName };
}

async function trialsOf(
  row: AwkwardEvent,
  { make, plain: plainly, displayName }: AwkwardConnection,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  const { changes, asIf } = row;
  for (const base of row.bases) {
    const plain = plainly.get(base) as Treatment;
    const expected = isResult(asIf) ? undefined : await make(eventOf(base, named(asIf, displayName)));
    if (plain.kind !== 'sent' && expected?.kind !== 'sent') continue;
    const actual = await make(eventOf(base, named(changes, displayName)));
    const paths = [...new Set([...Object.keys(changes), ...(isResult(asIf) ? [] : Object.keys(asIf))])];
    const problem =
      expected === undefined ? otherThan(actual, asIf as AwkwardResult) : differenceOf(actual, expected, paths);
    const isAsPlain = differenceOf(actual, plain, paths) === undefined;
    trials.push({
      base,
      actual,
      text: actual.kind === 'sent' ? (isAsPlain ? asPlain : 'sent') : `${actual.kind} (${actual.reason.code})`,
      problem: problem ?? lacksNote(row, actual, plain),
    });
  }
  return trials;
}

const isResult = (asIf: Paths | AwkwardResult): asIf is AwkwardResult =>
  asIf['kind'] === 'sent' || asIf['kind'] === 'skipped' || asIf['kind'] === 'rejected';

/** The changes with the destination's name in their keys. */
const named = (changes: Paths, displayName: string): Paths =>
  mapValues(changes, (value) =>
    isPlainObject(value) ? mapKeys(value as object, (_, key) => key.replace('<destination>', displayName)) : value,
  );

function otherThan(actual: Treatment, { kind, code }: AwkwardResult): string | undefined {
  const result = resultOf(actual);
  const isSame = result.kind === kind && (code === undefined || result.code === code);
  return isSame ? undefined : `is ${resultText(result)} in place of ${resultText({ kind, ...(code && { code }) })}`;
}

const resultOf = (actual: Treatment): AwkwardResult =>
  actual.kind === 'sent' ? { kind: 'sent' } : { kind: actual.kind, code: actual.reason.code };
const resultText = ({ kind, code }: AwkwardResult): string => (code === undefined ? kind : `${kind} (${code})`);

/** Says where two results differ. Of two refusals the codes may differ: the odd value is there, the other is not. */
function differenceOf(actual: Treatment, expected: Treatment, paths: readonly string[]): string | undefined {
  if (actual.kind !== 'sent' || expected.kind !== 'sent')
    return actual.kind === expected.kind
      ? undefined
      : `is ${resultText(resultOf(actual))} in place of ${resultText(resultOf(expected))}`;
  const whole = [...actual.fields, ...expected.fields].filter(({ source }) =>
    paths.some((path) => isAbove(source, path)),
  );
  const [a, b] = [actual, expected].map(({ payload }) => without(payload, whole));
  const [parts, otherParts] = [actual, expected].map(({ routing, payload }) => routingWithout(routing, payload, whole));
  if (!isDeepStrictEqual(parts, otherParts)) return `leaves as ${inJson(parts)} in place of ${inJson(otherParts)}`;
  return isDeepStrictEqual(a, b) ? undefined : firstDifference(a, b);
}

/** Whether a field with this source passes a larger part of the event on as it stands. */
const isAbove = (source: string, path: string): boolean =>
  source === wholeEvent || path.startsWith(`${source}.`) || indexed(path).startsWith(`${source}[`);
/** The source of an id that is a digest of all that the event holds. */
const wholeEvent = 'the whole event';
const indexed = (path: string): string => path.replaceAll(/\.(\d+)(?=\.|$)/g, '[$1]');

function without(payload: unknown, fields: readonly { readonly field: string }[]): unknown {
  if (fields.length === 0) return payload;
  const copy = cloneDeep(payload);
  for (const { field } of fields) unset(copy, field);
  return copy;
}

/** A key that is a field's value is compared as that field is. */
function routingWithout(routing: object, payload: unknown, fields: readonly { readonly field: string }[]): object {
  const { key, ...others } = routing as { readonly key?: string };
  return fields.some(({ field }) => key !== undefined && get(payload, field) === key) ? others : routing;
}

function firstDifference(a: unknown, b: unknown): string {
  const names = new Set([...Object.keys(Object(a) as object), ...Object.keys(Object(b) as object)]);
  for (const name of names) {
    const [odd, plain] = [a, b].map((payload) => (payload as Record<string, unknown>)[name]);
    if (!isDeepStrictEqual(odd, plain)) return `${name} is ${inJson(odd)} in place of ${inJson(plain)}`;
  }
  return 'the payloads differ';
}

const inJson = (value: unknown): string => (JSON.stringify(value) ?? 'absent').slice(0, 200);

function lacksNote({ noted }: AwkwardEvent, actual: Treatment, plain: Treatment): string | undefined {
  if (noted === undefined || actual.kind !== 'sent' || plain.kind !== 'sent') return undefined;
  const isUsed = plain.fields.some(({ source }) => source === noted);
  return !isUsed || actual.notes.some(({ field }) => field === noted) ? undefined : `no note names ${noted}`;
}

function cellOf(
  row: AwkwardEvent,
  trials: readonly Trial[],
  exceptions: AwkwardExceptions,
  needed: Set<string>,
): AwkwardCell {
  const text = [...new Set(trials.map((trial) => trial.text))].join(', ') || '–';
  const wrong = trials.filter(({ problem }) => problem !== undefined);
  const name = [awkwardName(row), row.id].find((one) => Object.hasOwn(exceptions, one));
  const exception = name === undefined ? undefined : exceptions[name];
  if (exception === undefined || name === undefined || wrong.length === 0)
    return { row, text, problems: wrong.map(({ base, problem }) => `${base} ${problem}`) };
  needed.add(name);
  const problems = wrong.flatMap(({ base, actual }) => {
    const other = otherThan(actual, { kind: exception.kind, ...(exception.code && { code: exception.code }) });
    return other === undefined ? [] : [`${base} ${other}, which contract/awkward.json says`];
  });
  return { row, text, problems, exception: exception.because };
}
