import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from '@swc/core';
import { describe, expect, it } from '@jest/globals';

/** Words of no field, and what stands for each: they may be no part of an identifier or of a file's name in core. */
const retiredWords: Readonly<Record<string, string>> = {
  aftermath: 'what it holds, such as the retries',
  arrival: 'completed request',
  attendance: 'running workers',
  blame: 'suspect, poisonous',
  board: 'progress',
  breathe: 'yieldToEventLoop',
  carry: 'send',
  chore: 'maintenance',
  crate: 'PendingBatch',
  departures: 'started requests',
  errand: 'sendRequest, operation',
  flight: 'DeliveryRun; inFlight is the field’s own',
  lot: 'batch, part',
  misfit: 'whyNotEvent',
  nap: 'sleepCapped',
  nonsense: 'InvalidReturn',
  outlet: 'AsyncQueue',
  parcel: 'PendingDelivery',
  remark: 'warning',
  roster: 'ConnectionRecord',
  shelf: 'laneState',
  shelved: 'laneState',
  stumble: 'recordDefect',
  tally: 'RunStats',
  trip: 'BatchSend',
};

/** Retired words that mean something honest in a sentence, such as "in flight" or "a lot". */
const everydayWords: ReadonlySet<string> = new Set([
  'arrival',
  'blame',
  'board',
  'breathe',
  'carry',
  'flight',
  'lot',
  'nonsense',
  'remark',
  'trip',
]);

/** Whole identifiers that were retired: their words live on elsewhere, or bore several meanings. */
const retiredNames: Readonly<Record<string, string>> = {
  again: 'retryLater, retry, requeue, seenBefore',
  Answers: 'OrderedOutcomes',
  Bench: 'TestConnection',
  Board: 'WorkProgress',
  compose: 'BoundDestination',
  Crate: 'PendingBatch',
  Draft: 'WriteBatch',
  drive: 'deliverUntilSettled',
  giveWay: 'evict',
  Held: 'ClaimedRecord',
  insist: 'retryUntilStopped',
  Intake: 'EnqueueWriter',
  Journal: 'GroupCommit, DeliveryLog',
  Line: 'ConnectionContext, LaneQueue, OwnerClient',
  Made: 'PreparedEvent',
  Moment: 'TransformContext',
  Permits: 'SharedLimiter',
  Place: 'RecordId',
  RateBudget: 'SharedRateLimiter',
  Remarks: 'warnings',
  Slice: 'ClaimBatch',
  Sound: 'VendorHealth',
  Spot: 'Position',
  Standstill: 'ProbeSchedule',
  turns: 'lanes, scheduler',
  Turns: 'LaneScheduler, SocketScheduler',
  Vendor: 'BoundDestination',
  Verdict: 'ClaimResult',
};

/** Files that keep their names for a while, with all that imports their names, and why. */
const exceptions: Readonly<Record<string, { readonly words: readonly string[]; readonly reason: string }>> = {};

/** Participles that are whole identifiers say that something happened, not what there is. They may only become fewer. */
const participles = ['asked', 'found', 'given', 'heard', 'held', 'kept', 'left', 'made', 'taken', 'told', 'written'];
/** Six of them are the left side of a comparison. */
const mostParticiples = { 'core/testing/': 6, 'core/': 287 };

interface SourceFile {
  readonly file: string;
  readonly identifiers: readonly string[];
  /** The words of its comments. */
  readonly comments: ReadonlySet<string>;
  readonly imports: readonly string[];
}

/** The words of a name: camelCase, PascalCase, snake_case and kebab-case taken apart. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([\da-z])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');

/** A word without its plural. */
const singular = (word: string): string => (word in retiredWords ? word : word.replace(/(?<=.)s$/, ''));

/** What is retired in a name: words of it, or the whole of it. */
function retiredIn(name: string): string[] {
  const words = wordsOf(name);
  const found = words
    .filter((word, index) => !(word === 'flight' && words[index - 1] === 'in'))
    .map(singular)
    .filter((word) => Object.hasOwn(retiredWords, word));
  return Object.hasOwn(retiredNames, name) ? [...found, name] : found;
}

/** The words of the lines that are comments. */
const commentsOf = (text: string): Set<string> =>
  new Set(text.split('\n').flatMap((line) => wordsOf(/^\s*(?:\/\/|\/?\*)(.*)/.exec(line)?.[1] ?? '')));

function read(file: string, text: string): SourceFile {
  const identifiers: string[] = [];
  const imports: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null) return;
    const { type, value, source } = node as { type?: unknown; value?: unknown; source?: { value?: unknown } | null };
    if ((type === 'Identifier' || type === 'PrivateName') && typeof value === 'string') identifiers.push(value);
    if (typeof source?.value === 'string') imports.push(path.posix.join(path.posix.dirname(file), source.value));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseSync(text, { syntax: 'typescript', target: 'es2022' }).body);
  return { file, identifiers, comments: commentsOf(text), imports };
}

