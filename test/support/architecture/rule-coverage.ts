// Which of the numbered vendor rules in test/conformance.json a test or a contract case answers for.
// `npx tsx test/support/architecture/rule-coverage.ts` prints the numbers.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from '@swc/core';

/** The prefix of a vendor's rules, and the vendor's folder under destinations/. The rules called ALL have none. */
const vendors = { ADROLL: 'adroll', ROKT: 'rokt', ADJUST: 'adjust', ADEMAIL: 'adroll-email', ALL: undefined } as const;
export type Vendor = keyof typeof vendors;

/** The simulators and their tests speak for the simulators. */
const othersTests = /^test[/\\](?:support[/\\])?simulators[/\\]/;

/** An id, or two with "to" between them. */
const idOrRange = new RegExp(`\\b(${Object.keys(vendors).join('|')})-(\\d+)(?: to \\1-(\\d+))?`, 'g');

/** Something in the repository that names a rule. */
export interface Claim {
  readonly id: string;
  readonly by: 'test' | 'case' | 'readme';
  readonly file: string;
}

/** A rule, or with `part` only that part of a rule, which a README says is not enforced. */
export interface Exemption {
  readonly id: string;
  readonly part: string;
  readonly reason: string;
}

export interface VendorCoverage {
  readonly vendor: Vendor;
  readonly rules: readonly string[];
  readonly tested: ReadonlySet<string>;
  readonly inCases: ReadonlySet<string>;
  /** Rules that are not enforced as a whole; they need no test and may have none. */
  readonly notEnforced: readonly Exemption[];
  /** Rules of which a part is not enforced; the rest of such a rule needs a test like any other. */
  readonly partlyEnforced: readonly Exemption[];
  readonly uncovered: readonly string[];
  /** Rules that are listed as not enforced, and named by a test all the same. */
  readonly contradicted: readonly string[];
}

export interface Coverage {
  readonly wording: Readonly<Record<string, string>>;
  /** Vendors without a folder are left out. */
  readonly vendors: readonly VendorCoverage[];
  /** Claims of ids that no rule has. */
  readonly unknown: readonly Claim[];
}

/** All rule ids in a text; "ADROLL-58 to ADROLL-60" is three. */
export function idsIn(text: string): string[] {
  return [...text.matchAll(idOrRange)].flatMap(([, vendor = '', first = '', last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, step) => {
      return `${vendor}-${String(Number(first) + step).padStart(first.length, '0')}`;
    }),
  );
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

/** `it.skip.each(rows)` as ['it', 'skip', 'each']. */
function called(callee: unknown): readonly unknown[] {
  if (!isNode(callee)) return [];
  if (callee.type === 'Identifier') return [callee['value']];
  if (callee.type === 'MemberExpression') return [...called(callee['object']), ...called(callee['property'])];
  return called(callee['callee'] ?? callee['tag']);
}

/**
 * What can become a title in a test file: every string and template literal outside the bodies of tests, so that the
 * rows of a table count wherever the table stands. A test that is skipped, to do, or meant to fail has no title.
 */
export function titlesIn(source: string): string[] {
  const titles: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node;
    if (node.type === 'StringLiteral') titles.push(String(node['value']));
    if (node.type === 'TemplateLiteral') titles.push((node['quasis'] as Node[]).map(({ raw }) => raw).join('…'));
    if (node.type === 'CallExpression') {
      const [name, ...modifiers] = called(node['callee']);
      if (/^x(?:it|test|describe)$/.test(String(name))) return;
      if (/^(?:it|test|describe)$/.test(String(name))) {
        if (modifiers.some((modifier) => /^(?:skip|todo|failing)$/.test(String(modifier)))) return;
        if (name !== 'describe') return visit([node['callee'], (node['arguments'] as unknown[])[0]]);
      }
    }
    Object.values(node).forEach(visit);
  };
  visit(parseSync(source, { syntax: 'typescript', target: 'es2022' }).body);
  return titles;
}

/** A case that is to do proves nothing yet: it has no title. */
export function titleOfCase(source: string): string {
  const { title, todo } = JSON.parse(source) as { readonly title: string; readonly todo?: string };
  return todo === undefined ? title : '';
}

/**
 * The entries of a README's section "Not enforced": list items, table rows or paragraphs that begin with ids, then a
 * colon, a dash or the next cell, then the reason. Words between id and reason name the part that is meant:
 * "ROKT-64, its first half: ...". An entry without a reason is none.
 */
