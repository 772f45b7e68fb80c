import { readdirSync } from 'node:fs';
import path from 'node:path';
import Table from 'cli-table3';
import {
  awkwardEvents,
  awkwardName,
  awkwardTable,
  loadContractFolder,
  type AwkwardCell,
} from '../../../core/testing/index.ts';
import { destinationsFolder, repository } from '../repository.ts';

/** What one folder makes of all rows. */
export interface AwkwardColumn {
  readonly name: string;
  readonly cells: readonly AwkwardCell[];
  /** Exceptions of its awkward.json that nothing needs. */
  readonly unneeded: readonly string[];
}

const foldersIn = (directory: string): readonly string[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(directory, name))
    .sort();

/** The destinations of the package, then those that stand for a project's own. */
export const folders: readonly string[] = [
  ...foldersIn(destinationsFolder),
  ...foldersIn(path.join(repository, 'test/destinations-elsewhere')),
];

/** Tries all rows with one folder. */
export async function columnOf(folder: string): Promise<AwkwardColumn> {
  return { name: path.basename(folder), ...(await awkwardTable(await loadContractFolder(folder))) };
}

/** Rows x folders. An exception is marked with *, what is wrong with !. */
export function tableOf(columns: readonly AwkwardColumn[]): string {
  const table = new Table({
    head: ['', ...columns.map(({ name }) => name)],
    style: { compact: true, head: [], border: [] },
  });
  for (const [index, row] of awkwardEvents.entries())
    table.push([awkwardName(row), ...columns.map(({ cells }) => textOf(cells[index]))]);
  return table.toString();
}

const textOf = (
  { text, problems, exception }: AwkwardCell = { row: awkwardEvents[0]!, text: '', problems: [] },
): string => `${text}${exception === undefined ? '' : ' *'}${problems.length === 0 ? '' : ' !'}`;

/** What is wrong, one line each. */
export const problemsOf = (columns: readonly AwkwardColumn[]): readonly string[] =>
  columns.flatMap(({ name, cells, unneeded }) => [
    ...cells.flatMap(({ row, problems }) => problems.map((problem) => `${name}, ${awkwardName(row)}: ${problem}`)),
    ...unneeded.map((exception) => `${name}: nothing needs the exception "${exception}"`),
  ]);

/** The findings that no folder sends an event for. */
export function untried(columns: readonly AwkwardColumn[]): readonly string[] {
  const ids = new Set(awkwardEvents.map(({ id }) => id));
  for (const { cells } of columns) for (const { row, text } of cells) if (text !== '–') ids.delete(row.id);
  return [...ids];
}

/** Why a folder differs where it does, once each. */
export const exceptionsOf = (columns: readonly AwkwardColumn[]): readonly string[] => [
  ...new Set(
    columns.flatMap(({ name, cells }) =>
      cells.flatMap(({ exception }) => (exception === undefined ? [] : [`* ${name}: ${exception}`])),
    ),
  ),
];