/** Retired words by file, as `file: word (name)`. */
function findings(files: readonly SourceFile[], excepted = exceptions): string[] {
  const isExcepted = ({ file, imports }: SourceFile, word: string): boolean =>
    Object.entries(excepted).some(
      ([name, { words }]) => words.includes(word) && (name === file || imports.includes(name)),
    );
  return files.flatMap((source) => {
    const names = new Set([path.posix.basename(source.file, '.ts'), ...source.identifiers]);
    const inNames = [...names].flatMap((name) => retiredIn(name).map((word) => ({ word, where: name })));
    const inComments = [...source.comments]
      .map(singular)
      .filter((word) => Object.hasOwn(retiredWords, word) && !everydayWords.has(word))
      .map((word) => ({ word, where: 'in a comment' }));
    return [...inNames, ...inComments]
      .filter(({ word }) => !isExcepted(source, word))
      .map(({ word, where }) => `${source.file}: ${word} (${where}): ${retiredWords[word] ?? retiredNames[word]}`);
  });
}

const root = path.join(import.meta.dirname, '../..');
const core = readdirSync(path.join(root, 'core'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `core/${name.replaceAll(path.sep, '/')}`)
  .sort()
  .map((file) => read(file, readFileSync(path.join(root, file), 'utf8')));

describe('the vocabulary of core', () => {
  it('has no retired word in an identifier, a comment or a file name', () => {
    expect(findings(core)).toEqual([]);
  });

  it('has no exception that is needed no more', () => {
    const all = findings(core, {});
    const stale = Object.entries(exceptions).flatMap(([file, { words }]) =>
      words
        .filter((word) => !all.some((line) => line.startsWith(`${file}: ${word} `)))
        .map((word) => `${file}: ${word}`),
    );
    expect(stale).toEqual([]);
  });

  it.each(Object.entries(mostParticiples))('has in %s at most %d identifiers that are a participle', (folder, most) => {
    const folderOf = (file: string): string | undefined =>
      Object.keys(mostParticiples).find((beginning) => file.startsWith(beginning));
    const files = core.filter(({ file }) => folderOf(file) === folder);
    const count = files.flatMap(({ identifiers }) => identifiers).filter((name) => participles.includes(name)).length;
    expect(count).toBeLessThanOrEqual(most);
  });
});

it('CONTRIBUTING.md lists retired words only', () => {
  const [, listed = ''] =
    /Retired words[^:]*: ([^.]+)\./.exec(readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8')) ?? [];
  const words = listed.split(/,\s+/);
  expect(words.length).toBeGreaterThan(15);
  expect(words.filter((word) => retiredIn(word).length === 0)).toEqual([]);
});

describe('what counts as a retired word', () => {
  it.each([
    ['part of a name', 'const openRoster = 1;', ['roster']],
    ['a type', 'interface Crates {}', ['crate']],
    ['a member', 'x.sendParcel();', ['parcel']],
    ['a private member', 'class A { #nap = 1; }', ['nap']],
    ['a whole name', 'type Line = 1;', ['Line']],
    ['the name of a property', 'const x = { tally: 1 };', ['tally']],
    ['a word of a comment', '// all parcels', ['parcel']],
    ['a word of a doc comment', '/** Of the outlet. */\n/**\n * One `Crate`.\n */', ['outlet', 'crate']],
  ])('%s', (_, text, wanted) => {
    expect(findings([read('core/x.ts', text)]).map((line) => line.split(' ')[1])).toEqual(wanted);
  });

  it('the name of a file', () => {
    expect(findings([read('core/parcel-size.ts', '')])).toEqual([
      'core/parcel-size.ts: parcel (parcel-size): PendingDelivery',
    ]);
  });

  it.each([
    ['a text', "const x = 'parcel';"],
    ['a word of a comment that means what it says', '// what is in flight: a lot'],
    ['a text that looks like a comment', "const x = 'https://parcel.example';"],
    ['another word', 'const allotted = lines + tripled + keyboard;'],
    ['the field’s own term', 'const inFlight = 1;'],
  ])('not %s', (_, text) => {
    expect(findings([read('core/x.ts', text)])).toEqual([]);
  });

  it('none where the file, or one that it imports, is an exception', () => {
    const excepted = { 'core/a/roster.ts': { words: ['roster'], reason: 'goes' } };
    const importer = read('core/b/x.ts', "import { openRoster } from '../a/roster.ts';");
    expect(findings([read('core/a/roster.ts', 'const roster = 1;'), importer], excepted)).toEqual([]);
    expect(findings([read('core/b/y.ts', 'const roster = 1;')], excepted)).toHaveLength(1);
  });
});
