import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

/**
 * Words that core once had for things that the field has a name for. The glossary in docs/architecture.md has the names
 * of today; CONTRIBUTING.md lists these, too.
 */
const retired = (
  'parcel crate trip errand flight carry outlet shelf roster chores turns board tally aftermath departures arrival ' +
  'blame attendance nap'
).split(' ');

/** A file that goes, and what is known by its name: the record of connections beside the store. */
const allowed: ReadonlySet<string> = new Set(['Roster', 'roster', 'openRoster', 'isToBlame']);

/** In flight, and in turns, are the field's own words: `onOpenInFlight` is fine, `createFlight` is not. */
const wordsOf = (identifier: string): string[] =>
  identifier
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/\bin-(?:flight|turns)\b/g, '')
    .split(/[-_$]/);

const retiredWords: ReadonlySet<string> = new Set(retired.flatMap((word) => [word, `${word}s`]));
const isRetired = (identifier: string): boolean =>
  !allowed.has(identifier) && wordsOf(identifier).some((word) => retiredWords.has(word));

/** Identifiers of a source text; what stands in comments and texts is not the code's word. */
function identifiersIn(source: string): string[] {
  const code = source
    .replaceAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, '')
    .replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '')
    .replaceAll(/`(?:[^`\\]|\\.)*`/g, (text) =>
      [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, inside]) => inside).join(' '),
    );
  return [...new Set([...code.matchAll(/[A-Za-z_$][\w$]*/g)].map(([identifier]) => identifier))];
}

describe('the words of core', () => {
  it('are those of the glossary: none of the retired ones is in a name', () => {
    const found = readdirSync('core', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        [path.basename(file, '.ts'), ...identifiersIn(readFileSync(path.join('core', file), 'utf8'))]
          .filter(isRetired)
          .map((name) => `core/${file}: ${name}`),
      );
    expect(found).toEqual([]);
  });

  it('would not get away with one', () => {
    const source = "/* a flight */ const emptyCrate = 'trip'; // an errand\nconst text = `${lastParcels} ${inFlight}`;";
    expect(identifiersIn(source).filter(isRetired)).toEqual(['emptyCrate', 'lastParcels']);
    expect(isRetired('lane-shelf')).toBe(true);
    expect(isRetired('dashboard')).toBe(false);
  });

  it('are the same list in CONTRIBUTING.md', () => {
    const [, listed = ''] = /Retired words[^:]*: ([^.]+)\./.exec(readFileSync('CONTRIBUTING.md', 'utf8')) ?? [];
    expect(listed.split(/,\s+/)).toEqual(retired);
  });
});