export function exemptionsIn(readme: string): Exemption[] {
  const [, level = '', after = ''] = /^(#+) +not enforced *$([^]*)/im.exec(readme) ?? [];
  if (level === '') return [];
  const section = after.split(new RegExp(`^#{1,${level.length}} `, 'm'))[0] ?? '';
  const entries = section
    .split(/\n(?=\s*(?:[-*|]|#+|\d+\.)\s)|\n\s*\n/)
    .map((entry) => entry.replaceAll(/\s+/g, ' ').trim());
  return entries.flatMap((entry) => {
    const text = entry.replace(/^(?:[-*|]|\d+\.) /, '').replace(/ \|$/, '');
    const [, head = '', reason = ''] = /^(.*?)(?:: | [|–—-] )(.*)$/.exec(text) ?? [];
    const part = head.replaceAll(idOrRange, '').replaceAll(/^(?:[\s,`*]|and\b)+|[\s,`*]+$/g, '');
    return /\w/.test(reason) ? idsIn(head).map((id) => ({ id, part, reason })) : [];
  });
}

function filesUnder(root: string, folder: string, ending: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(folder, file))
    .filter((file) => file.endsWith(ending))
    .sort();
}

/** Everything at `root` that names a rule, in the order of the files. */
function claimsIn(root: string): Claim[] {
  const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
  const claims = (by: Claim['by'], file: string, text: string): Claim[] => idsIn(text).map((id) => ({ id, by, file }));
  return [
    ...filesUnder(root, 'test', '.test.ts')
      .filter((file) => !othersTests.test(file) && idsIn(read(file)).length > 0)
      .flatMap((file) => titlesIn(read(file)).flatMap((title) => claims('test', file, title))),
    ...filesUnder(root, 'destinations', '.json')
      .filter((file) => /contract[/\\](?:cases|calls)[/\\]/.test(file))
      .flatMap((file) => claims('case', file, titleOfCase(read(file)))),
    ...filesUnder(root, 'destinations', 'README.md').flatMap((file) => claims('readme', file, read(file))),
  ];
}

/** Who answers for which rule in the repository at `root`. */
export function ruleCoverage(root: string): Coverage {
  const wording = JSON.parse(readFileSync(path.join(root, 'test/conformance.json'), 'utf8')) as Record<string, string>;
  const claims = claimsIn(root);
  const named = (by: Claim['by']): Set<string> =>
    new Set(claims.filter((claim) => claim.by === by).map(({ id }) => id));
  const [tests, cases] = [named('test'), named('case')];

  const coverage = (vendor: Vendor): VendorCoverage => {
    const readme = path.join(root, 'destinations', vendors[vendor] ?? '', 'README.md');
    const ours = ({ id }: { readonly id: string }): boolean => id.startsWith(`${vendor}-`) && id in wording;
    const exemptions = exemptionsIn(readFileSync(readme, 'utf8')).filter(ours);
    const notEnforced = exemptions.filter(({ part }) => part === '');
    const exempt = new Set(notEnforced.map(({ id }) => id));
    const rules = Object.keys(wording).filter((id) => ours({ id }));
    const answered = (id: string): boolean => tests.has(id) || cases.has(id);
    return {
      vendor,
      rules,
      tested: new Set(rules.filter((id) => tests.has(id))),
      inCases: new Set(rules.filter((id) => cases.has(id))),
      notEnforced,
      partlyEnforced: exemptions.filter(({ part }) => part !== ''),
      uncovered: rules.filter((id) => !answered(id) && !exempt.has(id)),
      contradicted: rules.filter((id) => answered(id) && exempt.has(id)),
    };
  };

  return {
    wording,
    vendors: (Object.keys(vendors) as Vendor[])
      .filter((vendor) => existsSync(path.join(root, 'destinations', vendors[vendor] ?? '', 'README.md')))
      .map(coverage),
    unknown: claims.filter(({ id }) => !(id in wording)),
  };
}

/** The numbers per vendor as a table, then the rules that are not enforced, with the reason, and those nobody names. */
export function report({ wording, vendors: covered }: Coverage): string {
  const columns = ['vendor', 'rules', 'in a test', 'in a case', 'in either', 'not enforced', 'partly', 'uncovered'];
  const rows = covered.map((of) => {
    const either = new Set([...of.tested, ...of.inCases]).size;
    return [
      of.vendor,
      of.rules.length,
      of.tested.size,
      of.inCases.size,
      either,
      of.notEnforced.length,
      of.partlyEnforced.length,
      of.uncovered.length,
    ];
  });
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, at) => String(cell).padEnd(columns[at]?.length ?? 0))
      .join('  ')
      .trimEnd();
  const exemption = ({ id, part, reason }: Exemption): string => `${id}${part === '' ? '' : ` (${part})`}: ${reason}`;
  const listed = (heading: string, entries: readonly string[]): string[] =>
    entries.length === 0 ? [] : ['', heading, ...entries.map((entry) => `  ${entry}`)];
  return [
    ...[columns, ...rows].map(line),
    ...listed(
      'Not enforced',
      covered.flatMap((of) => of.notEnforced.map(exemption)),
    ),
    ...listed(
      'Enforced in part; not:',
      covered.flatMap((of) => of.partlyEnforced.map(exemption)),
    ),
    ...listed(
      'Uncovered',
      covered.flatMap((of) => of.uncovered.map((id) => `${id} ${wording[id]}`)),
    ),
  ].join('\n');
}

if (path.basename(process.argv[1] ?? '') === 'rule-coverage.ts') {
  process.stdout.write(`${report(ruleCoverage(process.cwd()))}\n`);
}
