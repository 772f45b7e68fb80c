import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { acceptAll, isObject, jsonBody, usualRefusal, verdictsByCount, type AnyDestination } from '../../core/index.ts';
import { checkDestination, type CheckResult } from '../../core/testing/index.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import kites from '../support/contract/kites/index.ts';
import { response } from '../support/contract/kites/response.ts';

type ReadReply = NonNullable<typeof response.readReply>;

let folder = '';
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'spillway-')), 'kites');
  cpSync(path.resolve('test/support/contract/kites'), folder, { recursive: true });
  for (const kind of ['cases', 'replies']) {
    rmSync(path.join(folder, 'contract', kind), { recursive: true });
    mkdirSync(path.join(folder, 'contract', kind));
  }
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

const write = (file: string, json: object): void =>
  writeFileSync(path.join(folder, 'contract', file), JSON.stringify(json));

/** One recorded success for one sale. */
function record(body: unknown): void {
  write('replies/success.json', { status: 200, body, source: 'docs', recordedOn: '2026-11-22' });
  write('cases/sale.json', {
    title: 'a sale is a success by itself',
    config: { account: 'acc-1', apiKey: 'key-1-example' },
    events: [{ base: 'order-completed-web' }],
    replies: ['success'],
    outcomes: [{ kind: 'delivered' }],
  });
}

async function results(readReply: ReadReply, only = /^(?:success|batches)/): Promise<readonly CheckResult[]> {
  const definition = { ...kites, response: { ...response, readReply } } as AnyDestination;
  const all: CheckResult[] = [];
  for await (const result of checkDestination(folder, { definition, only })) all.push(result);
  return all;
}

const poison = 'batches: a poison event';
const says = 'success: an answer without the member that says success';
const counts = 'success: with a verdict missing';
const resultOf = (all: readonly CheckResult[], title: string) => all.find((one) => one.title.startsWith(title));

const messageOf: (...exchange: Parameters<ReadReply>) => string | undefined = ({ response: { status, body } }) => {
  const answer = status === 200 ? jsonBody(body) : undefined;
  const data = isObject(answer) && usualRefusal(answer) === undefined ? answer['data'] : undefined;
  return isObject(data) && typeof data['message'] === 'string' ? data['message'] : undefined;
};

/** Accepts all if the text counts the events. */
const readsText =
  (pattern: RegExp): ReadReply =>
  (exchange, batch) => {
    const count = pattern.exec(messageOf(exchange, batch) ?? '')?.[1];
    return count === undefined ? undefined : verdictsByCount(batch, { accepted: Number(count) });
  };

describe('a success whose text counts the events, recorded for one', () => {
  beforeEach(() => record({ data: { message: 'Successfully processed 1 conversion events.' } }));

  test('is one for many with another number, and is off by one with a lower one', async () => {
    const all = await results(readsText(/^Successfully processed (\d+) conversion events\.$/));
    expect(all.filter(({ ok }) => !ok)).toEqual([]);
    expect([poison, says, counts].map((title) => resultOf(all, title)?.ran)).toEqual([true, true, true]);
  });

  test('must count: a folder that does not read the number is caught', async () => {
    const all = await results((exchange, batch) =>
      messageOf(exchange, batch)?.startsWith('Successfully processed') === true ? acceptAll(batch) : undefined,
    );
    expect(resultOf(all, counts)).toMatchObject({ ok: false, why: expect.stringMatching(/processed 0 conversion/) });
  });

  test('must say so: a folder that reads nothing but the number is caught', async () => {
    const all = await results(readsText(/(\d+) conversion events/));
    expect(resultOf(all, says)).toMatchObject({
      ok: false,
      why: 'sale: 200 {"data":{"message":"Not Successfully processed 1 conversion events."}} is a success, whatever data.message says',
    });
  });

  test('must be there: a folder that also accepts an answer without it is caught', async () => {
    const all = await results((exchange, batch) =>
      isObject(jsonBody(exchange.response.body)) && exchange.response.status === 200 ? acceptAll(batch) : undefined,
    );
    expect(resultOf(all, says)).toMatchObject({ ok: false, why: expect.stringContaining('is a success without data') });
  });
});

