// Tests core/testing/checks/awkward-checks.ts, core/testing/kit/events-awkward.ts and core/testing/kit/awkward-format.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { run } from '../../core/hosts/cli/program.ts';
import {
  awkwardEvents,
  awkwardFormat,
  awkwardName,
  awkwardTable,
  eventOf,
  loadContractFolder,
  type AwkwardExceptions,
  type ContractFolder,
} from '../../core/testing/index.ts';
import type { CdpEvent, TransformContext } from '../../core/index.ts';
import { columnOf, folders, problemsOf, tableOf, untried, type AwkwardColumn } from '../proofs/awkward/table.ts';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';

jest.setTimeout(120_000);

const inside = mkdtempSync(path.resolve('scaffold-'));
afterAll(() => rmSync(inside, { recursive: true }));

describe('awkward events', () => {
  const columns: AwkwardColumn[] = [];
  const lighthouse = path.resolve('docs/examples/lighthouse');

  test.each([...folders, lighthouse])('F-50 to F-67 come to the same as plain ones at %s', async (folder) => {
    const column = await columnOf(folder);
    columns.push(column);
    expect(problemsOf([column])).toEqual([]);
  });

  test('F-50 to F-67 come to the same as plain ones in the folder that spillway new writes', async () => {
    const { terminal } = fakeTerminal();
    const flags = ['--name', 'Fresh', '--host', 'in.fresh.example', '--auth', 'bearer', '--body', 'array'];
    expect(await run(['new', 'fresh', ...flags, '--dir', inside], terminal)).toBe(0);
    const column = await columnOf(path.join(inside, 'fresh'));
    columns.push(column);
    expect(problemsOf([column])).toEqual([]);
  });

  test('are each tried by some destination, and print as rows x folders', () => {
    expect(untried(columns)).toEqual([]);
    expect(untried(columns.map((column) => ({ ...column, cells: [] })))).toContain('F-50');
    const table = tableOf(columns);
    for (const row of awkwardEvents) expect(table).toContain(awkwardName(row));
    expect(table).toContain('rejected (invalid_value) *');
  });

  test('have names of their own, and a row for each finding of values', () => {
    const names = awkwardEvents.map(awkwardName);
    expect(new Set(names).size).toBe(names.length);
    const findings = Array.from({ length: 18 }, (_, index) => `F-${50 + index}`);
    expect([...new Set(awkwardEvents.map(({ id }) => id))]).toEqual(findings);
  });

  test('are odd: none is the canonical event, nor its plain spelling', () => {
    for (const { bases, changes, asIf } of awkwardEvents) {
      for (const base of bases) {
        expect(eventOf(base, changes)).not.toEqual(eventOf(base));
        if (!('kind' in asIf)) expect(eventOf(base, changes)).not.toEqual(eventOf(base, asIf));
      }
    }
  });
});

describe('the check of awkward events', () => {
  let folder: ContractFolder;
  beforeAll(async () => {
    folder = await loadContractFolder(path.resolve('docs/examples/lighthouse'));
  });

  /** What is wrong with Lighthouse when its payload is changed after the event. */
  const problemsWith = async (
    change: (payload: object, event: CdpEvent) => object,
    exceptions: AwkwardExceptions = {},
  ): Promise<readonly string[]> => {
    const { definition } = folder;
    const broken = {
      ...definition,
      transform(event: CdpEvent, config: unknown, context: TransformContext) {
        const output = definition.transform(event, config, context);
        if (output.kind !== 'payload') return output;
        return { ...output, payload: change(output.payload as object, event) };
      },
    } as typeof definition;
    const { cells, unneeded } = await awkwardTable({ ...folder, definition: broken }, exceptions);
    return [
      ...cells.flatMap(({ row, problems }) => problems.map((problem) => `${awkwardName(row)}: ${problem}`)),
      ...unneeded,
    ];
  };
  const withRawOrderId = (payload: object, { properties }: { properties?: unknown }) => ({
    ...payload,
    order_ref: (properties as { order_id?: unknown } | undefined)?.order_id,
  });

  test('finds nothing where the folder is as it was', async () => {
    expect(await problemsWith((payload) => payload)).toEqual([]);
  });

  test('names the row, the event and the field where an odd value leaves', async () => {
    const problems = await problemsWith(withRawOrderId as never);
    expect(problems).toContain('F-52 the order id "null": order-completed-web order_ref is "null" in place of absent');
    expect(problems.filter((problem) => problem.startsWith('F-51 an order id that is false'))).not.toEqual([]);
    expect(problems.filter((problem) => !/order id/.test(problem))).toEqual([]);
  });

  test('takes exceptions by a name or a finding, and refuses those that nothing needs or that say something else', async () => {
    const because = 'Made up for this test.';
    const sent = { kind: 'sent', because } as const;
    const all = { 'F-50': sent, 'F-51': sent, 'F-52': sent, 'F-67': sent };
    expect(await problemsWith(withRawOrderId as never, all)).not.toContainEqual(expect.stringMatching(/^F-5[12]/));
    expect(await problemsWith((payload) => payload, { 'F-52': sent })).toEqual(['F-52']);
    const refused = { 'F-52': { kind: 'rejected', because } as const };
    expect(await problemsWith(withRawOrderId as never, refused)).toContain(
      'F-52 the order id "null": order-completed-web is sent in place of rejected, which contract/awkward.json says',
    );
  });

  test('wants a reason for an exception', () => {
    expect(awkwardFormat.safeParse({ 'F-52': { kind: 'sent' } }).success).toBe(false);
    expect(awkwardFormat.safeParse({ 'F-52': { kind: 'sent', because: 'So it is.', code: 'nonsense' } }).success).toBe(
      false,
    );
  });
});
