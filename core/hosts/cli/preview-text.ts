import type { createColors } from 'picocolors';
import type { MappingTrace, Preview, PreviewedMapping, Reason, RowTrace } from '../../index.ts';
import { failedLines } from './failed-parts.ts';
import { printable } from './printable.ts';

/** The preview of one line of the input; `stage` is `line` where it is not JSON. */
export type PreviewedLine = { readonly line: number; readonly messageId: string } & (
  Preview | { readonly kind: 'rejected'; readonly stage: 'line'; readonly reason: Reason }
);

/** A preview for people. */
export function previewText(shown: PreviewedLine, colours: ReturnType<typeof createColors>): string {
  const id = shown.messageId === '' ? '' : ` ${shown.messageId}`;
  const title = colours.bold(oneLineOf(`line ${shown.line}${id}`));
  if (shown.kind !== 'request') {
    const { code, message, field } = shown.reason;
    const verdict = colours.yellow(`${shown.kind} at ${shown.stage}`);
    const reason = `${code}: ${printable(message)}${field === undefined ? '' : ` (${printable(field)})`}`;
    const failed = 'failed' in shown ? failedLines(shown.failed ?? []) : [];
    const mapping = 'mapping' in shown ? shown.mapping : undefined;
    const sections = mapping === undefined ? [] : [...rowSections(mapping), ...doneSections(mapping)];
    return [
      `${title}  ${verdict}: ${reason}`,
      ...failed.map((line) => `  ${line}`),
      ...sectionLines(sections, colours),
      '',
    ].join('\n');
  }
  const { request, fields, notes, group, lanes, scopes, mapping, unread } = shown;
  const routing = Object.entries({ group, lanes: lanes?.join(', '), scopes: scopes?.join(', ') }).filter(
    ([, value]) => value !== undefined,
  );
  const sections: readonly Section[] = [
    ['headers', Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`)],
    [
      request.compress === undefined ? 'body' : `body, sent as ${request.compress}`,
      bodyLines(request.body, request.headers),
    ],
    ['travels by', routing.map(([name, value]) => `${name}: ${value}`)],
    [
      'fields',
      inColumns(
        fields.map(({ field, source, mappedFrom }) => [
          field,
          `from ${source}${mappedFrom === undefined ? '' : `, mapped from ${mappedFrom.join(', ') || 'a constant'}`}`,
        ]),
      ),
    ],
    ...(mapping === undefined ? [] : [...doneSections(mapping), ...vainSections(mapping)]),
    [
      'notes',
      notes.map(({ code, field, payloadField, message }) => `${code} ${placeOf(field, payloadField)}: ${message}`),
    ],
    ['read by nobody', unread],
  ];
  return [
    `${title}  ${colours.green('would be sent')}`,
    `  ${request.method} ${oneLineOf(request.url)}`,
    ...sectionLines(sections, colours),
    '',
  ].join('\n');
}

type Section = readonly [title: string, lines: readonly string[]];

const sectionLines = (sections: readonly Section[], colours: ReturnType<typeof createColors>): readonly string[] =>
  sections
    .filter(([, lines]) => lines.length > 0)
    .flatMap(([name, lines]) => [`  ${colours.dim(name)}`, ...lines.map((line) => `    ${oneLineOf(line)}`)]);

/** The rows that were written. Of an event that would be sent, its fields say them. */
const rowSections = ({ mapped, unfit }: MappingTrace): readonly Section[] => [
  ['written by the mapping', inColumns(mapped.map(rowColumns))],
  ['rows of the mapping that did not fit', inColumns(unfit.map(({ target, reason }) => [target, reason]))],
];

const doneSections = ({ removed, nothing }: MappingTrace): readonly Section[] => [
  ['removed by the mapping', removed],
  ['rows of the mapping that yielded nothing', inColumns(nothing.map(rowColumns))],
];

const vainSections = ({ absent, unread }: PreviewedMapping): readonly Section[] => [
  ['to be removed, but not there', absent],
  ['written by the mapping, but read by nobody', unread],
];

const rowColumns = ({ target, from }: RowTrace): readonly [string, string] => [
  target,
  `from ${from.join(', ') || 'a constant'}`,
];

/** Where a note's value stands in the event, and where it would stand in the payload. */
const placeOf = (field: string, payloadField: string | undefined): string =>
  payloadField === undefined || payloadField === field ? field : `${field} -> ${payloadField}`;

/** JSON indented, a form a line per parameter, anything else as it is. */
function bodyLines(body: string, headers: Readonly<Record<string, string>>): readonly string[] {
  if (body === '') return [];
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  if (type.includes('x-www-form-urlencoded')) {
    return inColumns([...new URLSearchParams(body)].map(([name, value]) => [name, `= ${value}`]));
  }
  try {
    return JSON.stringify(JSON.parse(body), null, 2).split('\n');
  } catch {
    return body.split('\n');
  }
}

function inColumns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.min(60, Math.max(0, ...rows.map(([name]) => name.length)));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

const oneLineOf = (text: string): string => printable(text).replaceAll('\n', '\\n');