test('a vendor that takes several events, but whose success for several is not recorded, lacks it', async () => {
  record({ data: { message: 'One sale is in.' } });
  const all = await results((exchange, batch) =>
    messageOf(exchange, batch) === 'One sale is in.' && batch.items.length === 1 ? acceptAll(batch) : undefined,
  );
  for (const title of [poison, counts])
    expect(resultOf(all, title)).toMatchObject({
      ok: true,
      ran: false,
      lacks: true,
      why: expect.stringMatching(/^it needs a recorded success/),
    });
});

test('F-41 spillway verify says in its last line how many checks lack an answer, and what to write where', async () => {
  record({ message: 'One sale is in.' });
  const root = mkdtempSync(path.resolve('test/support/contract/lacks-'));
  try {
    const copy = path.join(root, 'kites');
    cpSync(folder, copy, { recursive: true });
    for (const name of ['check', 'config', 'index', 'manifest', 'mapping', 'request', 'response', 'transform']) {
      const file = path.join(copy, `${name}.ts`);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('../../core/api', '../../../core/api'));
    }
    const file = path.join(copy, 'response.ts');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace(
        'if (status === 200) {',
        'if (status === 200) {\n    if (body.includes("One sale") && batch.items.length === 1) return [accept()];',
      ),
    );
    const { stdout } = await spillway(['verify', copy, '--only', '^(success: with|batches: a poison)']);
    expect(stdout).toMatch(
      /1 of 1 checks passed, 2 not run; 2 of them need something that is not recorded: a recorded success that [^;\n]*; a recorded success for several events [^;\n]*\{\{n\}\} or perItem\n$/,
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});

describe('F-40 a member that says what failed, over a recorded success', () => {
  const failed = 'success: F-40 a member that says what failed';

  /** Takes the list `errors` out of an answer before it looks for the usual refusals, as a reader of verdicts does. */
  const takesOut =
    (isReadable: (errors: unknown) => boolean): ReadReply =>
    ({ response: { status, body } }, batch) => {
      const answer = status === 200 ? jsonBody(body) : undefined;
      if (!isObject(answer)) return undefined;
      const { errors = [], ...rest } = answer;
      if (!isReadable(errors) || usualRefusal(rest) !== undefined || rest['message'] !== 'Done') return undefined;
      return Array.isArray(errors) && errors.length > 0 ? undefined : acceptAll(batch);
    };

  test.each([
    ['a text', (errors: unknown) => typeof errors !== 'string', 'delivered'],
    ['a list', (errors: unknown) => Array.isArray(errors), undefined],
  ])('is no success, whatever its type: a folder that reads no more than %s', async (_, isReadable, caught) => {
    record({ message: 'Done' });
    expect(resultOf(await results(takesOut(isReadable)), failed)).toMatchObject(
      caught === undefined
        ? { ok: true, ran: true }
        : {
            ok: false,
            why: 'sale: event 0 is delivered by 200 {"message":"Done","errors":{"message":"quota exceeded"}}',
          },
    );
  });

  test('is tried under the names of the recorded answers, too', async () => {
    record({ message: 'Done', stats: { rejected: 0 } });
    const reads: ReadReply = ({ response: { status, body } }, batch) => {
      const answer = status === 200 ? jsonBody(body) : undefined;
      if (!isObject(answer) || usualRefusal(answer) !== undefined || answer['message'] !== 'Done') return undefined;
      const { stats } = answer;
      const rejected = isObject(stats) ? stats['rejected'] : undefined;
      return typeof rejected === 'number' && rejected > 0 ? undefined : acceptAll(batch);
    };
    expect(resultOf(await results(reads), failed)).toMatchObject({
      ok: false,
      why: 'sale: event 0 is delivered by 200 {"message":"Done","stats":{"rejected":"quota exceeded"}}',
    });
  });
});
